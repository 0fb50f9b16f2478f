"""Promise 11: a call costs the same number of queries however full the company is."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django import Settings

from messaging.models import Channel, Delivery, Membership, Message
from messaging.selectors import (
    list_channel_members,
    list_channels,
    list_deliveries,
    read,
    search_messages,
)
from messaging.services import ack, check_inbox, mark_read, resume, send_message
from orgchart.models import Member
from tests.conftest import ApiOf, agent
from tests.scenes import scene

pytestmark = pytest.mark.no_cover  # what it runs, other tests measure


@pytest.fixture(autouse=True)
def broad(settings: Settings) -> None:
    """Anybody may name everybody: what that costs is asked here, not who may."""
    settings.BROADCAST_MEMBERS = 1_000


@scene
def a_few_words(lin: Member, kay: Member) -> None:
    """A small company."""
    send_message(actor=lin, to="@kay", body="A needle.")
    send_message(actor=lin, to="#general", body="A needle for @kay.")


@scene
def full_company(owner: Member, lin: Member, kay: Member, a_few_words: None) -> None:
    """Many colleagues, channels, conversations, messages and open deliveries."""
    others = [agent(owner, f"bot-{number:02}") for number in range(10, 30)]
    places = Channel.objects.bulk_create(channels(lin, others))
    memberships(places, lin, kay, others)
    for place in [Channel.objects.get(name="general"), *places]:
        talk(place, lin, kay)


def channels(lin: Member, others: list[Member]) -> Iterable[Channel]:
    for number in range(40):
        yield Channel(kind="public", name=f"c-{number}", created_by=lin, created_at=timezone.now())
    for other in others:
        yield Channel(
            kind="direct",
            direct_key=f"{lin.pk}-{other.pk}",
            created_by=lin,
            created_at=timezone.now(),
        )


def memberships(places: list[Channel], lin: Member, kay: Member, others: list[Member]) -> None:
    partners = iter(others)
    rows = []
    for place in places:
        inside = [lin, kay, *others] if place.kind == "public" else [lin, next(partners)]
        rows += [
            Membership(channel=place, member=member, joined_at=timezone.now()) for member in inside
        ]
    Membership.objects.bulk_create(rows)


def talk(place: Channel, lin: Member, kay: Member) -> None:
    """Twenty messages in a place; each is for Kay, who may see it or not."""
    start = place.last_seq
    messages = Message.objects.bulk_create(
        Message(
            channel=place,
            seq=start + number,
            author=lin,
            author_kind="agent",
            face="rest",
            body=f"A needle in {place.pk}.",
            created_at=timezone.now(),
        )
        for number in range(1, 21)
    )
    Channel.objects.filter(pk=place.pk).update(last_seq=start + 20)
    Delivery.objects.bulk_create(
        Delivery(message=message, recipient=kay, reason="mention", rank=1, stored_at=timezone.now())
        for message in messages
    )


def queries(call: Callable[[], Any]) -> int:
    with CaptureQueriesContext(connection) as context:
        call()
    return len([query for query in context if not _is_bracket(query["sql"])])


def _is_bracket(statement: str) -> bool:
    return statement.startswith(("SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT"))


# A write outside a server reads the policies each time; in one they are kept in memory.
COSTS: dict[str, tuple[int, Callable[[Member, Member], Any]]] = {
    "send to a channel": (
        9,
        lambda lin, kay: send_message(actor=lin, to="#general", body="Hello."),
    ),
    "send to a channel, naming somebody": (
        11,
        lambda lin, kay: send_message(actor=lin, to="#general", body="Hello @kay."),
    ),
    "send to everybody in a channel": (
        11,
        lambda lin, kay: send_message(actor=lin, to="#general", body="Hello @channel."),
    ),
    "send to a colleague": (
        12,
        lambda lin, kay: send_message(actor=lin, to="@kay", body="Hello."),
    ),
    "look into the inbox": (11, lambda lin, kay: check_inbox(actor=kay, limit=20)),
    "resume": (
        31,
        lambda lin, kay: resume(actor=kay, since=3),
    ),
    "list channels": (3, lambda lin, kay: list_channels(actor=lin, limit=200)),
    "read a channel": (3, lambda lin, kay: read(actor=lin, where="#general", limit=200)),
    "read back from a cursor": (
        3,
        lambda lin, kay: read(actor=lin, where="#general", before="3", limit=200),
    ),
    "search": (2, lambda lin, kay: search_messages(actor=lin, query="needle", limit=50)),
    "list members": (3, lambda lin, kay: list_channel_members(actor=lin, channel="#general")),
    "move a read cursor": (
        6,
        lambda lin, kay: mark_read(actor=lin, channel="#general", up_to=1),
    ),
}


@pytest.mark.parametrize("name", COSTS)
def test_what_a_call_costs_in_a_small_company_is_pinned(
    lin: Member, kay: Member, a_few_words: None, name: str
) -> None:
    expected, call = COSTS[name]
    assert queries(lambda: call(lin, kay)) == expected


@pytest.mark.parametrize("name", COSTS)
def test_a_call_costs_no_more_in_a_full_company(
    lin: Member, kay: Member, full_company: None, name: str
) -> None:
    expected, call = COSTS[name]
    full = queries(lambda: call(lin, kay))
    assert full <= expected  # a page without direct conversations needs no names of theirs


def test_acknowledging_costs_the_same_for_one_and_for_many(
    lin: Member, kay: Member, full_company: None
) -> None:
    shown = [item.delivery for item in check_inbox(actor=kay, limit=100).items]
    one = queries(lambda: ack(actor=kay, deliveries=shown[:1]))
    many = queries(lambda: ack(actor=kay, deliveries=shown[1:]))
    assert one == many == 7


def test_the_facts_of_a_message_cost_the_same_for_one_and_for_many_recipients(
    owner: Member, lin: Member, kay: Member
) -> None:
    one = send_message(actor=lin, to="#general", body="@kay").id
    for number in range(10):
        agent(owner, f"bot-{number:02}")
    many = send_message(actor=lin, to="#general", body="@channel").id
    assert queries(lambda: list_deliveries(actor=lin, message_id=one)) == 2
    assert queries(lambda: list_deliveries(actor=lin, message_id=many)) == 2


@pytest.mark.parametrize(("path", "cost"), [("inbox/", 12), ("channels/", 5), ("me/", 2)])
def test_over_rest_it_costs_one_look_up_of_the_token_more(
    kay: Member, full_company: None, api: ApiOf, path: str, cost: int
) -> None:
    client = api(kay)
    assert queries(lambda: client.get(path)) <= cost


def test_sending_to_many_channels_members_costs_one_statement_more_for_all(
    owner: Member, lin: Member
) -> None:
    """The receipts of everybody are one statement for many rows."""
    few = queries(lambda: send_message(actor=lin, to="#general", body="@channel"))
    for number in range(10):
        agent(owner, f"bot-{number:02}")
    many = queries(lambda: send_message(actor=lin, to="#general", body="@channel"))
    assert few == many
    assert Delivery.objects.count() == 1 + 11
