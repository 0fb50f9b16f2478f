"""Looking at the database as it is: other connections, raw rows, statement counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from django.db import connection


def everything_in_the_database() -> str:
    """Every value of every row of every table, as one text."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in tables:
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of tables
            found += [str(value) for row in cursor.fetchall() for value in row]
    return "\n".join(found)


@contextmanager
def another_connection() -> Iterator[sqlite3.Connection]:
    """A connection of somebody else to the same database file: sees what is committed."""
    path = connection.settings_dict["NAME"]
    with closing(sqlite3.connect(path, timeout=5, isolation_level=None)) as other:
        yield other


def seen_by_others(statement: str) -> Any:
    """The first value that a query gives to another connection."""
    with another_connection() as other:
        return other.execute(statement).fetchone()[0]


def change(statement: str, *parameters: Any) -> None:
    """Raw SQL, as somebody with the file in their hands would use it."""
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(statement, parameters)
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
