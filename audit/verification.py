"""The offline verifier: walks the chain, names the first bad row, and compares what the apps hold
with what was recorded of it. Needs the file and no server, and no more memory for a longer ledger.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from audit import events
from audit.comparing import Comparison, Comparisons, Damage, compared
from audit.entries import Entry
from audit.ledger import GENESIS, digest, stamp
from audit.models import Checkpoint, Event, EventTopic
from audit.services import checkpoint_text, checkpoints_path
from audit.signing import verifier
from teammcp.core import sql

CHUNK = 1_000
COLUMNS = (
    "seq", "at", "kind", "actor_id", "on_behalf_of_id", "face", "request_id", "target", "topics",
    "data", "previous_hash", "hash",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mark:
    """A checkpoint, from the database or from a file."""

    seq: int
    hash: str
    at: str
    signature: str


@dataclass(slots=True)
class Report:
    checked: int = 0
    checkpoints: int = 0
    bad_seq: int | None = None
    reason: str = ""

    @property
    def ok(self) -> bool:
        return not self.reason


@dataclass(slots=True)
class Marks:
    """Which hashes were signed for which events. Several for one are a contradiction."""

    stored: dict[int, set[str]] = field(default_factory=dict)
    kept: dict[int, set[str]] = field(default_factory=dict)
    """in the file beside the database, and in copies of it"""

    def hashes(self, seq: int) -> set[str]:
        return self.stored.get(seq, set()) | self.kept.get(seq, set())

    @property
    def signed(self) -> list[int]:
        return sorted(self.stored.keys() | self.kept.keys())


def verify_ledger(files: Iterable[Path] = (), public_key: Path | None = None) -> Report:
    """Check the whole chain against itself, every checkpoint, and what the apps hold.

    The checkpoints in the data folder are always read, `files` beside them. Raises OSError or
    ValueError where a file that it needs is missing or damaged.
    """
    report = Report()
    try:
        with sql.snapshot():
            marks = _all_marks(report, files, public_key)
            _walk(report, marks)
    except Damage as damage:
        report.bad_seq, report.reason = damage.seq, damage.reason
    return report


# Checkpoints


def _all_marks(report: Report, files: Iterable[Path], public_key: Path | None) -> Marks:
    local = checkpoints_path()
    stored = list(_stored_marks())
    kept = [mark for file in [local, *files] if file.is_file() for mark in _marks_in(file)]
    report.checkpoints = len({(mark.seq, mark.hash) for mark in (*stored, *kept)})
    marks = Marks()
    if stored or kept:
        holds = verifier(public_key)
        for found, into in ((stored, marks.stored), (kept, marks.kept)):
            for mark in found:
                if not holds(checkpoint_text(mark.seq, mark.hash, mark.at), mark.signature):
                    raise Damage(mark.seq, "the signature of this checkpoint is wrong")
                into.setdefault(mark.seq, set()).add(mark.hash)
    for seq in marks.signed:
        if len(marks.hashes(seq)) > 1:
            raise Damage(seq, "two checkpoints that were signed for it contradict each other")
    return marks


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
        bytes.fromhex(mark.signature)
        whole = isinstance(fields["seq"], int) and isinstance(fields["hash"], str)
        whole = whole and isinstance(fields["at"], str)
    except (KeyError, TypeError, ValueError):
        raise ValueError(complaint) from None
    if not whole:
        raise ValueError(complaint)
    return mark


# The chain


def _walk(report: Report, marks: Marks) -> None:
    """Every event, then what only the end of the ledger can tell. Raises Damage."""
    comparisons = Comparisons()
    chain = _sound_events(report, marks)
    while chunk := list(islice(chain, CHUNK)):
        comparisons.look(chunk)
    beyond = [seq for seq in marks.signed if seq > report.checked]
    if beyond:
        reason = f"events are missing up to {max(beyond)}, which was signed"
        raise Damage(report.checked + 1, reason)
    for seq in sorted(marks.kept.keys() - marks.stored.keys()):
        raise Damage(seq, "the checkpoint that was signed for it is missing in the database")
    comparisons.end()


def _sound_events(report: Report, marks: Marks) -> Iterator[Entry]:
    """The events as they were written, without any look at other tables. Raises Damage."""
    previous = GENESIS
    rows = Event.objects.order_by("seq").values_list(*COLUMNS).iterator(chunk_size=CHUNK)
    try:
        for seq, at, kind, actor, other, face, request, target, topics, data, before, hash_ in rows:
            entry = Entry(
                seq, at, kind, actor, "", other, None, face, request, target, topics, data
            )
            due = report.checked + 1
            if reason := _fault(entry, due, previous, before, hash_, marks):
                raise Damage(due, reason)
            previous, report.checked = hash_, due
            yield entry
    except (AttributeError, TypeError, ValueError):  # no time, no JSON, no text
        raise Damage(report.checked + 1, "it holds what no event can hold") from None


def _fault(entry: Entry, due: int, previous: str, before: str, hash_: str, marks: Marks) -> str:
    if entry.seq != due:
        return f"this event is missing; the next one is {entry.seq}"
    if before != previous:
        return "it does not continue the event before it"
    if hash_ != digest(previous, entry):
        return "its content was changed after it was written"
    if marks.hashes(due) - {hash_}:
        return "it is not the event that was signed"
    return ""


# What the ledger itself holds beside its events


@compared
class TopicRows(Comparison):
    """Who may read an event is looked up by rows of their own, written with the event and in its
    order, so that one pass over both is enough."""

    def __init__(self) -> None:
        rows = EventTopic.objects.order_by("pk").values_list("event_id", "topic")
        self._rows = rows.iterator(chunk_size=CHUNK)

    def look(self, events: Sequence[Entry]) -> None:
        for entry in events:
            for topic in entry.topics:
                if next(self._rows, None) != (entry.seq, topic):
                    raise Damage(entry.seq, "the rows of its topics are not those it was given")

    def end(self) -> None:
        extra = next(self._rows, None)
        if extra is not None:
            raise Damage(extra[0], "it has the row of a topic that it was not given")


@compared
class CheckpointRows(Comparison):
    """A checkpoint leaves an event, so that its row cannot be taken away unnoticed."""

    kinds = frozenset({events.CHECKPOINT})

    def look(self, events: Sequence[Entry]) -> None:
        signed = [int(entry.data["seq"]) for entry in events]
        stored = set(Checkpoint.objects.filter(seq__in=signed).values_list("seq", flat=True))
        for seq in signed:
            if seq not in stored:
                raise Damage(seq, "the checkpoint that was signed for it is missing")
