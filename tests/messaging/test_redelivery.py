"""What nobody acknowledges comes again under the same id, and then waits as a dead letter."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Delivery
from messaging.models.deliveries import OFFERS
from messaging.selectors import list_dead_letters, list_deliveries
from messaging.services import ack, check_inbox, redeliver, remove_from_channel, send_message
from messaging.services.offering import AGAIN_AFTER
from messaging.services.redelivery import UNFETCHED, bury
from orgchart.models import Member
from orgchart.services import pause_member, retire_member
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Conflict, Forbidden, NotFound
from tests.clocks import frozen
from tests.conftest import ApiOf, all_refused

START = datetime(2026, 3, 1, 9, tzinfo=timezone.get_fixed_timezone(0))


@contextmanager
def after(*steps: timedelta) -> Iterator[datetime]:
    at = START + sum(steps, timedelta())
    with frozen(at):
        yield at


def ask(lin: Member, kay: Member, to: str = "@kay") -> int:
    """Lin writes to Kay; the id of the delivery."""
    with after():
        send_message(actor=lin, to=to, body="Are you there, @kay?")
    return Delivery.objects.get(recipient=kay, message__author=lin).pk


def show_often(kay: Member, times: int = OFFERS) -> datetime:
    """Kay looks so often, minutes apart, and acknowledges nothing; when it was the last time."""
    step = AGAIN_AFTER + timedelta(seconds=1)
    for number in range(times):
        with after(step * number), calling(CallContext("mcp")):
            check_inbox(actor=kay)
    return START + step * (times - 1)


def dead(lin: Member, kay: Member, to: str = "@kay") -> int:
    """A delivery from Lin to Kay that has become a dead letter."""
    pk = ask(lin, kay, to)
    last = show_often(kay)
    with frozen(last + AGAIN_AFTER * 2) as _:
        assert bury(timezone.now()) == 1
    return pk


def inbox(member: Member) -> list[tuple[int, bool]]:
    return [(item.delivery, item.redelivered) for item in check_inbox(actor=member).items]


# Coming again


def test_an_unacknowledged_delivery_comes_again_with_the_same_id(lin: Member, kay: Member) -> None:
    pk = ask(lin, kay)
    assert [inbox(kay), inbox(kay), inbox(kay)] == [[(pk, False)], [(pk, True)], [(pk, True)]]


def test_looking_often_counts_as_one_offer_and_writes_nothing(lin: Member, kay: Member) -> None:
    ask(lin, kay)
    with after():
        check_inbox(actor=kay)
        events = Event.objects.count()
        for _ in range(10):
            check_inbox(actor=kay)
    assert Delivery.objects.get(recipient=kay).offers == 1
    assert Event.objects.count() == events


def test_each_later_offer_is_counted_and_the_first_keeps_its_time_and_route(
    lin: Member, kay: Member
) -> None:
    pk = ask(lin, kay)
    last = show_often(kay, 3)
    fact = list_deliveries(actor=lin, message_id=Delivery.objects.get(pk=pk).message_id).items[0]
    assert (fact.offered_at, fact.offered_route) == (START, "mcp")
    assert (fact.offers, fact.last_offered_at) == (3, last)


@pytest.mark.parametrize("route", ["connector", "channel", "hook"])
def test_a_client_says_which_part_of_it_showed_the_inbox(
    lin: Member, kay: Member, api: ApiOf, route: str
) -> None:
    pk = ask(lin, kay)
    api(kay).call("GET", "inbox/", headers={"TeamMCP-Route": route})
    assert Delivery.objects.get(pk=pk).offered_route == route


def test_a_route_that_is_not_known_is_not_written_down(
    lin: Member, kay: Member, api: ApiOf
) -> None:
    pk = ask(lin, kay)
    api(kay).call("GET", "inbox/", headers={"TeamMCP-Route": "telepathy"})
    assert Delivery.objects.get(pk=pk).offered_route == "rest"


# Dead letters


def test_after_so_many_offers_it_is_a_dead_letter_with_its_reason(lin: Member, kay: Member) -> None:
    pk = dead(lin, kay)
    assert inbox(kay) == []
    for member in (lin, kay):
        (letter,) = list_dead_letters(actor=member).items
        assert (letter.delivery, letter.author, letter.recipient) == (pk, "lin", "kay")
        assert letter.reason == f"offered {OFFERS} times and never acknowledged"


def test_it_has_its_last_chance_as_long_as_any(lin: Member, kay: Member) -> None:
    ask(lin, kay)
    last = show_often(kay)
    with frozen(last + AGAIN_AFTER - timedelta(seconds=1)):
        assert bury(timezone.now()) == 0


def test_the_sender_hears_of_it_once(lin: Member, kay: Member) -> None:
    dead(lin, kay)
    for hours in range(30):
        bury(START + timedelta(hours=hours))
    notes = [item.message for item in check_inbox(actor=lin).items]
    assert [note.author for note in notes] == ["teammcp"]
    assert "never acknowledged" in notes[0].body


def test_what_nobody_fetches_for_a_week_is_a_dead_letter(lin: Member, kay: Member) -> None:
    ask(lin, kay)
    assert bury(START + UNFETCHED) == 0
    assert bury(START + UNFETCHED + timedelta(seconds=1)) == 1
    assert "not fetched" in list_dead_letters(actor=lin).items[0].reason


def test_the_mail_of_a_paused_member_waits(lin: Member, kay: Member, owner: Member) -> None:
    ask(lin, kay)
    pause_member(actor=owner, member="kay", reason="A test.")
    assert bury(START + UNFETCHED * 5) == 0


def test_what_was_acknowledged_in_time_never_dies(lin: Member, kay: Member) -> None:
    pk = ask(lin, kay)
    last = show_often(kay)
    ack(actor=kay, deliveries=[pk])
    assert bury(last + UNFETCHED) == 0


def test_a_note_of_the_house_that_nobody_reads_makes_no_further_note(
    lin: Member, kay: Member
) -> None:
    dead(lin, kay)
    assert bury(START + UNFETCHED * 2) == 1
    assert bury(START + UNFETCHED * 4) == 0


# Sending again


def test_sent_again_it_comes_under_the_same_delivery_id(lin: Member, kay: Member) -> None:
    pk = dead(lin, kay)
    assert redeliver(actor=lin, delivery=pk).dead_at is None
    assert inbox(kay) == [(pk, True)]
    assert list_dead_letters(actor=lin).items == []


def test_the_recipient_settles_a_dead_letter_by_acknowledging_it(lin: Member, kay: Member) -> None:
    pk = dead(lin, kay)
    assert ack(actor=kay, deliveries=[pk]).acknowledged == [pk]
    assert list_dead_letters(actor=kay).items == []
    with pytest.raises(Conflict, match="was acknowledged at"):
        redeliver(actor=lin, delivery=pk)


def test_what_is_no_dead_letter_cannot_be_sent_again(lin: Member, kay: Member) -> None:
    pk = ask(lin, kay)
    with pytest.raises(Conflict, match="is in the inbox"):
        redeliver(actor=lin, delivery=pk)


def test_nothing_goes_to_who_has_retired(lin: Member, kay: Member, owner: Member) -> None:
    pk = dead(lin, kay)
    retire_member(actor=owner, member="kay")
    with pytest.raises(Conflict, match="retired"):
        redeliver(actor=lin, delivery=pk)


def test_the_dead_letters_of_others_are_hidden_from_members_and_admins_alike(
    lin: Member, kay: Member, sam: Member, ada: Member, olga: Member
) -> None:
    pk = dead(lin, kay)
    for stranger in (sam, ada):
        assert list_dead_letters(actor=stranger).items == []
    all_refused(
        NotFound,
        lambda: redeliver(actor=sam, delivery=pk),
        lambda: redeliver(actor=ada, delivery=pk),
        lambda: redeliver(actor=sam, delivery=10**6),
        lambda: ack(actor=sam, deliveries=[pk]),
    )
    all_refused(Forbidden, lambda: redeliver(actor=olga, delivery=pk))


def test_an_admin_sees_those_of_public_channels(lin: Member, kay: Member, ada: Member) -> None:
    pk = dead(lin, kay, "#general")
    assert [letter.delivery for letter in list_dead_letters(actor=ada).items] == [pk]
    assert redeliver(actor=ada, delivery=pk).recipient == "kay"


def test_who_left_the_channel_neither_sees_nor_settles_it(
    lin: Member, kay: Member, vault: Channel
) -> None:
    pk = dead(lin, kay, "#vault")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    assert list_dead_letters(actor=kay).items == []
    with pytest.raises(NotFound):
        redeliver(actor=kay, delivery=pk)


def test_they_are_paged(lin: Member, kay: Member) -> None:
    with after():
        for number in range(5):
            send_message(actor=lin, to="@kay", body=f"Number {number}.")
    bury(START + UNFETCHED * 2)
    seen: list[int] = []
    page: Any = list_dead_letters(actor=kay, limit=2)
    while True:
        seen += [letter.delivery for letter in page.items]
        if not page.more:
            break
        page = list_dead_letters(actor=kay, limit=2, before=page.cursor)
    assert seen == sorted(seen, reverse=True)
    assert len(seen) == 5
