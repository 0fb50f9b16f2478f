"""Saved messages: one's own alone, with a reminder that comes once, whatever happens meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Delivery, Saved
from messaging.selectors import list_deliveries, list_saved
from messaging.services import (
    ack,
    check_inbox,
    delete_message,
    leave_channel,
    reminding,
    save_message,
    saving,
    send_message,
    unsave_message,
)
from messaging.services.redelivery import UNFETCHED, bury
from messaging.services.reminding import remind_due
from orgchart.models import Member
from orgchart.services import retire_member
from teammcp.core.errors import Conflict, InvalidInput, NotFound
from tests.conftest import ApiOf, all_refused
from tests.messaging.test_queries import queries


def say(member: Member, to: str, body: str) -> int:
    return int(send_message(actor=member, to=to, body=body).id)


def fall_due() -> None:
    """All reminders are due now."""
    Saved.objects.exclude(remind_at=None).update(remind_at=timezone.now())


@pytest.fixture
def one(lin: Member) -> int:
    return say(lin, "#general", "The wiki moved.")


# Keeping


def test_saved_messages_are_listed_with_their_notes_the_newest_first(
    lin: Member, kay: Member, one: int
) -> None:
    two = say(lin, "@kay", "Between us.")
    save_message(actor=kay, message_id=one, note="Update my bookmarks.")
    save_message(actor=kay, message_id=two)
    saved = list_saved(actor=kay).items
    assert [(row.message.id, row.note) for row in saved] == [
        (two, ""),
        (one, "Update my bookmarks."),
    ]
    assert saved[1].message.body == "The wiki moved."


def test_nobody_else_knows_of_it(lin: Member, kay: Member, ada: Member, one: int) -> None:
    save_message(actor=kay, message_id=one, note="Private.")
    assert list_saved(actor=lin).items == list_saved(actor=ada).items == []
    event = Event.objects.get(kind="message.saved")
    assert event.topics == [f"member-{kay.pk}"]
    assert "Private" not in str(event.data)
    unsave_message(actor=ada, message_id=one)
    assert len(list_saved(actor=kay).items) == 1


def test_saving_again_replaces_note_and_reminder(kay: Member, one: int) -> None:
    save_message(actor=kay, message_id=one, note="First.", remind_in=5)
    assert save_message(actor=kay, message_id=one, note="Second.").remind_at is None
    (row,) = list_saved(actor=kay).items
    assert (row.note, row.remind_at) == ("Second.", None)
    assert unsave_message(actor=kay, message_id=one).saved is False
    assert unsave_message(actor=kay, message_id=one).saved is False
    assert list_saved(actor=kay).items == []


def test_the_list_is_paged(lin: Member, kay: Member) -> None:
    ids = [say(lin, "#general", str(number)) for number in range(5)]
    for message in ids:
        save_message(actor=kay, message_id=message)
    first = list_saved(actor=kay, limit=2)
    assert first.remaining == 3
    second = list_saved(actor=kay, after=int(first.cursor or 0))
    assert [row.message.id for row in [*first.items, *second.items]] == ids[::-1]


def test_what_one_may_not_see_is_absent_also_when_it_was_saved_before(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    hidden = say(lin, "#vault", "Hidden.")
    all_refused(
        NotFound,
        lambda: save_message(actor=sam, message_id=hidden),
        lambda: unsave_message(actor=sam, message_id=hidden),
        lambda: save_message(actor=sam, message_id=10**9),
        match="There is no message",
    )
    save_message(actor=kay, message_id=hidden)
    leave_channel(actor=kay, channel="#vault")
    assert list_saved(actor=kay).items == []


def test_a_deleted_message_shows_that_it_was(lin: Member, kay: Member, one: int) -> None:
    save_message(actor=kay, message_id=one)
    delete_message(actor=lin, message_id=one)
    (row,) = list_saved(actor=kay).items
    assert (row.message.body, row.message.deleted_by) == ("", "lin")
    with pytest.raises(Conflict, match="was deleted"):
        save_message(actor=kay, message_id=one)


@pytest.mark.parametrize(
    "arguments",
    [
        {"remind_at": "2020-01-01T00:00:00Z"},
        {"remind_at": "2090-01-01T00:00:00Z"},
        {"remind_at": "2026-12-01T09:00:00"},
        {"remind_at": "soon"},
        {"remind_in": 0},
        {"remind_in": 10**9},
        {"note": "x" * 251},
        {"note": "Two\nlines"},
    ],
)
def test_impossible_reminders_and_notes_are_refused(
    kay: Member, one: int, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput):
        save_message.call(kay, {"message_id": one, **arguments})
    assert not Saved.objects.exists()


def test_one_reminder_is_one_time(kay: Member, one: int) -> None:
    at = timezone.now() + timedelta(hours=1)
    with pytest.raises(InvalidInput, match="not both"):
        save_message(actor=kay, message_id=one, remind_in=5, remind_at=at)
    assert save_message(actor=kay, message_id=one, remind_at=at).remind_at == at


def test_there_is_a_limit(
    lin: Member, kay: Member, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(saving, "KEPT", 1)
    save_message(actor=kay, message_id=one)
    save_message(actor=kay, message_id=one, note="Again.")
    with pytest.raises(Conflict, match="all that you can keep"):
        save_message(actor=kay, message_id=say(lin, "#general", "More."))


# Reminding


def test_a_reminder_comes_into_the_inbox_once_with_the_note(
    lin: Member, kay: Member, one: int
) -> None:
    save_message(actor=kay, message_id=one, note="Update my bookmarks.", remind_in=5)
    remind_due()
    assert check_inbox(actor=kay).items == []
    fall_due()
    for _ in range(3):
        remind_due()
    (item,) = check_inbox(actor=kay).items
    assert (item.reason, item.note, item.message.id) == ("reminder", "Update my bookmarks.", one)
    event = Event.objects.get(kind="message.reminded")
    assert set(event.topics) == {f"member-{kay.pk}", f"inbox-{kay.pk}"}
    assert ack(actor=kay, deliveries=[item.delivery]).open == 0
    assert list_saved(actor=kay).items[0].reminded_at is not None


def test_what_was_acknowledged_before_stays_so(lin: Member, kay: Member) -> None:
    message = say(lin, "@kay", "The wiki moved.")
    first = check_inbox(actor=kay).items[0].delivery
    ack(actor=kay, deliveries=[first])
    facts = list_deliveries(actor=lin, message_id=message)
    save_message(actor=kay, message_id=message, remind_in=5)
    fall_due()
    remind_due()
    (item,) = check_inbox(actor=kay).items
    assert item.delivery != first
    assert list_deliveries(actor=lin, message_id=message) == facts


def test_each_reminder_of_a_message_is_an_item_of_its_own(kay: Member, one: int) -> None:
    seen = set()
    for _ in range(2):
        save_message(actor=kay, message_id=one, remind_in=5)
        fall_due()
        remind_due()
        (item,) = check_inbox(actor=kay).items
        ack(actor=kay, deliveries=[item.delivery])
        seen.add(item.delivery)
    assert len(seen) == 2


def test_what_is_gone_reminds_nobody(
    owner: Member, lin: Member, kay: Member, sam: Member, vault: Channel, one: int
) -> None:
    hidden = say(lin, "#vault", "Hidden.")
    save_message(actor=kay, message_id=hidden, remind_in=5)
    save_message(actor=sam, message_id=one, remind_in=5)
    save_message(actor=lin, message_id=one, remind_in=5)
    leave_channel(actor=kay, channel="#vault")
    retire_member(actor=owner, member="sam")
    delete_message(actor=lin, message_id=one)
    fall_due()
    remind_due()
    assert not Delivery.objects.filter(reason="reminder").exists()
    assert not Saved.objects.filter(reminded_at=None).exists()


def test_a_reminder_that_came_leaves_with_its_message(lin: Member, kay: Member, one: int) -> None:
    save_message(actor=kay, message_id=one, remind_in=5)
    fall_due()
    remind_due()
    delete_message(actor=lin, message_id=one)
    assert check_inbox(actor=kay).items == []


def test_a_reminder_is_no_dead_letter_that_others_hear_of(
    lin: Member, kay: Member, one: int
) -> None:
    save_message(actor=kay, message_id=one, remind_in=5)
    fall_due()
    remind_due()
    assert bury(timezone.now() + UNFETCHED * 2) == 0
    assert check_inbox(actor=lin).items == []
    assert len(check_inbox(actor=kay).items) == 1


def test_one_that_fails_stops_no_other(
    lin: Member, kay: Member, one: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    two = say(lin, "#general", "Two.")
    for message in (one, two):
        save_message(actor=kay, message_id=message, remind_in=5)
    fall_due()
    wanted = reminding._wanted

    def breaking(row: Saved) -> bool:
        if row.message_id == one:
            raise RuntimeError("broken")
        return wanted(row)

    monkeypatch.setattr(reminding, "_wanted", breaking)
    remind_due()
    assert [item.message.id for item in check_inbox(actor=kay).items] == [two]
    monkeypatch.undo()
    remind_due()
    assert [item.message.id for item in check_inbox(actor=kay).items] == [one, two]


def test_over_rest(kay: Member, api: ApiOf, one: int) -> None:
    client = api(kay)
    call = {"message_id": one, "note": "Later.", "remind_in": 60, "client_key": "s1"}
    first = client.post("saved/", **call)
    assert (first.status, first.data["saved"]) == (200, True)
    assert client.post("saved/", **call).data == first.data
    assert client.get("saved/").data["items"][0]["note"] == "Later."
    assert client.call("DELETE", f"saved/{one}/").data["saved"] is False


def test_the_list_costs_the_same_however_long(lin: Member, kay: Member, one: int) -> None:
    save_message(actor=kay, message_id=one)
    small = queries(lambda: list_saved(actor=kay))
    for number in range(8):
        save_message(actor=kay, message_id=say(lin, "#general", str(number)))
    assert queries(lambda: list_saved(actor=kay)) == small == 1
