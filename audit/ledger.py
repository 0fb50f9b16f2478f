"""Writing the ledger: `record` is called explicitly, inside the transaction of the action.

Every accepted write pays for this, so it is three written-out statements (head, event, topics)
rather than model saves; `tests/audit` holds the rows equal to what the models would write.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Protocol

import orjson
from django.db import transaction
from django.utils import timezone

from audit import kinds
from audit.entries import Entry
from teammcp.core import sql
from teammcp.core.context import current_call

GENESIS = "0" * 64
access_changes = 0
"""Recorded by this process, committed or not: a write that shares a commit with one that changed
somebody's access must know of it."""


class Signer(Protocol):
    """The member who acts, as far as the ledger needs to know."""

    pk: Any
    handle: str


def record(
    kind: str,
    *,
    actor: Signer,
    target: str = "",
    topics: Iterable[str],
    data: Mapping[str, Any] | None = None,
    on_behalf_of: Signer | None = None,
) -> int:
    """Add one event to the chain and return its seq.

    `topics` decide who may read it, and whom it wakes. `data` holds ids and the before and after
    of changed fields; never a message body (its digest instead) and never a secret.
    """
    if kind not in kinds.registry:
        raise RuntimeError(f"the event kind {kind!r} is not registered")
    call = current_call()
    seq, previous = _next()
    entry = Entry(
        seq=seq,
        at=timezone.now(),
        kind=kind,
        actor_id=actor.pk,
        actor=actor.handle,
        on_behalf_of_id=on_behalf_of.pk if on_behalf_of else None,
        on_behalf_of=on_behalf_of.handle if on_behalf_of else None,
        face=call.face,
        request_id=call.request_id,
        target=target,
        topics=list(dict.fromkeys(topics)),
        data=_with_credential(data or {}, call.credential_id),
    )
    _insert(entry, previous)
    if entry.changes_access:
        global access_changes  # noqa: PLW0603 - a count; nothing else is kept here
        access_changes += 1
    transaction.on_commit(lambda: _announce(entry), robust=True)
    return seq


def _with_credential(data: Mapping[str, Any], credential_id: int | None) -> dict[str, Any]:
    """Which of a member's credentials spoke, where it was one: its number, as their list has it."""
    return {**data, "credential": credential_id} if credential_id is not None else dict(data)


def digest(previous: str, entry: Entry) -> str:
    """The hash of an event: SHA-256 over the previous hash and its fields as canonical JSON."""
    content = orjson.dumps(
        [
            previous,
            entry.seq,
            stamp(entry.at),
            entry.kind,
            entry.actor_id,
            entry.on_behalf_of_id,
            entry.face,
            entry.request_id,
            entry.target,
            entry.topics,
            entry.data,
        ],
        option=orjson.OPT_SORT_KEYS,
    )
    return hashlib.sha256(content).hexdigest()


def stamp(at: datetime) -> str:
    """A time as the chain writes it: UTC, microseconds, always of the same length."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def text_digest(text: str) -> str:
    """What the ledger keeps of a text that may be erased later."""
    return hashlib.sha256(text.encode()).hexdigest()


def _next() -> tuple[int, str]:
    head = sql.one("SELECT seq, hash FROM audit_event ORDER BY seq DESC LIMIT 1")
    return (head[0] + 1, head[1]) if head else (1, GENESIS)


def _insert(entry: Entry, previous: str) -> None:
    sql.run(
        "INSERT INTO audit_event (seq, at, kind, actor_id, on_behalf_of_id, face, request_id,"
        " target, topics, data, previous_hash, hash)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)",
        [
            entry.seq,
            sql.time(entry.at),
            entry.kind,
            entry.actor_id,
            entry.on_behalf_of_id,
            entry.face,
            entry.request_id,
            entry.target,
            orjson.dumps(entry.topics).decode(),
            orjson.dumps(entry.data).decode(),
            previous,
            digest(previous, entry),
        ],
    )
    rows = [(entry.seq, topic) for topic in entry.topics]
    sql.run_many("INSERT INTO audit_eventtopic (event_id, topic) VALUES (%s, %s)", rows)


def _announce(entry: Entry) -> None:
    from audit.live import hub  # the hub reads the ledger, so it is imported late

    hub.committed(entry)
