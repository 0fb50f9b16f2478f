"""Lean statements for the few hottest paths.

A statement through Django's cursor costs several times what SQLite needs to run it (wrappers,
placeholder conversion, a new cursor each). `run` goes to the driver directly on SQLite, inside the
connection and transaction that Django manages, and through Django's cursor everywhere else, also
while queries are being counted or logged.
"""

from __future__ import annotations

import functools
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

Row = tuple[Any, ...]
WRITERS = 7_034_001  # an arbitrary, fixed number for PostgreSQL's advisory lock
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


@contextmanager
def snapshot() -> Iterator[None]:
    """Reads within see the database as it is at the first of them, whoever writes meanwhile."""
    database = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block:
        yield
    elif database.vendor == "sqlite":
        run("BEGIN DEFERRED")  # Django's own transactions would hold up writers
        try:
            yield
        finally:
            run("ROLLBACK")
    else:
        with transaction.atomic():
            run("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            yield


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


def lock(number: int) -> None:
    """Until the end of the transaction, nobody else passes here with this number. SQLite's writing
    transactions are exclusive already."""
    if vendor() == "postgresql":
        run("SELECT pg_advisory_xact_lock(%s)", [number])


def serialise() -> None:
    """Let no other process write before this transaction ends.

    Called first in every transaction that writes, so that the ledger's order is the order of
    commits, a client key that two processes use at once is run once, and no two writers can wait
    for each other's rows. SQLite's transactions are exclusive already.
    """
    if vendor() == "postgresql":
        run("SELECT pg_advisory_xact_lock(%s)", [WRITERS])


@functools.cache
def vendor() -> str:
    """Which database this is: "sqlite" or "postgresql"."""
    return connections[DEFAULT_DB_ALIAS].vendor


def fold_log() -> bool:
    """Fold SQLite's log into the database and empty it, so that it holds no older pages. False
    where readers were in the way. Outside transactions only."""
    if vendor() != "sqlite":
        return True
    row = one("PRAGMA wal_checkpoint(TRUNCATE)")
    return row is None or row[0] == 0


@functools.lru_cache(maxsize=500)  # some statements have as many marks as they have values
def _native(sql: str) -> str:
    return sql.replace("%s", "?")
