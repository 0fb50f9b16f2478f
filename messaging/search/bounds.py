"""What narrows a search besides its words, as the indexes can use it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from teammcp.core import sql

MARGIN = timedelta(minutes=10)  # by which the clocks of several servers may differ


@dataclass(frozen=True, slots=True)
class Bounds:
    """Ids of the channel and the author; ids of messages from `first` to below `before`."""

    channel: int | None = None
    author: int | None = None
    first: int | None = None
    before: int | None = None


def first_since(at: datetime) -> int:
    """An id below which every message is older than `at`.

    Ids follow time but for the difference of clocks, so the place is found by halving: one
    statement with some twenty look-ups, and no index that every message would pay for.
    """
    middle = "(low + high) / 2"
    said = f"(SELECT created_at FROM messaging_message WHERE id >= {middle} ORDER BY id LIMIT 1)"  # noqa: S608
    row = sql.one(
        "WITH RECURSIVE span(low, high) AS ("  # noqa: S608 - nothing of it comes from outside
        " SELECT CAST(0 AS BIGINT), (SELECT COALESCE(MAX(id), 0) + 1 FROM messaging_message)"
        f" UNION ALL SELECT CASE WHEN {said} < %s THEN {middle} ELSE low END,"
        f" CASE WHEN {said} < %s THEN high ELSE {middle} END FROM span WHERE high - low > 1"
        ") SELECT high FROM span WHERE high - low <= 1",
        [sql.time(at), sql.time(at)],
    )
    return int(row[0]) if row else 0
