"""The independent check of the ledger: it finds nothing in a sound one, and whatever was changed.

The changes are made by somebody who can write the file and knows how the chain is made, so that the
chain holds again: what is found is found by what the events say.
"""

from __future__ import annotations

import ast
import json
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

import benchmarks.ledger
from approvals import services
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from audit.ledger import stamp
from audit.models import Event as Row
from benchmarks import ledger_check
from benchmarks.ledger.reading import COLUMNS, GENESIS, Event, Ledger, digest_of
from benchmarks.ledger_check import faults_in, summary
from messaging.services import create_channel, send_message
from teammcp.core.context import CallContext, calling
from tests.approvals.conftest import Court, Rule, ask, decide
from tests.approvals.conftest import row as request_row

pytestmark = pytest.mark.sqlite  # what it tests reads SQLite's file itself

Change = Callable[[list[Event]], list[Event]]
EFFECT = "message.sent"
STAGES = [Stage(approvers=["@ben", "@cleo", "@dora"], quorum=2), Stage(approvers=["@ada"])]


@pytest.fixture
def sound(court: Court, rule: Rule, tmp_path: Path) -> Path:
    """A small company's ledger: A-1 ran after a revision, A-2 was declined, A-3 ran by a broken
    glass, and one message passed by a standing approval."""
    rule(stages=STAGES)
    rule("@ben", name="Rooms", pattern="create_channel", stage={"vetoes": False})
    first = ask(court.lin, "One.")
    services.decide(actor=court.ben, request=first, verdict="request_changes", comment="Shorter.")
    services.revise_request(
        actor=court.lin, request=first, arguments={"to": "#general", "body": "1."}
    )
    for member in (court.ben, court.cleo, court.ada):
        decide(member, first)
    decide(court.ben, ask(court.lin, "Two."), "decline")
    third = ask(court.lin, "Three.")
    services.break_glass(actor=court.owner, request=third, reason="The house is on fire.")
    run_approved(timezone.now())
    services.review_break_glass(
        actor=court.ada, request=third, justified=True, finding="It was on fire."
    )
    until = timezone.now() + timedelta(hours=1)
    services.grant_standing(actor=court.ben, policy="Rooms", requester="lin", count=1, until=until)
    with calling(CallContext(face="mcp")):
        create_channel.call(court.lin, {"name": "moon", "purpose": "About it"})
    assert request_row(first).status == request_row(third).status == "executed"
    return file_of(tmp_path / "sound.sqlite3", _events())


def _events() -> list[Event]:
    """The ledger as the tests' database has it, whichever that is."""
    return [
        Event(
            one.seq, stamp(one.at), one.kind, one.actor_id, one.on_behalf_of_id, one.face,
            one.request_id, one.target, one.topics, one.data, one.previous_hash, one.hash,
        )
        for one in Row.objects.order_by("seq")
    ]  # fmt: skip


def file_of(path: Path, events: list[Event]) -> Path:
    """A database file with this table alone."""
    names = COLUMNS.split(", ")
    with closing(sqlite3.connect(path)) as file, file:
        file.execute(f"CREATE TABLE audit_event ({', '.join(names)})")
        file.executemany(
            f"INSERT INTO audit_event VALUES ({', '.join('?' * len(names))})",  # noqa: S608
            [
                (
                    one.seq, one.at.replace("T", " ").removesuffix("Z"), one.kind, one.actor,
                    one.on_behalf_of, one.face, one.request_id, one.target,
                    json.dumps(one.topics), json.dumps(one.data), one.previous, one.hash,
                )
                for one in events
            ],
        )  # fmt: skip
    return path


def sealed(events: list[Event]) -> list[Event]:
    """Numbered and chained anew."""
    previous, chain = GENESIS, []
    for number, event in enumerate(events, 1):
        made = replace(event, seq=number, previous=previous)
        chain.append(replace(made, hash=digest_of(previous, made)))
        previous = chain[-1].hash
    return chain


def changed(sound: Path, change: Change) -> list[str]:
    """What is found after somebody changed the ledger and sealed it again."""
    events = sealed(change(Ledger.read(sound).events))
    return faults_in(Ledger.read(file_of(sound.with_name("changed.sqlite3"), events)))


def without(kind: str, **data: Any) -> Change:
    """Drop the last event of this kind with these data."""

    def change(events: list[Event]) -> list[Event]:
        at = max(place for place, one in enumerate(events) if is_it(one, kind, data))
        return events[:at] + events[at + 1 :]

    return change


def rewritten(kind: str, having: dict[str, Any], **fields: Any) -> Change:
    """Change fields of events of this kind, or of their data."""

    def one(event: Event) -> Event:
        if not is_it(event, kind, having):
            return event
        own = {name: value for name, value in fields.items() if name != "data"}
        return replace(event, data={**event.data, **fields.get("data", {})}, **own)

    return lambda events: [one(event) for event in events]


def is_it(event: Event, kind: str, data: dict[str, Any]) -> bool:
    return event.kind == kind and all(event.data.get(k) == v for k, v in data.items())


