"""Pins: at hand for everybody in the channel, hidden from everybody else."""

from __future__ import annotations

import pytest

from audit.models import Event
from messaging.models import Channel
from messaging.selectors import list_pins, read
from messaging.services import (
    create_channel,
    delete_message,
    join_channel,
    pin_message,
    pinning,
    send_message,
    unpin_message,
    update_channel,
)
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, NotFound
from tests.conftest import ApiOf, all_refused
from tests.messaging.test_queries import queries


def say(member: Member, to: str, body: str) -> int:
    return int(send_message(actor=member, to=to, body=body).id)


def test_a_pin_shows_who_and_when(lin: Member, kay: Member) -> None:
    one, two = say(lin, "#general", "Rules."), say(lin, "#general", "More rules.")
    first = pin_message(actor=kay, message_id=one)
    pin_message(actor=lin, message_id=two)
    assert (first.pinned_by, first.where) == ("kay", "#general")
    assert pin_message(actor=lin, message_id=one) == first
    pins = list_pins(actor=lin, channel="#general").items
    assert [(pin.id, pin.pinned_by) for pin in pins] == [(two, "lin"), (one, "kay")]
    assert pins[1].pinned_at == first.pinned_at
    shown = {m.id: m.pinned_by for m in read(actor=lin, where="#general").items}
    assert (shown[one], shown[two]) == ("kay", "lin")
    topics = Event.objects.filter(kind="message.pinned").latest("seq").topics
    assert f"pins-{Channel.objects.get(name='general').pk}" in topics


def test_pins_are_paged(lin: Member) -> None:
    ids = [say(lin, "#general", str(number)) for number in range(5)]
    for one in ids:
        pin_message(actor=lin, message_id=one)
    first = list_pins(actor=lin, channel="#general", limit=2)
    assert first.remaining == 3
    second = list_pins(actor=lin, channel="#general", limit=10, before=first.before)
    assert [pin.id for pin in [*first.items, *second.items]] == ids[::-1]
    assert (second.remaining, second.before) == (0, None)


def test_one_must_be_in_the_channel(lin: Member, sam: Member) -> None:
    create_channel(actor=lin, name="plans")
    one = say(lin, "#plans", "The plan.")
    with pytest.raises(Conflict, match="You are not in #plans") as refused:
        pin_message(actor=sam, message_id=one)
    assert "join_channel #plans" in refused.value.next
    join_channel(actor=sam, channel="#plans")
    assert pin_message(actor=sam, message_id=one).pinned_by == "sam"


def test_both_sides_of_a_direct_conversation_pin(lin: Member, kay: Member) -> None:
    one, two = say(lin, "@kay", "One."), say(lin, "@kay", "Two.")
    pin_message(actor=lin, message_id=one)
    pin_message(actor=kay, message_id=two)
    assert [pin.id for pin in list_pins(actor=kay, channel="@lin").items] == [two, one]


def test_who_pinned_who_opened_the_channel_and_admins_unpin(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    create_channel(actor=lin, name="plans", invite=["kay", "sam", "ada"])
    one = say(sam, "#plans", "The plan.")
    for unpinner in (kay, lin, ada):
        pin_message(actor=kay, message_id=one)
        with pytest.raises(Forbidden, match="@kay pinned") as refused:
            unpin_message(actor=sam, message_id=one)
        assert refused.value.next == "Ask @kay."
        assert unpin_message(actor=unpinner, message_id=one).pinned_at is None
    assert unpin_message(actor=sam, message_id=one).pinned_at is None  # nothing is left to do
    assert list_pins(actor=sam, channel="#plans").items == []


def test_hidden_from_those_outside(lin: Member, sam: Member, ada: Member, vault: Channel) -> None:
    one = say(lin, "#vault", "Hidden.")
    pin_message(actor=lin, message_id=one)
    all_refused(
        NotFound,
        lambda: pin_message(actor=sam, message_id=one),
        lambda: unpin_message(actor=ada, message_id=one),
        lambda: list_pins(actor=sam, channel="#vault"),
        lambda: list_pins(actor=ada, channel="#vault"),
        match="There is no",
    )


def test_what_is_archived_or_deleted_is_not_pinned(lin: Member) -> None:
    create_channel(actor=lin, name="old")
    one, gone = say(lin, "#old", "One."), say(lin, "#general", "Two.")
    pin_message(actor=lin, message_id=gone)
    delete_message(actor=lin, message_id=gone)
    assert list_pins(actor=lin, channel="#general").items == []
    update_channel(actor=lin, channel="#old", archived=True)
    all_refused(
        Conflict,
        lambda: pin_message(actor=lin, message_id=one),
        lambda: pin_message(actor=lin, message_id=gone),
    )


def test_there_is_a_limit(lin: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pinning, "PINS", 2)
    ids = [say(lin, "#general", str(number)) for number in range(3)]
    for one in ids[:2]:
        pin_message(actor=lin, message_id=one)
    with pytest.raises(Conflict, match="has 2 pins"):
        pin_message(actor=lin, message_id=ids[2])
    unpin_message(actor=lin, message_id=ids[0])
    pin_message(actor=lin, message_id=ids[2])


def test_over_rest(lin: Member, api: ApiOf) -> None:
    one = say(lin, "#general", "Rules.")
    assert api(lin).post(f"messages/{one}/pin/").data["pinned_by"] == "lin"
    assert [pin["id"] for pin in api(lin).get("channels/general/pins/").data["items"]] == [one]
    assert api(lin).call("DELETE", f"messages/{one}/pin/").data["pinned_at"] is None


def test_pins_cost_the_same_however_many(lin: Member, kay: Member) -> None:
    pin_message(actor=lin, message_id=say(lin, "#general", "One."))
    one = queries(lambda: list_pins(actor=lin, channel="#general"))
    for member in (lin, kay):
        for number in range(5):
            pin_message(actor=member, message_id=say(lin, "#general", str(number)))
    assert queries(lambda: list_pins(actor=lin, channel="#general")) == one == 4
