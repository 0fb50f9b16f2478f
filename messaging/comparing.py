"""Messages against what the ledger says of them: who wrote what, where, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from audit.comparing import Damage, RowsAsRecorded, compared
from audit.entries import Entry
from audit.ledger import text_digest
from messaging import events
from messaging.models import Message, MessageVersion

Row = Mapping[str, Any]
COLUMNS = ("pk", "author_id", "channel_id", "seq", "thread_id", "body", "deleted_at", "erased_at")
NOTHING = text_digest("")


@compared
class MessageRows(RowsAsRecorded):
    model, one, many = Message, "message {pk}", "messages"
    kinds = frozenset(
        {
            events.MESSAGE_SENT,
            events.MESSAGE_EDITED,
            events.MESSAGE_DELETED,
            events.MESSAGE_ERASED,
        }
    )

    def look(self, events: Sequence[Entry]) -> None:
        ids = {entry.data["message"] for entry in events}
        rows = {row["pk"]: row for row in Message.objects.filter(pk__in=ids).values(*COLUMNS)}
        earlier = _versions(ids)
        for entry in events:
            self._compare(entry, rows, earlier)

    def _compare(
        self, entry: Entry, rows: Mapping[int, Row], earlier: Mapping[tuple[int, int], str]
    ) -> None:
        pk = entry.data["message"]
        row = rows.get(pk)
        if row is None:
            raise Damage(entry.seq, f"message {pk} is missing")
        if entry.kind == events.MESSAGE_SENT:
            self.count(1)
            _check_place(entry, row)
        elif entry.kind == events.MESSAGE_EDITED:
            _check_version(entry, row, earlier)
        stands = (text_digest(row["body"]), _state(row))
        self.judge(pk, entry.seq, as_recorded=_truth(entry) == stands)


def _truth(entry: Entry) -> tuple[str, str]:
    """The digest of the text after this event, and what became of the message."""
    if entry.kind == events.MESSAGE_EDITED:
        return entry.data["changed"]["sha256"][1], "shown"
    if entry.kind == events.MESSAGE_ERASED:
        return NOTHING, "erased"
    return entry.data["sha256"], "deleted" if entry.kind == events.MESSAGE_DELETED else "shown"


def _state(row: Row) -> str:
    if row["erased_at"]:
        return "erased"
    return "deleted" if row["deleted_at"] else "shown"


def _check_place(entry: Entry, row: Row) -> None:
    said = (entry.actor_id, entry.data["channel"], entry.data["seq"], entry.data["thread"])
    if said != (row["author_id"], row["channel_id"], row["seq"], row["thread_id"]):
        raise Damage(
            entry.seq, f"message {row['pk']} has another author or place than was recorded"
        )


def _versions(ids: set[int]) -> dict[tuple[int, int], str]:
    """The digests of earlier texts, by message and version."""
    rows = MessageVersion.objects.filter(message_id__in=ids)
    return {
        (pk, number): text_digest(body)
        for pk, number, body in rows.values_list("message_id", "number", "body")
    }


def _check_version(entry: Entry, row: Row, earlier: Mapping[tuple[int, int], str]) -> None:
    pk, number = row["pk"], entry.data["version"] - 1
    if not row["erased_at"] and earlier.get((pk, number)) != entry.data["changed"]["sha256"][0]:
        raise Damage(entry.seq, f"version {number} of message {pk} is not what was recorded")
