"""Full-text search over messages: the one place that knows which database can do what.

SQLite: an external-content FTS5 table, kept by triggers. They are made after each migration rather
than in one, because SQLite rebuilds tables on ALTER and drops their triggers in silence. Other
databases: plain matching of each word, until they get an index of their own.
"""

# ruff: noqa: S608 - SQL out of the names above and bound parameters only

from __future__ import annotations

import re
from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from messaging.models import Message
from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_text

TABLE = "messaging_message_fts"
_TERM = re.compile(r'"([^"]*)"(\*?)|(\S+)')
_STATEMENTS = {
    f"{TABLE}": (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(body, content='messaging_message',"
        " content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    ),
    f"{TABLE}_insert": (
        f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON messaging_message BEGIN"
        f" INSERT INTO {TABLE}(rowid, body) VALUES (new.id, new.body); END"
    ),
    f"{TABLE}_delete": (
        f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON messaging_message BEGIN"
        f" INSERT INTO {TABLE}({TABLE}, rowid, body) VALUES ('delete', old.id, old.body); END"
    ),
    f"{TABLE}_update": (
        f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF body ON messaging_message BEGIN"
        f" INSERT INTO {TABLE}({TABLE}, rowid, body) VALUES ('delete', old.id, old.body);"
        f" INSERT INTO {TABLE}(rowid, body) VALUES (new.id, new.body); END"
    ),
}


def terms_of(query: str) -> list[tuple[str, bool]]:
    """Words and "phrases" of a query, each with whether it is a prefix (word*).

    Raises InvalidInput for a broken query, showing the spot.
    """
    query = clean_text("query", query)
    if query.count('"') % 2:
        spot = query.rindex('"')
        raise InvalidInput(
            f"The quotation mark at position {spot} is never closed: {query[spot : spot + 20]!r}.",
            fields={"query": "unclosed quotation mark"},
            next="Close the phrase, or leave the quotation mark out.",
        )
    terms = []
    for phrase, phrase_star, word in _TERM.findall(query):
        text = phrase or word.rstrip("*")
        if any(character.isalnum() for character in text):
            terms.append((text, bool(phrase_star) or word.endswith("*")))
    if not terms:
        raise InvalidInput(
            "The query has no word to look for.",
            fields={"query": "no words"},
            next='Pass words, a "phrase", or the beginning of a word with *.',
        )
    return terms


def matching(rows: QuerySet[Message], query: str) -> QuerySet[Message]:
    """The messages among `rows` that contain all terms."""
    terms = terms_of(query)
    if connection.vendor == "sqlite":
        hits = RawSQL(f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s", [_fts5(terms)])  # noqa: S611
        return rows.filter(pk__in=hits)
    for text, _ in terms:
        rows = rows.filter(Q(body__icontains=text))
    return rows


def _fts5(terms: list[tuple[str, bool]]) -> str:
    """A MATCH expression in which nothing of the terms is syntax."""
    quoted = [
        '"' + text.replace('"', '""') + '"' + ("*" if prefix else "") for text, prefix in terms
    ]
    return " ".join(quoted)


def excerpt(body: str, query: str, *, around: int = 90) -> str:
    """The part of a body that shows the first hit."""
    low = body.lower()
    places = [low.find(text.lower()) for text, _ in terms_of(query)]
    found = min((place for place in places if place >= 0), default=0)
    start = max(0, found - around)
    end = min(len(body), found + around)
    return ("…" if start else "") + body[start:end].strip() + ("…" if end < len(body) else "")


def ensure_index(**_: Any) -> None:
    """Make what is missing of the index, and fill it anew then. Runs after each migration."""
    if connection.vendor != "sqlite":
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM sqlite_master WHERE name LIKE %s AND type IN ('table', 'trigger')",
            [f"{TABLE}%"],
        )
        present = {row[0] for row in cursor.fetchall()}
        missing = [name for name in _STATEMENTS if name not in present]
        for name in missing:
            cursor.execute(_STATEMENTS[name])
        if missing:
            cursor.execute(f"INSERT INTO {TABLE}({TABLE}) VALUES ('rebuild')")
