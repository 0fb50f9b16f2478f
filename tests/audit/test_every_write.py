"""Each accepted write leaves its event, each refused one leaves nothing: a table over all actions.

An action without a row here fails the first test, so that nobody forgets to record.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction

from audit import kinds
from audit.entries import Entry
from audit.models import Event
from audit.services import make_checkpoint
from messaging.models import Channel, Delivery
from messaging.services import create_channel, send_message
from orgchart.models import Member
from orgchart.services import (
    create_department,
    create_join_code,
    issue_credential,
    open_company,
    redeem_sign_in_link,
)
from orgchart.services.access import make_sign_in_link
from teammcp.core.actions import registry
from teammcp.core.errors import AppError
from tests.databases import everything_in_the_database


@dataclass(frozen=True)
class Office:
    """A company in which something has happened already."""

    owner: Member
    ada: Member
    lin: Member
    kay: Member
    sam: Member
    olga: Member
    system: Member
    credential: int
    join_code: str
    message: int
    delivery: int


@pytest.fixture
def office(
    owner: Member,
    ada: Member,
    lin: Member,
    kay: Member,
    sam: Member,
    olga: Member,
    system: Member,
    vault: Channel,
) -> Office:
    send_message(actor=lin, to="@kay", body="Hello.")
    create_channel(actor=lin, name="plans")
    create_department(actor=ada, name="Sales")
    owner.set_password("correct horse")
    owner.save(update_fields=["password"])
    credential = issue_credential(actor=lin, label="phone").credential.id
    code = create_join_code(actor=owner, uses=1).join_code
    delivery = Delivery.objects.get(recipient=kay)
    return Office(
        owner=owner,
        ada=ada,
        lin=lin,
        kay=kay,
        sam=sam,
        olga=olga,
        system=system,
        credential=credential,
        join_code=code or "",
        message=delivery.message_id,
        delivery=delivery.pk,
    )


Call = Callable[[Office], tuple[Member, Mapping[str, Any]]]

ACCEPTED: dict[str, Call] = {
    "register_agent": lambda o: (o.owner, {"name": "Max"}),
    "join_company": lambda o: (o.system, {"name": "Max", "join_code": o.join_code}),
    "update_member": lambda o: (o.lin, {"title": "Builder"}),
    "retire_member": lambda o: (o.ada, {"member": "sam"}),
    "create_department": lambda o: (o.ada, {"name": "Platform"}),
    "move_member": lambda o: (o.ada, {"member": "lin", "department": "sales"}),
    "finish_welcome": lambda o: (o.owner, {"name": "Ann", "password": "battery staple"}),
    "set_password": lambda o: (
        o.owner,
        {"current": "correct horse", "password": "battery staple"},
    ),
    "issue_credential": lambda o: (o.lin, {}),
    "rotate_credential": lambda o: (o.lin, {"credential_id": o.credential}),
    "revoke_credential": lambda o: (o.lin, {"credential_id": o.credential}),
    "create_join_code": lambda o: (o.ada, {}),
    "create_channel": lambda o: (o.lin, {"name": "news"}),
    "update_channel": lambda o: (o.lin, {"channel": "#plans", "purpose": "What comes next"}),
    "join_channel": lambda o: (o.kay, {"channel": "#plans"}),
    "leave_channel": lambda o: (o.lin, {"channel": "#plans"}),
    "invite_to_channel": lambda o: (o.lin, {"channel": "#plans", "members": ["kay"]}),
    "remove_from_channel": lambda o: (o.lin, {"channel": "#vault", "member": "kay"}),
    "set_notify": lambda o: (o.lin, {"channel": "#vault", "notify": "mute"}),
    "mark_read": lambda o: (o.kay, {"channel": "@lin", "up_to": 1}),
    "ack": lambda o: (o.kay, {"deliveries": [o.delivery]}),
    "send_message": lambda o: (o.lin, {"to": "#general", "body": "Hello."}),
    "check_inbox": lambda o: (o.kay, {}),
    "resume": lambda o: (o.kay, {}),
}
"""One accepted call for each action that writes. The two reads at the end write down an offer."""

REFUSED: dict[str, list[Call]] = {
    "register_agent": [
        lambda o: (o.lin, {"name": "Max"}),
        lambda o: (o.owner, {"name": "Lin"}),
        lambda o: (o.ada, {"name": "Max", "authority": "admin"}),
    ],
    "join_company": [
        lambda o: (o.lin, {"name": "Max", "join_code": o.join_code}),
        lambda o: (o.system, {"name": "Max", "join_code": "join_wrong"}),
        lambda o: (o.system, {"name": "Lin", "join_code": o.join_code}),
    ],
    "update_member": [
        lambda o: (o.olga, {"name": "Olga the Great"}),
        lambda o: (o.lin, {"member": "kay", "title": "Fool"}),
        lambda o: (o.lin, {"authority": "admin"}),
        lambda o: (o.owner, {"status": "paused"}),
    ],
    "retire_member": [
        lambda o: (o.lin, {"member": "kay"}),
        lambda o: (o.ada, {"member": "owner"}),
        lambda o: (o.owner, {"member": "owner"}),
    ],
    "finish_welcome": [
        lambda o: (o.ada, {"name": "Ann", "password": "battery staple"}),
        lambda o: (o.owner, {"name": "Ann", "password": "short"}),
    ],
    "set_password": [
        lambda o: (o.owner, {"current": "wrong", "password": "battery staple"}),
        lambda o: (o.lin, {"current": "", "password": "battery staple"}),
    ],
    "issue_credential": [
        lambda o: (o.olga, {}),
        lambda o: (o.lin, {"member": "kay"}),
        lambda o: (o.lin, {"scopes": ["everything"]}),
    ],
    "rotate_credential": [
        lambda o: (o.kay, {"credential_id": o.credential}),
        lambda o: (o.lin, {"credential_id": 10**9}),
    ],
    "revoke_credential": [
        lambda o: (o.kay, {"credential_id": o.credential}),
        lambda o: (o.olga, {"credential_id": o.credential}),
    ],
    "create_department": [
        lambda o: (o.lin, {"name": "Platform"}),
        lambda o: (o.ada, {"name": "Sales"}),
        lambda o: (o.ada, {"name": "!"}),
    ],
    "move_member": [
        lambda o: (o.lin, {"member": "lin", "department": "sales"}),
        lambda o: (o.ada, {"member": "lin", "department": "nowhere"}),
    ],
    "create_join_code": [lambda o: (o.lin, {}), lambda o: (o.ada, {"uses": 0})],
    "create_channel": [
        lambda o: (o.olga, {"name": "news"}),
        lambda o: (o.sam, {"name": "vault"}),
        lambda o: (o.sam, {"name": "news", "invite": ["nobody"]}),
    ],
    "update_channel": [
        lambda o: (o.kay, {"channel": "#vault", "name": "open"}),
        lambda o: (o.sam, {"channel": "#vault", "name": "open"}),
        lambda o: (o.ada, {"channel": "#general", "archived": True}),
    ],
    "join_channel": [
        lambda o: (o.sam, {"channel": "#vault"}),
        lambda o: (o.olga, {"channel": "#plans"}),
    ],
    "leave_channel": [
        lambda o: (o.sam, {"channel": "#vault"}),
        lambda o: (o.kay, {"channel": "@lin"}),
        lambda o: (o.sam, {"channel": "#plans"}),
    ],
    "invite_to_channel": [
        lambda o: (o.sam, {"channel": "#vault", "members": ["sam"]}),
        lambda o: (o.kay, {"channel": "@lin", "members": ["sam"]}),
        lambda o: (o.lin, {"channel": "#vault", "members": ["sam", "nobody"]}),
    ],
    "remove_from_channel": [
        lambda o: (o.kay, {"channel": "#vault", "member": "lin"}),
        lambda o: (o.lin, {"channel": "@kay", "member": "kay"}),
        lambda o: (o.lin, {"channel": "#vault", "member": "sam"}),
    ],
    "set_notify": [lambda o: (o.sam, {"channel": "#vault", "notify": "all"})],
    "mark_read": [
        lambda o: (o.sam, {"channel": "#vault", "up_to": 0}),
        lambda o: (o.kay, {"channel": "@lin", "up_to": 2}),
        lambda o: (o.sam, {"channel": "#plans", "up_to": 0}),
    ],
    "ack": [
        lambda o: (o.kay, {}),
        lambda o: (o.sam, {"deliveries": [o.delivery]}),
        lambda o: (o.kay, {"deliveries": [o.delivery, 10**9]}),
        lambda o: (o.kay, {"deliveries": [o.delivery], "read": {"#vault": 99}}),
    ],
    "send_message": [
        lambda o: (o.olga, {"to": "#general", "body": "Hello."}),
        lambda o: (o.sam, {"to": "#vault", "body": "Hello."}),
        lambda o: (o.sam, {"to": "#general", "body": " "}),
        lambda o: (o.sam, {"to": "#general", "body": "Now!", "priority": "now"}),
    ],
    "check_inbox": [lambda o: (o.kay, {"wait_seconds": 51})],
    "resume": [lambda o: (o.kay, {"since": 10**9})],
}


def test_every_action_that_writes_has_its_rows_here() -> None:
    writing = {name for name, action in registry.items() if action.writes}
    assert ACCEPTED.keys() == REFUSED.keys() == writing | {"check_inbox", "resume"}


@pytest.mark.parametrize("name", ACCEPTED)
def test_an_accepted_write_leaves_its_event_in_the_same_transaction(
    office: Office, name: str
) -> None:
    before = Event.objects.latest("seq").seq
    actor, payload = ACCEPTED[name](office)
    with transaction.atomic():
        registry[name].call(actor, payload)
        recorded = list(Event.objects.filter(seq__gt=before))
        actors = {event.actor_id for event in recorded}
        # The house itself lets newcomers into #general; else nobody but the caller acts.
        assert actor.pk in actors <= {actor.pk, office.system.pk}
        transaction.set_rollback(True)
    assert Event.objects.latest("seq").seq == before


CASES = [(name, number) for name, calls in REFUSED.items() for number in range(len(calls))]


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_refused_write_leaves_nothing_at_all(office: Office, name: str, number: int) -> None:
    actor, payload = REFUSED[name][number](office)
    before = everything_in_the_database()
    with pytest.raises(AppError):
        registry[name].call(actor, payload)
    assert everything_in_the_database() == before


@pytest.mark.parametrize("name", sorted(registry))
def test_a_read_leaves_nothing_unless_it_is_listed(office: Office, name: str) -> None:
    """What is not listed as a write does not write: tried with the simplest call that works."""
    reads: dict[str, dict[str, Any]] = {
        "find_people": {"query": "lin"},
        "show_member": {},
        "list_credentials": {},
        "list_departments": {},
        "list_channels": {},
        "show_channel": {"channel": "#vault"},
        "list_channel_members": {"channel": "#vault"},
        "read": {"where": "@lin"},
        "show_message": {"message_id": office.message},
        "list_deliveries": {"message_id": office.message},
        "search_messages": {"query": "hello"},
        "list_events": {},
    }
    assert (name in reads) != (name in ACCEPTED)
    if name in reads:
        before = everything_in_the_database()
        registry[name].call(office.kay, reads[name])
        assert everything_in_the_database() == before


# Kinds of events

UNUSED: dict[str, str] = {}


def test_every_kind_of_event_happens_and_reads_as_a_sentence(office: Office) -> None:
    """All actions once, and what happens beside actions; no sentence lacks a word."""
    for name, call in ACCEPTED.items():
        with transaction.atomic():
            actor, payload = call(office)
            before = Event.objects.latest("seq").seq
            registry[name].call(Member.objects.get(pk=actor.pk), payload)
            remember(Event.objects.filter(seq__gt=before))
            transaction.set_rollback(True)
    make_checkpoint(actor=office.system)
    assert redeem_sign_in_link(make_sign_in_link(office.owner, actor=office.system))
    open_company()
    remember(Event.objects.all())

    assert kinds.registry.keys() - sentences.keys() == UNUSED.keys()
    for kind, sentence in sentences.items():
        assert "?" not in sentence, f"{kind}: a field of the sentence is not in the data"
        assert "{" not in sentence
        assert sentence[-1] not in ".:@"


sentences: dict[str, str] = {}


def remember(events: Any) -> None:
    for event in events.select_related("actor", "on_behalf_of"):
        sentences[event.kind] = Entry.of(event).public["sentence"]


def test_an_event_of_an_app_that_is_gone_still_reads_as_something() -> None:
    said = kinds.sentence("chess.move", actor="lin", target="board:1", data={})
    assert said == "@lin: chess.move board:1"


def test_two_kinds_cannot_share_a_name() -> None:
    with pytest.raises(RuntimeError, match="a second event kind named message"):
        kinds.kind("message.sent", "Again")


def test_braces_in_data_are_no_syntax(lin: Member) -> None:
    create_channel(actor=lin, name="plans", purpose="{actor.password}")
    for event in Event.objects.select_related("actor", "on_behalf_of"):
        assert "password" not in Entry.of(event).public["sentence"]