def twice(kind: str) -> Change:
    def change(events: list[Event]) -> list[Event]:
        return [one for event in events for one in [event] * (1 + (event.kind == kind))]

    return change


def test_a_sound_ledger_has_no_faults(sound: Path) -> None:
    ledger = Ledger.read(sound)
    assert faults_in(ledger, ["channel.created"]) == []
    found = summary(ledger)
    assert (found["requests"], found["executed"], found["declined"]) == (3, 2, 1)
    assert (found["standing_uses"], found["glass_broken"]) == (1, 1)


def test_what_agents_do_without_asking_is_found(court: Court, sound: Path) -> None:
    send_message(actor=court.kay, to="#general", body="Nobody was asked.")
    file = file_of(sound.with_name("more.sqlite3"), _events())
    (fault,) = faults_in(Ledger.read(file), [EFFECT])
    assert f"by {court.kay.pk}, without anybody's consent" in fault


def test_a_change_that_is_not_sealed_breaks_the_chain(sound: Path) -> None:
    with closing(sqlite3.connect(sound)) as file, file:
        file.execute("UPDATE audit_event SET face = 'mcp' WHERE seq = 3")
    assert any("event 3" in fault for fault in faults_in(Ledger.read(sound)))
    with closing(sqlite3.connect(sound)) as file, file:
        file.execute("DELETE FROM audit_event WHERE seq = 2")
    assert "the ledger jumps from 1 to 3" in faults_in(Ledger.read(sound))


PLAIN = [stage.model_dump(mode="json") for stage in STAGES]
LOOSER = [{**stage, "policy": "Words", "quorum": 1} for stage in PLAIN]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (without("approval.decided", approval=1, stage=1), "stage 1 had 1 of the 2 that it takes"),
        (without("approval.decided", approval=1, stage=2), "stage 2 had 0 of the 1"),
        (twice("approval.executed"), "A-1 ran 2 times"),
        (twice("approval.held"), "A-1 was held 2 times"),
        (without("approval.held", approval=1), "begins with"),
        (without("approval.approved", approval=1), "without having been approved once"),
        (without("approval.glass_broken"), "stage 1 had 0 of the 2"),
        (without("approval.glass_reviewed"), "reviewed 0 times"),
        (without("standing.granted"), "was never given"),
        (twice("standing.used"), "was used 2 times, for 1"),
        (without("approval.revised", approval=1), "was counted in another"),
        (
            rewritten("approval.revised", {}, data={"stages": LOOSER}),
            "does not ask what “Words” asks",
        ),
        (rewritten("policy.created", {"policy": "Words"}, data={"is": {"stages": LOOSER}}),
         "does not ask what “Words” asks"),
        (rewritten("approval.stage_opened", {"number": 1}, data={"quorum": 1}), "another quorum"),
        (rewritten("approval.executed", {"approval": 1}, data={"digest": "0" * 64}),
         "what ran is not what was asked for"),
        (rewritten("approval.decided", {"approval": 1, "round": 2, "stage": 2},
                   data={"verdict": "decline"}), "was refused by somebody"),
        (rewritten("approval.glass_broken", {}, data={"reason": " "}), "without a word"),
        (rewritten("standing.granted", {}, data={"until": "2020-01-01T00:00:00+00:00"}),
         "after its end"),
        (rewritten("message.sent", {}, request_id="A-2"), "is not within its run"),
    ],
)  # fmt: skip
def test_what_was_tampered_with_is_found(sound: Path, change: Change, words: str) -> None:
    found = changed(sound, change)
    assert any(words in fault for fault in found), found
    assert not any("chain" in fault for fault in found)


def test_who_asked_does_not_count_nor_anybody_twice(court: Court, sound: Path) -> None:
    second = {"approval": 1, "round": 2, "stage": 2}
    for member, words in ((court.lin, "is on the asking side"), (court.ben, "counted twice")):
        sound.with_name("changed.sqlite3").unlink(missing_ok=True)
        change = rewritten("approval.decided", second, actor=member.pk)
        found = changed(sound, change)
        assert any(words in fault for fault in found), found


def test_a_decision_after_the_end_is_found(sound: Path) -> None:
    def change(events: list[Event]) -> list[Event]:
        late = [one for one in events if is_it(one, "approval.decided", {"approval": 1})]
        return [*events, late[-1]]

    assert any("after it was executed" in fault for fault in changed(sound, change))


def test_it_knows_nothing_of_the_product() -> None:
    own = Path(ledger_check.__file__).parent
    files = [own / "ledger_check.py", *Path(benchmarks.ledger.__path__[0]).glob("*.py")]
    named = {
        name.partition(".")[0]
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [str(node.module)]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    assert named - {"benchmarks"} <= set(sys.stdlib_module_names)


def test_it_is_a_command_that_fails_when_it_finds_something(
    sound: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["ledger_check", str(sound)])
    assert ledger_check.main() == 0
    assert "sound: nothing ran" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["ledger_check", str(sound), "--effect", "channel.created:x"])
    assert ledger_check.main() == 0
