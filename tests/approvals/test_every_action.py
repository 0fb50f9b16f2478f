"""With a policy on it, every action is held on every face, and nothing of it happens before the
decision: a table over all registered actions, with the calls of the access table.

An action that is new is held here without a line; one that cannot be needs its reason below.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from django.db import transaction

from approvals import services
from approvals.models import ApprovalRequest
from approvals.rules import rules, why_not_held
from approvals.schemas import Stage
from approvals.selectors.checking import outcome_of
from audit.models import Event
from orgchart.models import Member
from teammcp.core.actions import registry
from teammcp.core.errors import AppError, Held
from tests.access.conftest import (
    Faces,
    Office,
    Snapshot,
    faces,
    make_snapshot,
    office,
    office_with_everything,
)
from tests.access.table import CAST, TABLE, Row, filled
from tests.access.test_table import Ask, on_the_dashboard, over_mcp, over_rest
from tests.asgi import in_thread
from tests.audit.test_every_write import ACCEPTED, office_of_writers
from tests.audit.test_every_write import Office as Writers
from tests.conftest import person

__all__ = ["faces", "make_snapshot", "office", "office_of_writers", "office_with_everything"]

NOT_HELD = {
    "ack": "says what somebody has read",
    "mark_read": "says what somebody has read",
    "report_wake": "says what somebody has read",
    "decide": "how what was held goes on",
    "withdraw_request": "how what was held goes on",
    "comment_request": "how what was held goes on",
    "revise_request": "how what was held goes on",
    "break_glass": "how what was held goes on",
    "review_break_glass": "how what was held goes on",
    "end_standing": "takes consent back",
    "end_stand_in": "takes consent back",
    "answer_question": "how what was asked goes on",
    "withdraw_question": "how what was asked goes on",
    "finish_welcome": "a password",
    "set_password": "a password",
    "join_company": "a join code; hold create_join_code",
    "take_hook": "the token of a webhook; it waits as fire_blueprint",
    "upload_file": "the bytes of a file; hold send_message",
}
"""Actions that no policy can hold, and what they have that cannot wait."""
BESIDE = {"approval.held", "approval.stage_opened"}
FACES = {"REST": over_rest, "MCP": over_mcp, "dashboard": on_the_dashboard}
CALLED = {"grant_standing", "release_conversation", "remove_webhook", "use_tool",
          "fire_blueprint"}  # fmt: skip
"""Actions whose rows in the access table are all refused, or held already: called directly here."""


def test_what_cannot_be_held_is_written_down() -> None:
    cannot = {name for name, one in registry.items() if one.writes and why_not_held(one)}
    assert cannot == NOT_HELD.keys()


def asked_for(asks: list[Ask]) -> list[tuple[Ask, str]]:
    """The calls that somebody may make, with who makes them; nobody who would decide."""
    found = []
    for ask in asks:
        action = registry.get(ask.row.action)
        if action is None or not action.writes or action.name in NOT_HELD:
            continue
        if ask.on_page and not ask.label.startswith("POST"):
            continue
        who = [role for role, word in ask.row.expected.items() if word == "yes"]
        if who and not ask.row.what.startswith("approve beforehand"):
            found.append((ask, who[0]))
    return found


def test_every_action_is_asked_on_some_face_or_by_a_call() -> None:
    held = {name for name, one in registry.items() if one.writes} - NOT_HELD.keys()
    rows = {ask.row.action for face in FACES.values() for ask, _ in asked_for(face())}
    assert held - rows == CALLED


def gated() -> None:
    """One policy over everything that can wait. The judge is nobody whom the table has ask."""
    judge = person("judge")
    services.create_policy(
        actor=Member.objects.get(handle="owner"), name="All", pattern="*",
        except_requesters=["@judge"], stages=[Stage(approvers=[f"@{judge.handle}"])],
    )  # fmt: skip
    rules.forget()


@pytest.mark.no_cover
@pytest.mark.timeout(240)
@pytest.mark.parametrize("face", FACES.values(), ids=FACES)
async def test_every_action_is_held_on_this_face(
    faces: Faces, face: Any, office: Office, make_snapshot: Any
) -> None:
    await in_thread(gated)
    snapshot: Snapshot = make_snapshot()
    seq = await in_thread(newest)
    wrong: list[str] = []
    asks = asked_for(face())
    assert len(asks) > 40
    for ask, role in asks:
        reply = await ask.put(faces, role, {})
        found = await in_thread(partial(problems, reply.content.decode(), seq))
        wrong += [f"{ask.row.what}: {ask.label} as {role}: {one}" for one in found]
        if snapshot.changed:
            snapshot.restore()
            await in_thread(rules.forget)
    assert not wrong, "\n".join(wrong)


def newest() -> int:
    return Event.objects.latest("seq").seq


def problems(text: str, seq: int) -> list[str]:
    """What is wrong with an answer, and with what it left behind."""
    found = []
    if "waits for approval as A-" not in text:
        found.append(f"not held: {text[:200]}")
    if ApprovalRequest.objects.filter(policies__icontains='"All"').count() != 1:
        found.append("not one request")
    for event in Event.objects.filter(seq__gt=seq).select_related("actor"):
        by_the_house = event.actor.kind == Member.Kind.SYSTEM
        if event.kind not in BESIDE and not by_the_house:
            found.append(f"it happened: {event.kind} by @{event.actor.handle}")
    return found


def direct_calls() -> list[tuple[Row, str]]:
    found: dict[str, tuple[Row, str]] = {}
    for row in TABLE:
        action = registry.get(row.action)
        if action is None or not action.writes or row.action in NOT_HELD:
            continue
        who = [role for role, word in row.expected.items() if word == "yes" and role in CAST]
        if who and CAST[who[0]]:
            found.setdefault(row.action, (row, who[0]))
    return list(found.values())


@pytest.mark.no_cover
@pytest.mark.timeout(240)
def test_every_action_is_held_when_other_code_calls_it(office: Office, make_snapshot: Any) -> None:
    gated()
    snapshot: Snapshot = make_snapshot()
    seq, wrong = newest(), []
    for row, role in direct_calls():
        actor = Member.objects.get(handle=CAST[role])
        action = registry[row.action]
        values = action.validate(filled(dict(row.arguments), office.ids(role)))
        try:
            action(actor=actor, **values)
            text = "it was not held"
        except Held as held:
            text = held.message
        wrong += [f"{row.action} as {role}: {one}" for one in problems(text, seq)]
        if snapshot.changed:
            snapshot.restore()
            rules.forget()
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("name", sorted(CALLED))
def test_an_action_without_such_a_row_is_held_too(office_of_writers: Writers, name: str) -> None:
    gated()
    seq = newest()
    actor, payload = ACCEPTED[name](office_of_writers)
    with pytest.raises(Held) as held:
        registry[name].call(actor, payload)
    assert problems(held.value.message, seq) == []


@pytest.mark.no_cover
@pytest.mark.timeout(240)
@pytest.mark.parametrize("with_rules", [False, True], ids=["without rules", "with rules"])
def test_the_dry_run_always_says_what_the_call_does(office: Office, *, with_rules: bool) -> None:
    """For every action, everybody in the cast, and what they may not: the same check."""
    if with_rules:
        gated()
    wrong, seen = [], set()
    waiting = set()
    for row in one_row_each():
        for role, handle in CAST.items():
            if not handle or handle == "rex":
                continue
            actor = Member.objects.get(handle=handle)
            arguments = filled(dict(row.arguments), office.ids(role))
            said = outcome_of(registry[row.action], actor, arguments).verdict
            with transaction.atomic():
                done = what_happens(row.action, actor, arguments)
                transaction.set_rollback(True)
            seen.add(said)
            waiting |= {row.action} if said == "held" else set()
            if said != done:
                wrong.append(f"{row.action} as {role}: said {said}, and it {done}")
    assert not wrong, "\n".join(wrong)
    assert seen == {"held", "passes", "refused"}
    if not with_rules:  # what the stages of a policy must agree to, for as long as it is in force
        assert waiting == {"grant_standing"}


def one_row_each() -> list[Row]:
    rows = {row.action: row for row in TABLE if row.action in registry}
    return [row for name, row in rows.items() if registry[name].writes]


def what_happens(action: str, actor: Member, arguments: dict[str, Any]) -> str:
    try:
        registry[action].call(actor, arguments)
    except Held:
        return "held"
    except AppError:
        return "refused"
    return "passes"
