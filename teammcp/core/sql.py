"""Lean statements for the few hottest paths.

A statement through Django's cursor costs several times what SQLite needs to run it (wrappers,
placeholder conversion, a new cursor each). `run` goes to the driver directly on SQLite, inside the
connection and transaction that Django manages, and through Django's cursor everywhere else, also
while queries are being counted or logged.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db import connection

Row = tuple[Any, ...]


def run(sql: str, parameters: Sequence[Any] = ()) -> Any:
    """Execute one statement (with %s placeholders) and return its cursor."""
    if connection.vendor != "sqlite" or connection.queries_logged:
        cursor = connection.cursor()
        cursor.execute(sql, parameters)
        return cursor
    connection.ensure_connection()
    with connection.wrap_database_errors:
        return connection.connection.execute(_native(sql), parameters)


def run_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Execute one statement for each row."""
    if connection.vendor != "sqlite" or connection.queries_logged:
        with connection.cursor() as cursor:
            cursor.executemany(sql, list(rows))
        return
    connection.ensure_connection()
    with connection.wrap_database_errors:
        connection.connection.executemany(_native(sql), rows)


def one(sql: str, parameters: Sequence[Any] = ()) -> Row | None:
    """The first row of a query."""
    row: Row | None = run(sql, parameters).fetchone()
    return row


def rows(sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query."""
    found: list[Row] = run(sql, parameters).fetchall()
    return found


def time(at: datetime) -> Any:
    """A time as the database stores it."""
    if connection.vendor == "sqlite":  # what adapt_datetimefield_value gives, without its checks
        return at.strftime("%Y-%m-%d %H:%M:%S.%f") if at.microsecond else str(at)[:19]
    return connection.ops.adapt_datetimefield_value(at)


@functools.cache
def _native(sql: str) -> str:
    return sql.replace("%s", "?")
