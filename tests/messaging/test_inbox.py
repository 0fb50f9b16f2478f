"""Promise 3: stored, offered and acknowledged are three facts, and an empty inbox proves itself."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Delivery, Membership
from messaging.selectors import list_deliveries, read, waiting_line
from messaging.services import ack, check_inbox, mark_read, resume, send_message, set_notify
from orgchart.models import Member
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import ApiOf
from tests.databases import everything_in_the_database


def bodies(member: Member, **arguments: Any) -> list[str]:
    return [item.message.body for item in check_inbox(actor=member, **arguments).items]


def say(actor: Member, to: str, *texts: str, **more: Any) -> list[int]:
    """Send these; the ids of their deliveries, oldest first."""
    before = Delivery.objects.order_by("pk").values_list("pk", flat=True).last() or 0
    for text in texts:
        send_message(actor=actor, to=to, body=text, **more)
    return list(Delivery.objects.filter(pk__gt=before).order_by("pk").values_list("pk", flat=True))


# Three facts


def test_a_delivery_is_stored_then_offered_then_acknowledged_and_each_has_its_time(
    lin: Member, kay: Member
) -> None:
    times = [timezone.now() + timedelta(hours=hour) for hour in range(3)]
    with frozen(times[0]):
        (pk,) = say(lin, "@kay", "Hello.")
    row = Delivery.objects.get(pk=pk)
    assert (row.stored_at, row.offered_at, row.acknowledged_at) == (times[0], None, None)
    with frozen(times[1]), calling(CallContext("mcp")):
        check_inbox(actor=kay)
    row.refresh_from_db()
    assert (row.offered_at, row.offered_route, row.acknowledged_at) == (times[1], "mcp", None)
    with frozen(times[2]):
        ack(actor=kay, deliveries=[pk])
    row.refresh_from_db()
    assert (row.stored_at, row.offered_at, row.acknowledged_at) == tuple(times)


def test_reading_marks_nothing(lin: Member, kay: Member) -> None:
    (pk,) = say(lin, "@kay", "Hello.")
    read(actor=kay, where="@lin")
    row = Delivery.objects.get(pk=pk)
    assert (row.offered_at, row.acknowledged_at) == (None, None)
    assert Membership.objects.get(member=kay, channel__kind="direct").read_seq == 0
    assert waiting_line(kay) == "1 unread"


def test_ones_own_posts_acknowledge_nothing(lin: Member, kay: Member) -> None:
    (pk,) = say(lin, "@kay", "Are you there?")
    send_message(actor=kay, to="@lin", body="Yes.")
    send_message(actor=kay, to=f"thread:{Delivery.objects.get(pk=pk).message_id}", body="Yes!")
    row = Delivery.objects.get(pk=pk)
    assert (row.offered_at, row.acknowledged_at) == (None, None)
    assert bodies(kay) == ["Are you there?"]


def test_what_is_not_acknowledged_is_offered_again_as_the_same_delivery(
    lin: Member, kay: Member
) -> None:
    say(lin, "@kay", "Hello.")
    first, second = check_inbox(actor=kay).items[0], check_inbox(actor=kay).items[0]
    assert first.delivery == second.delivery
    assert (first.redelivered, second.redelivered) == (False, True)


def test_the_first_offer_counts_and_later_ones_write_nothing(lin: Member, kay: Member) -> None:
    (pk,) = say(lin, "@kay", "Hello.")
    with calling(CallContext("mcp")):
        check_inbox(actor=kay)
    before = everything_in_the_database()
    with calling(CallContext("rest")):
        check_inbox(actor=kay)
    assert everything_in_the_database() == before
    assert Delivery.objects.get(pk=pk).offered_route == "mcp"


def test_the_sender_sees_the_three_facts_and_others_see_their_own(
    lin: Member, kay: Member, sam: Member, ada: Member, olga: Member
) -> None:
    message = send_message(actor=lin, to="#general", body="@kay @sam").id
    check_inbox(actor=kay)
    facts = {row.recipient: row for row in list_deliveries(actor=lin, message_id=message).items}
    assert facts["kay"].offered_at is not None
    assert facts["sam"].offered_at is None
    assert facts["kay"].acknowledged_at is None
    own = list_deliveries(actor=sam, message_id=message).items
    assert [row.recipient for row in own] == ["sam"]
    assert len(list_deliveries(actor=ada, message_id=message).items) == 2  # an admin, in public
    with pytest.raises(Forbidden):
        list_deliveries(actor=olga, message_id=message)


# What is shown, and in which order


def test_urgent_comes_first_then_the_newest(lin: Member, kay: Member, ada: Member) -> None:
    say(lin, "@kay", "later 1", "later 2", priority="later")
    say(lin, "@kay", "next 1", "next 2")
    say(ada, "@kay", "now 1", "now 2", priority="now")
    say(lin, "@kay", "next 3")
    inbox = check_inbox(actor=kay)
    assert [item.message.body for item in inbox.items] == [
        "now 2",
        "now 1",
        "next 3",
        "next 2",
        "next 1",
        "later 2",
        "later 1",
    ]
    assert (inbox.urgent, inbox.remaining) == (2, 0)
    assert waiting_line(kay) == "7 unread, 2 urgent"


def test_the_line_on_every_result_stops_counting_where_it_no_longer_matters(
    lin: Member, kay: Member, ada: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("messaging.selectors.inbox.COUNTED", 3)
    say(lin, "@kay", "1", "2", "3")
    assert waiting_line(kay) == "3 unread"
    say(ada, "@kay", "now", priority="now")
    assert waiting_line(kay) == "3+ unread, 1 urgent"
    say(ada, "@kay", *"abcd", priority="now")
    assert waiting_line(kay) == "3+ unread, 3+ urgent"
    assert check_inbox(actor=kay).urgent == 5


def test_the_reason_is_the_strongest_there_is(lin: Member, kay: Member) -> None:
    set_notify(actor=kay, channel="#general", notify="all")
    root = send_message(actor=kay, to="#general", body="A thought.").id
    say(lin, "@kay", "direct @kay")
    say(lin, f"thread:{root}", "mention @kay", "reply")
    say(lin, "#general", "watching")
    reasons = {item.message.body: item.reason for item in check_inbox(actor=kay).items}
    assert reasons == {
        "direct @kay": "direct",
        "mention @kay": "mention",
        "reply": "reply",
        "watching": "watching",
    }


def test_a_long_inbox_is_cut_and_says_how_many_remain(lin: Member, kay: Member) -> None:
    say(lin, "@kay", *(str(number) for number in range(25)))
    inbox = check_inbox(actor=kay, limit=10)
    assert [item.message.body for item in inbox.items] == [str(n) for n in range(24, 14, -1)]
    assert inbox.remaining == 15
    assert Delivery.objects.filter(offered_at=None).count() == 15


def test_a_token_budget_cuts_between_messages_and_always_shows_one(
    lin: Member, kay: Member
) -> None:
    say(lin, "@kay", *("word " * 200 for _ in range(5)))  # about 250 tokens each
    inbox = check_inbox(actor=kay, max_tokens=700)
    assert (len(inbox.items), inbox.remaining) == (2, 3)
    assert Delivery.objects.filter(offered_at=None).count() == 3
    tiny = check_inbox(actor=kay, max_tokens=100)
    assert (len(tiny.items), tiny.remaining) == (1, 4)
    assert tiny.items[0].message.body == "word " * 200  # whole: never cut within


def test_an_empty_inbox_proves_itself(kay: Member) -> None:
    now = timezone.now()
    with frozen(now):
        inbox = check_inbox(actor=kay)
    assert (inbox.items, inbox.remaining, inbox.urgent, inbox.channels) == ([], 0, 0, [])
    assert inbox.head == Event.objects.latest("seq").seq
    assert (inbox.cursor, inbox.checked_at) == (0, now)


def test_looking_into_an_empty_inbox_leaves_no_trace(kay: Member) -> None:
    before = everything_in_the_database()
    check_inbox(actor=kay)
    resume(actor=kay)
    assert everything_in_the_database() == before


def test_channels_with_something_new_are_counted_and_muted_ones_are_not(
    lin: Member, kay: Member, vault: Channel
) -> None:
    say(lin, "#general", "1", "2")
    say(lin, "#vault", "3", "4", "5")
    say(lin, "@kay", "6")
    unread = {row.channel: row.unread for row in check_inbox(actor=kay).channels}
    assert unread == {"#vault": 3, "#general": 2, "@lin": 1}
    set_notify(actor=kay, channel="#general", notify="mute")
    assert [row.channel for row in check_inbox(actor=kay).channels] == ["#vault", "@lin"]


def test_nothing_waits_makes_no_line(lin: Member, kay: Member) -> None:
    assert waiting_line(kay) == ""
    say(lin, "#general", "Hello.")
    assert waiting_line(kay) == ""


@pytest.mark.parametrize(
    ("name", "value"),
    [("wait_seconds", 51), ("wait_seconds", -1), ("limit", 0), ("limit", 101), ("max_tokens", 99)],
)
def test_limits_are_named(kay: Member, name: str, value: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        check_inbox.call(kay, {name: value})
    assert list(refused.value.state["fields"]) == [name]


# Acknowledging


def test_what_is_acknowledged_is_gone_from_the_inbox(lin: Member, kay: Member) -> None:
    one, two, three = say(lin, "@kay", "1", "2", "3")
    answer = ack(actor=kay, deliveries=[one, three])
    assert (answer.acknowledged, answer.already, answer.open) == ([one, three], {}, 1)
    assert bodies(kay) == ["2"]
    event = Event.objects.filter(kind="inbox.acknowledged").get()
    assert event.data["deliveries"] == [one, three]
    assert two == Delivery.objects.get(acknowledged_at=None).pk


@pytest.mark.parametrize("wrong", ["of somebody else", "that does not exist"])
def test_acknowledging_is_all_or_nothing(lin: Member, kay: Member, sam: Member, wrong: str) -> None:
    (mine,) = say(lin, "@kay", "Hello.")
    (other,) = say(lin, "@sam", "Hello.")
    before = everything_in_the_database()
    named = other if wrong == "of somebody else" else 10**9
    with pytest.raises(NotFound, match=f"no delivery {named} for you; nothing was acknowledged"):
        ack(actor=kay, deliveries=[mine, named])
    assert everything_in_the_database() == before


def test_up_to_acknowledges_only_what_was_offered(lin: Member, kay: Member) -> None:
    say(lin, "@kay", "1", "2", "3")
    inbox = check_inbox(actor=kay)
    say(lin, "@kay", "4")
    answer = ack(actor=kay, up_to=inbox.cursor)
    assert len(answer.acknowledged) == 3
    assert bodies(kay) == ["4"]


def test_an_inbox_that_was_cut_has_no_cursor_which_would_cover_what_it_did_not_show(
    lin: Member, kay: Member
) -> None:
    """What was shown earlier may have been lost on its way: only what this answer shows counts."""
    say(lin, "@kay", "1")
    check_inbox(actor=kay)
    say(lin, "@kay", "2", "3")
    inbox = check_inbox(actor=kay, limit=2)
    assert (inbox.remaining, inbox.cursor) == (1, None)
    ack(actor=kay, deliveries=[item.delivery for item in inbox.items])
    assert bodies(kay) == ["1"]
    assert check_inbox(actor=kay, max_tokens=100).cursor is not None


def test_up_to_a_number_that_was_never_given_acknowledges_nothing_unseen(
    lin: Member, kay: Member
) -> None:
    say(lin, "@kay", "1", "2")
    answer = ack(actor=kay, up_to=2**62)
    assert (answer.acknowledged, answer.open) == ([], 2)
    assert not Delivery.objects.exclude(acknowledged_at=None).exists()


def test_up_to_stops_at_its_cursor(lin: Member, kay: Member) -> None:
    one, two, three = say(lin, "@kay", "1", "2", "3")
    check_inbox(actor=kay)
    assert sorted(ack(actor=kay, up_to=two).acknowledged) == [one, two]
    assert bodies(kay) == ["3"]
    assert ack(actor=kay, up_to=three, deliveries=[three]).acknowledged == [three]


def test_a_second_acknowledgement_says_when_it_was_and_changes_nothing(
    lin: Member, kay: Member
) -> None:
    one, two = say(lin, "@kay", "1", "2")
    first = timezone.now()
    with frozen(first):
        ack(actor=kay, deliveries=[one])
    with frozen(first + timedelta(hours=1)):
        answer = ack(actor=kay, deliveries=[one, two])
    assert (answer.acknowledged, answer.already) == ([two], {str(one): first})
    assert Delivery.objects.get(pk=one).acknowledged_at == first
    events = Event.objects.count()
    again = ack(actor=kay, deliveries=[one, two])
    assert (again.acknowledged, len(again.already)) == ([], 2)
    assert Event.objects.count() == events


def test_acknowledging_nothing_is_refused_with_what_to_pass(kay: Member) -> None:
    with pytest.raises(InvalidInput) as refused:
        ack(actor=kay)
    assert "up_to=<cursor>" in refused.value.next


@pytest.mark.parametrize(
    "payload",
    [
        {"deliveries": [0]},
        {"deliveries": [-1]},
        {"deliveries": [2**63]},
        {"deliveries": ["x"]},
        {"deliveries": [1] * 501},
        {"deliveries": 1},
        {"up_to": 0},
        {"up_to": 2**63},
        {"read": {"#general": -1}},
        {"read": {"": 1}},
        {"read": []},
    ],
)
def test_damaged_cursors_are_refused_and_move_nothing(
    lin: Member, kay: Member, payload: dict[str, Any]
) -> None:
    say(lin, "@kay", "Hello.")
    before = everything_in_the_database()
    with pytest.raises(InvalidInput):
        ack.call(kay, payload)
    assert everything_in_the_database() == before


def test_one_call_acknowledges_and_moves_read_cursors_together_or_not_at_all(
    lin: Member, kay: Member
) -> None:
    say(lin, "#general", "1", "2", "3")
    (pk,) = say(lin, "@kay", "4")
    before = everything_in_the_database()
    for wrong in ({"#general": 4}, {"#nowhere": 1}, {"#general": 2, "@sam": 1}):
        with pytest.raises(AppError):
            ack(actor=kay, deliveries=[pk], read=wrong)
    assert everything_in_the_database() == before
    ack(actor=kay, deliveries=[pk], read={"#general": 2, "@lin": 1})
    assert {row.channel: row.unread for row in check_inbox(actor=kay).channels} == {"#general": 1}


# Read cursors


def test_a_read_cursor_moves_forward_only(lin: Member, kay: Member) -> None:
    say(lin, "#general", "1", "2", "3")
    assert mark_read(actor=kay, channel="#general", up_to=2).unread == 1
    assert mark_read(actor=kay, channel="#general", up_to=1).read_seq == 2
    with pytest.raises(InvalidInput, match="ends at 3; 4 is beyond it"):
        mark_read(actor=kay, channel="#general", up_to=4)
    assert Membership.objects.get(member=kay, channel__name="general").read_seq == 2


def test_a_read_cursor_acknowledges_no_delivery(lin: Member, kay: Member) -> None:
    say(lin, "@kay", "Hello.")
    mark_read(actor=kay, channel="@lin", up_to=1)
    assert bodies(kay) == ["Hello."]
    assert Delivery.objects.get().acknowledged_at is None


def test_only_who_is_in_a_channel_has_a_cursor_there(lin: Member, kay: Member) -> None:
    from messaging.services import create_channel

    create_channel(actor=lin, name="plans")
    before = everything_in_the_database()
    with pytest.raises(Conflict, match="no read cursor there"):
        mark_read(actor=kay, channel="#plans", up_to=0)
    assert everything_in_the_database() == before


# Coming back


def test_resume_says_who_what_waits_and_what_changed(
    owner: Member, lin: Member, kay: Member
) -> None:
    since = resume(actor=kay).head
    say(lin, "@kay", "Hello.")
    send_message(actor=lin, to="#general", body="News.")
    answer = resume(actor=kay, since=since)
    assert (answer.you.handle, answer.you.authority, answer.company.members) == ("kay", "member", 3)
    assert [item.message.body for item in answer.inbox.items] == ["Hello."]
    assert answer.changed == [
        "@lin opened a direct conversation (direct)",
        "@lin wrote in a direct conversation",
        "@lin wrote in #general",
    ]
    assert answer.head == answer.inbox.head
    # The offer that resume itself wrote down is the reader's own doing, and no news.
    assert resume(actor=kay, since=answer.head).changed == []


def test_resume_with_a_cursor_of_another_life_says_how_to_go_on(
    kay: Member, lin: Member, api: ApiOf
) -> None:
    say(lin, "@kay", "Hello.")
    answer = api(kay).get("resume/", since=10**9)
    assert (answer.status, answer.data["code"]) == (410, "cursor_expired")
    assert Delivery.objects.get().offered_at is None  # what was refused was not shown


def test_many_changes_are_cut_and_said_to_be_more(lin: Member, kay: Member) -> None:
    since = resume(actor=kay).head
    say(lin, "#general", *map(str, range(30)))
    answer = resume(actor=kay, since=since)
    assert (len(answer.changed), answer.changed_more) == (15, True)
