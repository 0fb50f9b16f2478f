"""The index on SQLite: an FTS5 table that triggers keep.

It holds no copy of the texts, only what is found in them (`search_words`, a function that each
connection gets from here), and as words of a second column where a message stands and who wrote it,
so that a common word is found as fast in a small channel as everywhere. Table and triggers are made
after each migration rather than in one, because SQLite rebuilds tables on ALTER and drops their
triggers in silence.
"""

# ruff: noqa: S608, S611 - SQL out of the names below and bound parameters only

from __future__ import annotations

import functools
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL

from messaging.models import Message
from messaging.search.bounds import Bounds
from messaging.search.terms import Term
from messaging.search.words import spaced
from teammcp.core.fulltext import ensure_fts5
from teammcp.core.lane import run_write

TABLE = "messaging_message_fts"
LAST_ROW = 2**63 - 1


def _row(side: str) -> str:
    scope = f"'c' || {side}.channel_id || ' a' || {side}.author_id"
    return f"{side}.id, search_words({side}.body), {scope}"


_ADD = f"INSERT INTO {TABLE}(rowid, body, scope) VALUES ({_row('new')});"
_REMOVE = f"INSERT INTO {TABLE}({TABLE}, rowid, body, scope) VALUES ('delete', {_row('old')});"
STATEMENTS = {
    TABLE: (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(body, scope, content='',"
        " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
    ),
    f"{TABLE}_insert": (
        f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON messaging_message BEGIN {_ADD} END"
    ),
    f"{TABLE}_delete": (
        f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON messaging_message BEGIN {_REMOVE} END"
    ),
    f"{TABLE}_update": (
        f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF body ON messaging_message"
        f" BEGIN {_REMOVE} {_ADD} END"
    ),
}


def prepare(driver: Any) -> None:
    """Give a new connection the function that the triggers call."""
    driver.create_function("search_words", 1, spaced, deterministic=True)


def newest(
    rows: QuerySet[Message], terms: list[Term], bounds: Bounds, limit: int
) -> QuerySet[Message]:
    """The index is walked from its newest entry, and only until there are enough hits among
    `rows`: a word that everybody uses costs no more than a rare one."""
    allowed, parameters = (
        rows.order_by().filter(pk=RawSQL("hit.rowid", [])).values("pk").query.sql_with_params()
    )
    hits = RawSQL(
        f"SELECT hit.rowid FROM {TABLE} hit WHERE hit.{TABLE} MATCH %s"
        f" AND hit.rowid >= %s AND hit.rowid < %s"
        f" AND EXISTS ({allowed}) ORDER BY hit.rowid DESC LIMIT %s",
        [
            match(terms, bounds),
            bounds.first or 0,
            LAST_ROW if bounds.before is None else bounds.before,
            *parameters,
            limit,
        ],
    )
    return Message.objects.filter(pk__in=hits).order_by("-pk")


def match(terms: list[Term], bounds: Bounds) -> str:
    """A MATCH expression in which nothing of the terms is syntax."""
    wanted = [_phrase(term) for term in terms if not term.excluded]
    wanted += [f"scope : {word}" for word in scope_words(bounds)]
    unwanted = [_phrase(term) for term in terms if term.excluded]
    return " NOT ".join([f"({' AND '.join(wanted)})", *unwanted])


def scope_words(bounds: Bounds) -> list[str]:
    channel = [f"c{bounds.channel}"] if bounds.channel else []
    return channel + ([f"a{bounds.author}"] if bounds.author else [])


def _phrase(term: Term) -> str:
    return 'body : "' + " ".join(term.words) + '"' + ("*" if term.beginning else "")


def ensure_index() -> None:
    """Make what is missing of the index or was made otherwise before, and fill it anew then."""
    rows = f"SELECT {_row('m')} FROM messaging_message m"
    ensure_fts5(TABLE, STATEMENTS, f"INSERT INTO {TABLE}(rowid, body, scope) {rows}")


def compact() -> int:
    """Rewrite the index until no word of a removed text is left in it. Gives the count of steps.

    SQLite only marks words as removed and drops them when it merges parts of the index. Each step
    is a short write of its own, so that others get their turn.
    """
    steps = 0
    while run_write(functools.partial(_merge, first=not steps)):
        steps += 1
    return steps


def _merge(*, first: bool, pages: int = 500) -> bool:
    """One step of some tens of milliseconds; a negative size begins with all parts of the index.
    False once nothing was left to do."""
    with connection.cursor() as cursor:
        before = connection.connection.total_changes
        size = -pages if first else pages
        cursor.execute(f"INSERT INTO {TABLE}({TABLE}, rank) VALUES ('merge', %s)", [size])
        return bool(connection.connection.total_changes - before > 1)
