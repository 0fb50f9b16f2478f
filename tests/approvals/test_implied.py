"""A rule about an act holds the calls that do it as a side effect: a table over all of them.

An action that is new and takes an argument that tells of another act says which one it is, by
`@action(implies=...)`, or has its reason below.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals import selectors, services
from approvals.models import ApprovalRequest, StandingApproval
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from audit.models import Event
from messaging.models import Message
from messaging.services import create_channel, join_channel, send_message
from orgchart.models import Member
from orgchart.services import set_manager, update_department
from tasks import services as tasks
from tasks.models import Task
from teammcp.core.actions import registry
from teammcp.core.errors import Held, NotFound
from tests.approvals.conftest import Court, Rule, decide, row, sent, where
from tests.approvals.test_every_action import problems
from tests.audit.test_every_write import Office, office_of_writers
from tests.conftest import held_call, person

__all__ = ["office_of_writers"]

Made = Callable[[Office], tuple[Member, dict[str, Any]]]

TELLING = {
    "assignee", "authority", "department", "head", "invite", "lead", "manager", "members", "needs",
    "note", "owner", "parent", "project", "reviewer", "successor", "weight",
}  # fmt: skip
"""Arguments whose names sound like another act."""

NOTHING_MORE = {
    "add_dependency": "that is the act itself",
    "add_to_project": "that is the act itself",
    "attach_task": "that is the act itself",
    "break_promise": "the server says it to both sides; it is no message",
    "create_blueprint": "each task that it makes is asked about",
    "create_channel.project": "where a channel begins is of its making",
    "create_goal.owner": "what a goal says from its first day",
    "create_goal.weight": "what a goal says from its first day",
    "create_join_code": "nobody has it before somebody joins; no more than a member's",
    "create_task.reviewer": "what a task says from its first day",
    "edit_goal": "that is the act itself",
    "edit_task": "that is the act itself",
    "invite_to_channel": "that is the act itself",
    "move_channel": "that is the act itself",
    "keep_promise": "the server says it to both sides; it is no message",
    "move_goal.parent": "that is the act itself",
    "move_member": "that is the act itself",
    "open_bridge": "a bridge lets a project in, and is no membership",
    "release_promise": "the server says it to both sides; it is no message",
    "remove_dependency": "that is the act itself",
    "remove_department": "it names the department",
    "remove_from_project": "that is the act itself",
    "save_message": "a note for oneself",
    "set_manager": "that is the act itself",
    "set_parent": "that is the act itself",
    "update_blueprint": "each task that it makes is asked about",
    "update_department": "that is the act itself",
    "update_member": "that is the act itself",
    "update_project.project": "it names the project",
    "update_task": "it calls the action that it means",
    "upload_file": "it calls send_message",
}


def leaving(office: Office, *, leads: str = "", heads: str = "") -> tuple[Member, dict[str, Any]]:
    if leads:
        set_manager(actor=office.ada, member=leads, manager="kay")
    if heads:
        update_department(actor=office.ada, department=heads, head="kay")
    return office.owner, {"member": "kay", "successor": "sam"}


CALLS: dict[tuple[str, str], Made] = {
    ("create_task", "assign_task"): lambda o: (o.lin, {"title": "Fly.", "assignee": "kay"}),
    ("create_task", "add_dependency"): lambda o: (o.lin, {"title": "Fly.", "needs": [o.free]}),
    ("create_task", "set_parent"): lambda o: (o.lin, {"title": "Fly.", "parent": o.free}),
    ("assign_task", "send_message"): lambda o: (
        o.lin, {"task": o.free, "to": "kay", "note": "Do it."}
    ),
    ("report_progress", "send_message"): lambda o: (o.kay, {"task": o.held, "note": "Half."}),
    ("release_task", "send_message"): lambda o: (o.kay, {"task": o.held, "note": "Half."}),
    ("submit_task", "send_message"): lambda o: (o.kay, {"task": o.held, "note": "Look."}),
    ("submit_task", "edit_task"): lambda o: (o.kay, {"task": o.held, "reviewer": "sam"}),
    ("approve_task", "send_message"): lambda o: (o.lin, {"task": o.reviewed, "note": "Good."}),
    ("request_changes", "send_message"): lambda o: (o.lin, {"task": o.reviewed, "note": "More."}),
    ("complete_task", "send_message"): lambda o: (o.kay, {"task": o.held, "note": "Done."}),
    ("cancel_task", "send_message"): lambda o: (o.lin, {"task": o.free, "note": "No."}),
    ("reopen_task", "send_message"): lambda o: (o.lin, {"task": o.done, "note": "Again."}),
    ("unblock_task", "send_message"): lambda o: (o.lin, {"task": o.blocked, "note": "Open."}),
    ("create_goal", "move_goal"): lambda o: (o.lin, {"title": "Land", "parent": o.goal}),
    ("move_goal", "edit_goal"): lambda o: (
        o.lin, {"goal": o.part, "parent": o.goal, "weight": 7}
    ),
    ("create_channel", "invite_to_channel"): lambda o: (o.lin, {"name": "news", "invite": ["kay"]}),
    ("remove_from_channel", "leave_channel"): lambda o: (
        o.lin, {"channel": "#plans", "member": "@Lin"}
    ),
    ("send_message", "join_channel"): lambda o: (o.kay, {"to": "#plans", "body": "Well?"}),
    ("edit_message", "send_message"): lambda o: (o.lin, {"message_id": o.pinned, "body": "No."}),
    ("register_agent", "update_member"): lambda o: (
        o.owner, {"name": "Max", "authority": "admin"}
    ),
    ("register_agent", "set_manager"): lambda o: (o.owner, {"name": "Max", "manager": "ada"}),
    ("register_agent", "move_member"): lambda o: (o.owner, {"name": "Max", "department": "sales"}),
    ("register_agent", "add_to_project"): lambda o: (o.owner, {"name": "Max", "project": "apollo"}),
    ("invite_person", "update_member"): lambda o: (o.owner, {"name": "Ida", "authority": "admin"}),
    ("invite_person", "add_to_project"): lambda o: (o.owner, {"name": "Ida", "project": "apollo"}),
    ("create_department", "update_department"): lambda o: (o.ada, {"name": "Law", "head": "kay"}),
    ("create_project", "update_project"): lambda o: (o.ada, {"name": "Mercury", "lead": "moe"}),
    ("create_project", "add_to_project"): lambda o: (o.ada, {"name": "Mercury", "lead": "moe"}),
    ("update_project", "add_to_project"): lambda o: (o.ada, {"project": "apollo", "lead": "gus"}),
    ("retire_member", "assign_task"): lambda o: (o.owner, {"member": "kay", "successor": "lin"}),
    ("retire_member", "set_manager"): lambda o: leaving(o, leads="lin"),
    ("retire_member", "update_department"): lambda o: leaving(o, heads="sales"),
}  # fmt: skip


def test_each_argument_that_tells_of_another_act_is_answered_for() -> None:
    told: dict[str, str] = {}
    for name, action in registry.items():
        for argument in sorted(TELLING & action.input.model_fields.keys()) if action.writes else ():
            told[f"{name}.{argument}"] = "said" if action.implies else "not said"
    answered = {one for one in told if one in NOTHING_MORE or one.partition(".")[0] in NOTHING_MORE}
    assert [one for one, said in told.items() if said == "not said" and one not in answered] == []
    used = {one if one in NOTHING_MORE else one.partition(".")[0] for one in answered}
    assert used == NOTHING_MORE.keys()


def test_every_implied_act_has_a_call_here() -> None:
    implied = {(name, other) for name, one in registry.items() for other in one.implies}
    assert implied == CALLS.keys()
    assert {other for _, other in implied} <= registry.keys()


def one_policy(office: Office, pattern: str) -> Member:
    judge = person("judge")
    services.create_policy(
        actor=office.owner, name="All", pattern=pattern, except_requesters=["@judge"],
        stages=[Stage(approvers=["@judge"])],
    )  # fmt: skip
    return judge


@pytest.mark.parametrize(("name", "implied"), CALLS)
def test_a_policy_on_the_implied_act_holds_the_call_which_runs_once_after_consent(
    office_of_writers: Office, name: str, implied: str
) -> None:
    actor, payload = CALLS[name, implied](office_of_writers)
    judge = one_policy(office_of_writers, implied)
    before = Event.objects.latest("seq").seq
    said = selectors.check_action(actor=actor, action=name, arguments=payload)
    assert (said.verdict, [need.action for need in said.needs]) == ("held", [implied])
    with pytest.raises(Held) as held:
        registry[name].call(actor, payload)
    assert problems(held.value.message, before) == []
    request = held.value.state["request"]
    assert decide(judge, request) == "executed", row(request).reason
    run_approved(timezone.now())
    mine = Event.objects.filter(seq__gt=before, actor=actor)
    assert mine.filter(kind="approval.executed").count() <= 1
    assert mine.exclude(kind__startswith="approval.").exists()
    assert ApprovalRequest.objects.filter(policies__icontains='"All"').count() == 1


@pytest.mark.parametrize(("name", "implied"), CALLS)
def test_without_a_rule_about_it_the_same_call_passes(
    office_of_writers: Office, name: str, implied: str
) -> None:
    actor, payload = CALLS[name, implied](office_of_writers)
    one_policy(office_of_writers, "grant_*")
    registry[name].call(actor, payload)


def test_the_conditions_of_a_rule_are_about_the_implied_act(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="assign_task", arguments=[where("to", "kay")])
    tasks.create_task(actor=court.lin, title="Fly.")
    tasks.create_task(actor=court.lin, title="Fly.", assignee="sam")
    held_call(court.lin, "create_task", title="Fly.", assignee="@Kay")
    assert Task.objects.count() == 2


def test_what_the_call_speaks_of_the_implied_act_speaks_of_too(court: Court, rule: Rule) -> None:
    create_channel(actor=court.lin, name="customers")
    rule("@ben", arguments=[where("touches", "#customers")])
    outside = tasks.create_task(actor=court.lin, title="Elsewhere.").task.id
    inside = tasks.create_task(actor=court.lin, title="With them.", home="#customers").task.id
    tasks.cancel_task(actor=court.lin, task=outside, note="No need.")
    held_call(court.lin, "cancel_task", task=inside, note="They are wrong.")
    tasks.cancel_task(actor=court.lin, task=inside)
    assert sent("They are wrong.") == 0


def test_a_first_word_in_a_discussion_is_said_to_those_who_see_its_task(
    court: Court, rule: Rule
) -> None:
    create_channel(actor=court.lin, name="customers")
    task = tasks.create_task(actor=court.lin, title="With them.", home="#customers").task.id
    rule("@ben", arguments=[where("touches", "#customers")])
    held_call(court.lin, "send_message", to=f"#{task.lower()}", body="You are wrong.")
    asked = send_message(actor=court.kay, to=f"#{task.lower()}", body="Who is wrong?")
    held_call(court.lin, "send_message", to=f"thread:{asked.id}", body="They.")


def test_words_that_passed_are_not_exchanged_for_others(court: Court, rule: Rule) -> None:
    message = send_message(actor=court.lin, to="#general", body="Good morning.").id
    rule("@ben")
    request = held_call(court.lin, "edit_message", message_id=message, body="Go away.")
    assert Message.objects.get(pk=message).body == "Good morning."
    assert decide(court.ben, request) == "executed"
    assert Message.objects.get(pk=message).body == "Go away."


def test_who_is_in_a_channel_already_joins_nothing_by_writing(court: Court, rule: Rule) -> None:
    create_channel(actor=court.kay, name="plans")
    rule("@ben", pattern="join_channel")
    held_call(court.lin, "send_message", to="#plans", body="Hello.")
    decide(court.ben, held_call(court.lin, "join_channel", channel="#plans"))
    send_message(actor=court.lin, to="#plans", body="Hello.")
    send_message(actor=court.lin, to="#general", body="Hello.")


def test_what_changed_meanwhile_needs_consent_of_its_own(court: Court, rule: Rule) -> None:
    """A call that was held for one thing does not do another that it did not do then."""
    create_channel(actor=court.kay, name="plans")
    join_channel(actor=court.lin, channel="#plans")
    rule("@ben", arguments=[where("to", "#plans")])
    rule("@cleo", name="Joining", pattern="join_channel")
    request = held_call(court.lin, "send_message", to="#plans", body="Hello.")
    registry["leave_channel"].call(court.lin, {"channel": "#plans"})
    assert decide(court.ben, request) == "superseded"
    assert sent() == 0


def test_consent_beforehand_is_used_once_by_a_call(court: Court, rule: Rule) -> None:
    """Whatever acts it is made of, and also where it is the last use."""
    rule("@ben", pattern="*_task")
    until = timezone.now() + timedelta(hours=1)
    services.grant_standing(actor=court.ben, policy="Words", requester="lin", count=2, until=until)
    for left in (1, 0):
        tasks.create_task(actor=court.lin, title="Fly.", assignee="kay")
        assert StandingApproval.objects.get().uses_left == left
    held_call(court.lin, "create_task", title="Fly.", assignee="kay")


def test_consent_to_one_act_beforehand_is_none_to_the_other(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="*_task")
    until = timezone.now() + timedelta(hours=1)
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=9, until=until,
        pattern="create_task",
    )  # fmt: skip
    tasks.create_task(actor=court.lin, title="Fly.")
    held_call(court.lin, "create_task", title="Fly.", assignee="kay")


def test_a_call_about_something_absent_is_refused_as_ever(court: Court, rule: Rule) -> None:
    rule("@ben")
    with pytest.raises(NotFound):
        registry["edit_message"].call(court.lin, {"message_id": 99, "body": "No."})
