"""A PostgreSQL to test against, where one answers.

`TEAMMCP_TEST_POSTGRES=postgres://user:password@host:5432/postgres` names the server and a user who
may create databases; without it the local one is tried. Every use gets a database of its own.
"""

from __future__ import annotations

import functools
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest

LOCAL = "postgres://postgres@127.0.0.1:5432/postgres"


@functools.cache
def server() -> str:
    """The URL of the server's maintenance database. Skips the test where nothing answers."""
    url = os.environ.get("TEAMMCP_TEST_POSTGRES", "").strip() or LOCAL
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError as error:
        reason = str(error).splitlines()[0]
        pytest.skip(f"no PostgreSQL to test on ({reason}); TEAMMCP_TEST_POSTGRES names one")
    return url


@contextmanager
def fresh_database() -> Iterator[str]:
    """The URL of an empty database, dropped at the end whoever still uses it."""
    name = f"teammcp_test_{secrets.token_hex(4)}"
    with psycopg.connect(server(), autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
        try:
            yield urlunsplit(urlsplit(server())._replace(path=f"/{name}"))
        finally:
            admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
