"""Looking at the database as it is: other connections, raw rows, statement counts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper


def everything_in_the_database() -> str:
    """Every value of every row of every table, as one text."""
    with connection.cursor() as cursor:
        tables = connection.introspection.table_names(cursor, include_views=False)
        if connection.vendor == "sqlite":  # what the search index keeps counts too
            cursor.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            tables = [row[0] for row in cursor.fetchall()]
        found = []
        for table in sorted(tables):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608 - names of tables
            found += sorted(str(value) for row in cursor.fetchall() for value in row)
    return "\n".join(found)


@contextmanager
def another_connection() -> Iterator[CursorWrapper]:
    """A connection of somebody else to the same database: sees what is committed."""
    other: BaseDatabaseWrapper = connection.copy()
    if connection.vendor == "sqlite":
        other.settings_dict["OPTIONS"] |= {"timeout": 5, "transaction_mode": None}
    try:
        with other.cursor() as cursor:
            yield cursor
    finally:
        other.close()


def seen_by_others(statement: str) -> Any:
    """The first value that a query gives to another connection."""
    with another_connection() as other:
        other.execute(statement)
        return other.fetchone()[0]


def change(statement: str, *parameters: Any) -> None:
    """Raw SQL, as somebody with the file in their hands would use it."""
    with connection.cursor() as cursor:
        if connection.vendor != "sqlite":
            cursor.execute("SET CONSTRAINTS ALL DEFERRED")
            cursor.execute(statement, parameters)
            return
        cursor.execute("PRAGMA defer_foreign_keys = ON")
        cursor.execute("PRAGMA ignore_check_constraints = ON")
        cursor.execute(statement, parameters)
        cursor.execute("PRAGMA ignore_check_constraints = OFF")
