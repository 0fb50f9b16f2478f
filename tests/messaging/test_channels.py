"""Channels: opening, changing, joining, leaving, and who may see them."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from audit.models import Event
from messaging.models import Channel, Delivery, Membership
from messaging.selectors import (
    list_channel_members,
    list_channels,
    read,
    search_messages,
    show_channel,
)
from messaging.services import (
    ack,
    check_inbox,
    create_channel,
    invite_to_channel,
    join_channel,
    leave_channel,
    remove_from_channel,
    send_message,
    set_notify,
    update_channel,
)
from orgchart.models import Member
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import all_refused
from tests.databases import everything_in_the_database


def names(member: Member, **arguments: Any) -> list[str]:
    return [channel.name for channel in list_channels(actor=member, **arguments).items]


def insiders(name: str) -> list[str]:
    rows = Membership.objects.filter(channel__name=name).order_by("member__handle")
    return list(rows.values_list("member__handle", flat=True))


def test_who_opens_a_channel_is_in_it_with_those_invited(lin: Member, kay: Member) -> None:
    shown = create_channel(actor=lin, name="#Plans", purpose=" What next ", invite=["@kay", "lin"])
    assert (shown.name, shown.kind, shown.purpose, shown.joined) == (
        "#plans",
        "public",
        "What next",
        True,
    )
    assert insiders("plans") == ["kay", "lin"]


@pytest.mark.parametrize(
    "name",
    ["", " ", "#", "a b", "-a", "a-", "a--b", "_a", "a/b", "../x", "a.b", "x" * 61, "a\nb", "a@b",
     "a,b", "#a#b", "a\u200bb", "a\x00", "?", "thread:1", "👾"],
)  # fmt: skip
def test_what_cannot_be_a_name_is_refused(lin: Member, name: str) -> None:
    before = everything_in_the_database()
    with pytest.raises(InvalidInput):
        create_channel.call(lin, {"name": name})
    assert everything_in_the_database() == before


@pytest.mark.parametrize("name", ["release-2", "日本語", "zoë", "a", "x" * 60, "2026", "a_b-c"])
def test_names_of_any_language_do(lin: Member, name: str) -> None:
    assert create_channel(actor=lin, name=name).name == f"#{name}"
    assert send_message(actor=lin, to=f"#{name}", body="Hello.").seq == 1


@pytest.mark.parametrize(
    ("name", "like"),
    [
        ("gener\u0430l", "general"),
        ("genera1", "general"),
        ("\u0261eneral", "general"),
        ("road-rnap", None),
        ("\u0433\u043e\u0430\u0501_map", "road-map"),
        ("\u0438\u043c\u044f", None),
        ("\u8def\u7ebf\u56fe", None),
    ],
)
def test_a_name_that_looks_like_another_is_refused(
    lin: Member, sam: Member, name: str, like: str | None
) -> None:
    create_channel(actor=sam, name="road-map")
    create_channel(actor=sam, name="secret", kind="private")
    assert create_channel(actor=lin, name="s\u0435cret").name == "#s\u0435cret"
    if like is None:
        assert create_channel(actor=lin, name=name).name == f"#{name}"
        return
    with pytest.raises(Conflict, match=f"looks like #{like}"):
        create_channel(actor=lin, name=name)
    own = create_channel(actor=lin, name="own").name
    with pytest.raises(Conflict, match=f"looks like #{like}"):
        update_channel(actor=lin, channel=own, name=name)
    assert update_channel(actor=sam, channel="#road-map", name="r0ad-map").name == "#r0ad-map"


def test_wide_letters_are_the_letters_they_stand_for(lin: Member) -> None:
    with pytest.raises(Conflict, match="#general exists already"):
        create_channel(actor=lin, name="\uff47\uff45neral")
    assert create_channel(actor=lin, name="\uff32oad").name == "#road"


def test_a_taken_name_is_a_conflict_that_does_not_tell_a_hidden_channel(
    lin: Member, sam: Member, vault: Channel
) -> None:
    with pytest.raises(Conflict, match="#general exists already"):
        create_channel(actor=sam, name="General")
    with pytest.raises(Conflict, match="#vault exists already"):
        create_channel(actor=lin, name="vault")
    with pytest.raises(Conflict, match="#vault cannot be used as a name"):
        create_channel(actor=sam, name="vault")
    assert Channel.objects.filter(name="vault").count() == 1


def test_a_creator_changes_a_channel_and_others_do_not(lin: Member, kay: Member) -> None:
    create_channel(actor=lin, name="plans", invite=["kay"])
    with pytest.raises(Forbidden):
        update_channel(actor=kay, channel="#plans", name="mine")
    shown = update_channel(actor=lin, channel="#plans", name="road-map", purpose="Next")
    assert (shown.name, shown.purpose) == ("#road-map", "Next")
    event = Event.objects.latest("seq")
    assert event.data["changed"] == {"name": ["plans", "road-map"], "purpose": ["", "Next"]}


def test_nothing_is_recorded_when_nothing_changes(lin: Member) -> None:
    create_channel(actor=lin, name="plans", purpose="Next")
    before = everything_in_the_database()
    update_channel(actor=lin, channel="#plans", name="Plans", purpose="Next", archived=False)
    join_channel(actor=lin, channel="#plans")
    set_notify(actor=lin, channel="#plans", notify="mentions")
    invite_to_channel(actor=lin, channel="#plans", members=["lin"])
    assert everything_in_the_database() == before


def test_an_admin_who_is_outside_a_private_channel_can_neither_see_nor_change_it(
    ada: Member, owner: Member, vault: Channel
) -> None:
    before = everything_in_the_database()
    for member in (ada, owner):
        all_refused(
            NotFound,
            partial(update_channel, actor=member, channel="#vault", archived=True),
            partial(remove_from_channel, actor=member, channel="#vault", member="kay"),
            partial(invite_to_channel, actor=member, channel="#vault", members=["ada"]),
            partial(join_channel, actor=member, channel="#vault"),
            partial(show_channel, actor=member, channel="#vault"),
            partial(show_channel, actor=member, channel=f"channel:{vault.pk}"),
        )
        assert "#vault" not in names(member)
    assert everything_in_the_database() == before


def test_an_admin_inside_can_change_and_remove(ada: Member, lin: Member, vault: Channel) -> None:
    invite_to_channel(actor=lin, channel="#vault", members=["ada"])
    update_channel(actor=ada, channel="#vault", purpose="Secrets")
    remove_from_channel(actor=ada, channel="#vault", member="kay")
    assert insiders("vault") == ["ada", "lin"]


def test_archiving_hides_a_channel_from_lists_and_keeps_its_history(
    lin: Member, kay: Member
) -> None:
    create_channel(actor=lin, name="plans")
    send_message(actor=lin, to="#plans", body="Remember the milk.")
    assert update_channel(actor=lin, channel="#plans", archived=True).archived
    assert "#plans" not in names(kay)
    assert "#plans" in names(kay, archived=True)
    with pytest.raises(Conflict, match="is archived"):
        join_channel(actor=kay, channel="#plans")
    assert read(actor=kay, where="#plans").items[0].body == "Remember the milk."
    assert search_messages(actor=kay, query="milk").items
    update_channel(actor=lin, channel="#plans", archived=False)
    assert join_channel(actor=kay, channel="#plans").joined


def test_general_stays_open(owner: Member, ada: Member) -> None:
    with pytest.raises(Conflict, match="stays open"):
        update_channel(actor=ada, channel="#general", archived=True)
    assert Channel.objects.get(name="general").archived_at is None


def test_a_newcomer_begins_with_nothing_unread_and_can_read_the_past(
    lin: Member, kay: Member
) -> None:
    create_channel(actor=lin, name="plans")
    for number in range(3):
        send_message(actor=lin, to="#plans", body=str(number))
    assert join_channel(actor=kay, channel="#plans").unread == 0
    assert len(read(actor=kay, where="#plans").items) == 3


def test_leaving_a_public_channel_keeps_it_in_sight(lin: Member) -> None:
    shown = leave_channel(actor=lin, channel="#general")
    assert (shown.joined, shown.notify) == (False, None)
    assert names(lin, joined=True) == []
    assert names(lin, joined=False) == ["#general"]
    with pytest.raises(Conflict, match="not in #general"):
        leave_channel(actor=lin, channel="#general")


def test_leaving_a_private_channel_hides_all_of_it(
    lin: Member, kay: Member, vault: Channel
) -> None:
    message = send_message(actor=lin, to="#vault", body="The code, @kay, is 0000.").id
    leave_channel(actor=kay, channel="#vault")
    inbox = check_inbox(actor=kay)
    assert (inbox.items, inbox.remaining, inbox.channels) == ([], 0, [])
    assert search_messages(actor=kay, query="code").items == []
    all_refused(
        NotFound,
        lambda: read(actor=kay, where="#vault"),
        lambda: read(actor=kay, where=f"thread:{message}"),
        lambda: list_channel_members(actor=kay, channel="#vault"),
        lambda: set_notify(actor=kay, channel="#vault", notify="all"),
    )


def test_what_was_in_the_inbox_leaves_with_the_right_to_it_and_comes_back_with_it(
    lin: Member, kay: Member, vault: Channel
) -> None:
    send_message(actor=lin, to="#vault", body="@kay: one.")
    handled = Delivery.objects.get()
    ack(actor=kay, deliveries=[handled.pk])
    send_message(actor=lin, to="#vault", body="@kay: two.")
    send_message(actor=lin, to="#general", body="@kay: three.")
    remove_from_channel(actor=lin, channel="#vault", member="kay")

    assert [item.message.body for item in check_inbox(actor=kay).items] == ["@kay: three."]
    with pytest.raises(NotFound):
        ack(actor=kay, deliveries=[Delivery.objects.get(message__body="@kay: two.").pk])
    handled.refresh_from_db()
    assert handled.withdrawn_at is None

    invite_to_channel(actor=lin, channel="#vault", members=["kay"])
    bodies = [item.message.body for item in check_inbox(actor=kay).items]
    assert sorted(bodies) == ["@kay: three.", "@kay: two."]


def test_inviting_is_all_or_nothing(lin: Member, sam: Member, rex: Member, vault: Channel) -> None:
    for members in (["sam", "nobody"], ["sam", "rex"]):
        with pytest.raises(AppError):
            invite_to_channel(actor=lin, channel="#vault", members=members)
    assert insiders("vault") == ["kay", "lin"]


def test_only_the_inside_invites(sam: Member, lin: Member) -> None:
    create_channel(actor=lin, name="plans")
    with pytest.raises(Conflict, match="not in #plans"):
        invite_to_channel(actor=sam, channel="#plans", members=["sam"])
    assert insiders("plans") == ["lin"]


@pytest.mark.parametrize("where", ["by name", "by id"])
def test_a_direct_conversation_stays_between_its_members(
    lin: Member, kay: Member, sam: Member, where: str
) -> None:
    send_message(actor=lin, to="@kay", body="Between us.")
    channel = Channel.objects.get(kind="direct")
    place = "@kay" if where == "by name" else f"channel:{channel.pk}"
    before = everything_in_the_database()
    all_refused(
        Conflict,
        lambda: invite_to_channel(actor=lin, channel=place, members=["sam"]),
        lambda: remove_from_channel(actor=lin, channel=place, member="kay"),
        lambda: leave_channel(actor=lin, channel=place),
        lambda: update_channel(actor=lin, channel=place, name="open"),
        lambda: join_channel(actor=lin, channel=place),
        match="stays between its members",
    )
    all_refused(
        NotFound,
        lambda: show_channel(actor=sam, channel=f"channel:{channel.pk}"),
        lambda: read(actor=sam, where=f"channel:{channel.pk}"),
        lambda: read(actor=sam, where="@lin,@kay"),
    )
    assert everything_in_the_database() == before


def test_lists_show_what_one_may_see_as_one_calls_it(
    lin: Member, kay: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    send_message(actor=lin, to="@kay,@sam", body="Hello.")
    assert names(lin) == ["#general", "#vault", "@kay,@sam"]
    assert names(sam) == ["#general", "@kay,@lin"]
    assert names(ada) == ["#general"]
    assert names(lin, query="vau") == ["#vault"]
    assert names(sam, query="#vault") == []
    assert names(lin, joined=True) == names(lin)
    assert names(lin, query="%") == []


def test_a_list_of_channels_pages_by_cursor(lin: Member) -> None:
    for number in range(5):
        create_channel(actor=lin, name=f"c{number}")
    seen: list[str] = []
    after = 0
    for left in (4, 2, 0):
        page = list_channels(actor=lin, limit=2, after=after)
        assert page.remaining == left
        seen += [channel.name for channel in page.items]
        after = int(page.cursor or 0)
    assert seen == ["#general", "#c0", "#c1", "#c2", "#c3", "#c4"]
    assert page.cursor is None


def test_members_of_a_channel_are_paged_by_handle(
    lin: Member, kay: Member, sam: Member, olga: Member
) -> None:
    seen: list[str] = []
    after = ""
    for left in (3, 1, 0):
        page = list_channel_members(actor=lin, channel="#general", limit=2, after=after)
        assert page.remaining == left
        seen += [member.handle for member in page.items]
        after = page.cursor or ""
    assert seen == ["kay", "lin", "olga", "owner", "sam"]


def test_unread_counts_are_arithmetic(lin: Member, kay: Member) -> None:
    for number in range(7):
        send_message(actor=lin, to="#general", body=str(number))
    (shown,) = (c for c in list_channels(actor=kay).items if c.name == "#general")
    assert (shown.unread, shown.last_seq, shown.read_seq) == (7, 7, 0)
    (own,) = (c for c in list_channels(actor=lin).items if c.name == "#general")
    assert own.unread == 0
