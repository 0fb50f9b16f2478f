"""The offline verifier: walks the chain and names the first bad row. Needs the file, no server."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from audit.entries import Entry
from audit.ledger import GENESIS, digest, stamp
from audit.models import Checkpoint, Event
from audit.services import checkpoint_text
from audit.signing import verify


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint, from the database or from a file kept elsewhere."""

    seq: int
    hash: str
    at: str
    signature: str


@dataclass(frozen=True, slots=True)
class Report:
    checked: int
    checkpoints: int
    bad_seq: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        return self.bad_seq is None


def verify_ledger(files: Iterable[Path] = (), public_key: Path | None = None) -> Report:
    """Check the whole chain against itself and against every checkpoint.

    Raises OSError or ValueError where a file that it needs is missing or damaged.
    """
    marks = [*_stored_marks(), *(mark for file in files for mark in _marks_in(file))]
    for mark in marks:
        if not verify(checkpoint_text(mark.seq, mark.hash, mark.at), mark.signature, public_key):
            return Report(0, len(marks), mark.seq, "the signature of this checkpoint is wrong")
    return _walk({mark.seq: mark.hash for mark in marks}, len(marks))


def _walk(marked: dict[int, str], marks: int) -> Report:
    previous, seq = GENESIS, 0
    rows = Event.objects.select_related("actor", "on_behalf_of").order_by("seq")
    try:
        for event in rows.iterator(chunk_size=1_000):
            if reason := _fault(event, seq + 1, previous, marked.get(seq + 1)):
                return Report(seq, marks, seq + 1, reason)
            previous, seq = event.hash, seq + 1
    except (AttributeError, TypeError, ValueError):  # no time, no JSON, no text
        return Report(seq, marks, seq + 1, "it holds what no event can hold")
    beyond = [at for at in marked if at > seq]
    if beyond:
        reason = f"events are missing up to {max(beyond)}, which was signed"
        return Report(seq, marks, seq + 1, reason)
    return Report(seq, marks)


def _fault(event: Event, seq: int, previous: str, marked: str | None) -> str:
    if event.seq != seq:
        return f"this event is missing; the next one is {event.seq}"
    if event.previous_hash != previous:
        return "it does not continue the event before it"
    if event.hash != digest(previous, Entry.of(event)):
        return "its content was changed after it was written"
    if marked is not None and marked != event.hash:
        return "it is not the event that was signed"
    return ""


def _stored_marks() -> Iterator[Mark]:
    for row in Checkpoint.objects.order_by("seq").iterator():
        yield Mark(row.seq, row.hash, stamp(row.at), row.signature)


def _marks_in(file: Path) -> Iterator[Mark]:
    for number, line in enumerate(file.read_bytes().splitlines(), start=1):
        if line.strip():
            yield _mark(line, f"{file} holds no checkpoint in line {number}.")


def _mark(line: bytes, complaint: str) -> Mark:
    try:
        fields = json.loads(line)
        mark = Mark(fields["seq"], fields["hash"], fields["at"], fields["signature"])
        int(mark.seq), bytes.fromhex(mark.signature)
    except (KeyError, TypeError, ValueError):
        raise ValueError(complaint) from None
    return mark
