"""Full-text indexes of SQLite, which no migration can describe: kept as their statements say."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import connection


def ensure_fts5(table: str, statements: Mapping[str, str], fill: str) -> None:
    """Make what is missing of the index `table`, or was made otherwise before, and fill it anew.

    `statements` make the table and its triggers, by name, the table's first; `fill` inserts what
    the rows hold that are there already.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name, sql FROM sqlite_master WHERE name LIKE %s AND sql IS NOT NULL"
            " AND type IN ('table', 'trigger')",
            [f"{table}%"],
        )
        present = dict(cursor.fetchall())
        if all(present.get(name) == statement for name, statement in statements.items()):
            return
        for name in reversed([*statements]):
            kind = "TABLE" if name == table else "TRIGGER"
            cursor.execute(f"DROP {kind} IF EXISTS {name}")
        for statement in statements.values():
            cursor.execute(statement)
        cursor.execute(fill)
