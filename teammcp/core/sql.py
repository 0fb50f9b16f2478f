"""Lean statements for the few hottest paths.

A statement through Django's cursor costs several times what SQLite needs to run it (wrappers,
placeholder conversion, a new cursor each). `run` goes to the driver directly on SQLite, inside the
connection and transaction that Django manages, and through Django's cursor everywhere else, also
while queries are being counted or logged.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
_LOGGED = settings.DEBUG  # then Django keeps all statements, for who debugs


def run(sql: str, parameters: Sequence[Any] = ()) -> Any:
    """Execute one statement (with %s placeholders) and return its cursor."""
    database = connections[DEFAULT_DB_ALIAS]
    driver = _driver(database)
    if driver is None:
        cursor = database.cursor()
        cursor.execute(sql, parameters)
        return cursor
    try:
        return driver.execute(_native(sql), parameters)
    except sqlite3.Error:
        with database.wrap_database_errors:  # as Django names it
            raise


def run_many(sql: str, rows: Iterable[Sequence[Any]]) -> None:
    """Execute one statement for each row."""
    database = connections[DEFAULT_DB_ALIAS]
    driver = _driver(database)
    if driver is None:
        with database.cursor() as cursor:
            cursor.executemany(sql, list(rows))
        return
    try:
        driver.executemany(_native(sql), rows)
    except sqlite3.Error:
        with database.wrap_database_errors:
            raise


def _driver(database: BaseDatabaseWrapper) -> sqlite3.Connection | None:
    """The driver's own connection, or None where statements go through Django's cursor."""
    if database.vendor != "sqlite" or database.force_debug_cursor or _LOGGED:
        return None
    if database.connection is None:
        database.ensure_connection()
    driver: sqlite3.Connection = database.connection
    return driver


def one(sql: str, parameters: Sequence[Any] = ()) -> Row | None:
    """The first row of a query."""
    row: Row | None = run(sql, parameters).fetchone()
    return row


def rows(sql: str, parameters: Sequence[Any] = ()) -> list[Row]:
    """All rows of a query."""
    found: list[Row] = run(sql, parameters).fetchall()
    return found


def time(at: datetime) -> Any:
    """A time, in UTC, as the database stores it."""
    if vendor() == "sqlite":  # what adapt_datetimefield_value gives, without its checks
        return at.isoformat(" ").removesuffix("+00:00")
    return connections[DEFAULT_DB_ALIAS].ops.adapt_datetimefield_value(at)


@functools.cache
def vendor() -> str:
    """Which database this is: "sqlite" or "postgresql"."""
    return connections[DEFAULT_DB_ALIAS].vendor


@functools.lru_cache(maxsize=500)  # some statements have as many marks as they have values
def _native(sql: str) -> str:
    return sql.replace("%s", "?")
