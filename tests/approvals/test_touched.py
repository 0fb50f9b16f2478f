"""Consent is to a change of a thing as it was shown: when what a call speaks of has changed since,
or another proposal about it has run first, the request is void."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from approvals import services
from approvals.rules import why_not_held
from approvals.schemas import Stage
from messaging.models import Message
from orgchart.models import Member
from teammcp.core.actions import registry
from teammcp.core.touched import registered
from tests.approvals.conftest import decide, row
from tests.audit.test_every_write import LATER, Office, office_of_writers
from tests.conftest import held_call, person

__all__ = ["office_of_writers"]

NOTHING = {
    "create_join_code": "it begins with this call",
    "create_policy": "it begins with this call",
    "use_tool": "what a client asks about lies on the client's side",
}
"""Actions that can wait and speak of nothing that is there already."""

Call = tuple[Member, dict[str, Any]]
Made = Callable[[Office], Call]
Meddled = Callable[[Office], tuple[str, Member, dict[str, Any]]]


def asked_of_ada() -> str:
    return f"thread:{Message.objects.get(parked_to__handle='ada').pk}"


VERSIONED: dict[str, tuple[Made, Meddled]] = {
    "update_project": (
        lambda o: (o.ada, {"project": "apollo", "purpose": "To the moon"}),
        lambda o: ("update_project", o.owner, {"project": "apollo", "name": "Artemis"}),
    ),
    "add_to_project": (
        lambda o: (o.ada, {"project": "apollo", "members": ["moe"]}),
        lambda o: ("update_project", o.owner, {"project": "apollo", "purpose": "To Mars"}),
    ),
    "remove_from_project": (
        lambda o: (o.ada, {"project": "apollo", "member": "gus"}),
        lambda o: ("update_project", o.owner, {"project": "apollo", "archived": True}),
    ),
    "update_department": (
        lambda o: (o.ada, {"department": "sales", "head": "kay"}),
        lambda o: ("update_department", o.owner, {"department": "sales", "head": "lin"}),
    ),
    "set_manager": (
        lambda o: (o.ada, {"member": "kay", "manager": "lin"}),
        lambda o: ("update_member", o.owner, {"member": "kay", "title": "Captain"}),
    ),
    "set_webhook": (
        lambda o: (o.kay, {"url": "https://93.184.215.14/other"}),
        lambda o: ("remove_webhook", o.owner, {"member": "kay"}),
    ),
    "set_wake_route": (
        lambda o: (o.kay, {"route": "stream", "paused": True}),
        lambda o: ("set_wake_route", o.owner, {"route": "stream", "position": 9, "member": "kay"}),
    ),
    "set_working_calendar": (
        lambda o: (o.ada, {"zone": "Europe/Berlin"}),
        lambda o: ("set_working_calendar", o.owner, {"zone": "Asia/Tokyo"}),
    ),
    "revoke_credential": (
        lambda o: (o.lin, {"credential_id": o.credential}),
        lambda o: ("rotate_credential", o.lin, {"credential_id": o.credential}),
    ),
    "update_channel": (
        lambda o: (o.lin, {"channel": "#plans", "purpose": "What comes next"}),
        lambda o: ("update_channel", o.owner, {"channel": "#plans", "name": "ideas"}),
    ),
    "close_bridge": (
        lambda o: (o.ada, {"bridge_id": o.bridge}),
        lambda o: ("close_bridge", o.owner, {"bridge_id": o.bridge}),
    ),
    "update_schedule": (
        lambda o: (o.lin, {"schedule_id": o.schedule, "body": "And now?"}),
        lambda o: ("cancel_schedule", o.owner, {"schedule_id": o.schedule}),
    ),
    "cancel_schedule": (
        lambda o: (o.ada, {"schedule_id": o.schedule}),
        lambda o: ("update_schedule", o.lin, {"schedule_id": o.schedule, "body": "And now?"}),
    ),
    "edit_message": (
        lambda o: (o.lin, {"message_id": o.message, "body": "Good morning."}),
        lambda o: ("delete_message", o.lin, {"message_id": o.message}),
    ),
    "delete_file": (
        lambda o: (o.lin, {"file_id": o.file}),
        lambda o: ("send_message", o.lin, {"to": "#general", "body": "Ha.", "files": [o.file]}),
    ),
    "move_file": (
        lambda o: (o.lin, {"path": "#plans/plan.txt", "to": "#plans/old"}),
        lambda o: ("upload_file", o.lin, {"name": "plan.txt", "text": "Better.", "to": "#plans"}),
    ),
    "delete_folder": (
        lambda o: (o.lin, {"path": "#plans/old"}),
        lambda o: ("move_file", o.lin, {"path": "#plans/old", "to": "#plans/older"}),
    ),
    "redeliver": (
        lambda o: (o.kay, {"delivery": o.dead}),
        lambda o: ("redeliver", o.lin, {"delivery": o.dead}),
    ),
    "release_conversation": (
        lambda o: (o.ada, {"where": asked_of_ada()}),
        lambda o: ("release_conversation", o.owner, {"where": asked_of_ada()}),
    ),
    "edit_task": (
        lambda o: (o.lin, {"task": o.free, "title": "Land."}),
        lambda o: ("edit_task", o.owner, {"task": o.free, "title": "Stay."}),
    ),
    "edit_goal": (
        lambda o: (o.lin, {"goal": o.part, "title": "Land."}),
        lambda o: ("edit_goal", o.owner, {"goal": o.part, "title": "Stay."}),
    ),
    "update_blueprint": (
        lambda o: (o.lin, {"blueprint_id": o.blueprint, "due_minutes": 60}),
        lambda o: ("update_blueprint", o.owner, {"blueprint_id": o.blueprint, "state": "paused"}),
    ),
    "run_blueprint": (
        lambda o: (o.kay, {"blueprint_id": o.blueprint}),
        lambda o: ("update_blueprint", o.lin, {"blueprint_id": o.blueprint, "due_minutes": 60}),
    ),
    "keep_promise": (
        lambda o: (o.kay, {"promise_id": o.promise}),
        lambda o: ("release_promise", o.kay, {"promise_id": o.promise}),
    ),
    "extend_lease": (
        lambda o: (o.kay, {"lease": o.lease, "minutes": 5}),
        lambda o: ("break_lease", o.owner, {"lease": o.lease, "reason": "It is urgent."}),
    ),
    "update_policy": (
        lambda o: (o.ada, {"policy": "Prompts", "expires_minutes": 60}),
        lambda o: ("update_policy", o.owner, {"policy": "Prompts", "expires_minutes": 90}),
    ),
    "grant_standing": (
        lambda o: (
            o.ada, {"policy": "Prompts", "requester": "kay", "count": 3, "until": LATER},
        ),
        lambda o: ("update_policy", o.owner, {"policy": "Prompts", "expires_minutes": 90}),
    ),
}  # fmt: skip
"""A call, and what changes the thing that it speaks of."""

OTHERWISE: dict[str, dict[str, Any]] = {
    "update_project": {"purpose": "To Mars"},
    "update_department": {"head": "lin"},
    "set_manager": {"manager": "sam"},
    "set_webhook": {"url": "https://93.184.215.14/third"},
    "set_wake_route": {"position": 9},
    "set_working_calendar": {"zone": "Asia/Tokyo"},
    "update_channel": {"purpose": "What came before"},
    "update_schedule": {"body": "And then?"},
    "edit_message": {"body": "Good night."},
    "move_file": {"to": "#plans/final.txt"},
    "edit_task": {"title": "Stay."},
    "edit_goal": {"title": "Stay."},
    "update_blueprint": {"due_minutes": 90},
    "update_policy": {"expires_minutes": 90},
}
"""What another proposal about the same thing says."""


def test_every_action_that_can_wait_says_what_it_speaks_of() -> None:
    waiting = {name for name, one in registry.items() if why_not_held(one) is None}
    assert waiting - registered().keys() == NOTHING.keys()


def one_policy(office: Office, name: str) -> Member:
    judge = person("judge")
    services.create_policy(
        actor=office.owner, name="All", pattern=name, except_requesters=["@judge", "@owner"],
        arguments=[], stages=[Stage(approvers=["@judge"])],
    )  # fmt: skip
    return judge


@pytest.mark.parametrize("name", VERSIONED)
def test_a_request_about_what_has_changed_since_is_void(
    office_of_writers: Office, name: str
) -> None:
    call, meddle = VERSIONED[name]
    actor, payload = call(office_of_writers)
    judge = one_policy(office_of_writers, name)
    request = held_call(actor, name, **payload)
    other, meddler, changes = meddle(office_of_writers)
    if other == name and meddler == office_of_writers.lin:  # by who would be held as well
        services.update_policy(
            actor=office_of_writers.owner, policy="All", requesters=[f"@{actor.handle}"]
        )
    registry[other].call(meddler, changes)
    assert decide(judge, request) == "superseded", row(request).reason
    assert row(request).reason


@pytest.mark.parametrize("name", OTHERWISE)
def test_of_two_proposals_about_one_thing_the_second_is_void_when_the_first_has_run(
    office_of_writers: Office, name: str
) -> None:
    actor, payload = VERSIONED[name][0](office_of_writers)
    judge = one_policy(office_of_writers, name)
    first = held_call(actor, name, **payload)
    second = held_call(actor, name, **{**payload, **OTHERWISE[name]})
    assert decide(judge, second) == "executed", row(second).reason
    assert row(first).status == "superseded"
    assert second in row(first).reason


@pytest.mark.parametrize("name", VERSIONED)
def test_what_has_not_changed_runs(office_of_writers: Office, name: str) -> None:
    actor, payload = VERSIONED[name][0](office_of_writers)
    judge = one_policy(office_of_writers, name)
    request = held_call(actor, name, **payload)
    assert decide(judge, request) == "executed", row(request).reason
