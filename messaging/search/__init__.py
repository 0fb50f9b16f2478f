"""Full-text search over messages: the one place that knows which database can do what."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import QuerySet

from messaging.models import Message
from messaging.search import fts5, gin
from messaging.search.bounds import MARGIN, Bounds, first_since
from messaging.search.excerpts import excerpt, parts
from messaging.search.terms import Term, terms_of

__all__ = [
    "MARGIN",
    "Bounds",
    "Term",
    "compact",
    "ensure_index",
    "excerpt",
    "first_since",
    "newest",
    "parts",
    "prepare_connection",
    "terms_of",
]


def newest(rows: QuerySet[Message], query: str, bounds: Bounds, *, limit: int) -> QuerySet[Message]:
    """The newest `limit` messages among `rows` that hold all terms of the query.

    `rows` says what the reader may see and which of it is meant. `bounds` repeats of that what an
    index can use; what it says is the caller's promise and not looked at again.
    """
    terms = terms_of(query)
    if connection.vendor == "sqlite":
        return fts5.newest(rows, terms, bounds, limit)
    return gin.newest(rows, terms, bounds, limit)


def prepare_connection(*, connection: Any, **_: Any) -> None:
    """Runs for each new connection to the database."""
    if connection.vendor == "sqlite":
        fts5.prepare(connection.connection)


def ensure_index(**_: Any) -> None:
    """Make what is missing of the index. Runs after each migration."""
    (fts5 if connection.vendor == "sqlite" else gin).ensure_index()


def compact() -> int:
    """Leave no word of a removed text in the index; the count of steps that it took.

    PostgreSQL forgets them by itself, when it cleans the rows up.
    """
    return fts5.compact() if connection.vendor == "sqlite" else 0
