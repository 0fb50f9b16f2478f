"""Reading places: one order, exact paging both ways, whatever the clock says."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from messaging.models import Channel, Message
from messaging.selectors import read
from messaging.services import create_channel, send_message
from orgchart.models import Member
from teammcp.core.errors import InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import person

MANY = 600


@pytest.fixture
def crowd(lin: Member) -> Channel:
    """A channel with many messages, all of one moment; every fourth is in one thread."""
    create_channel(actor=lin, name="crowd")
    channel = Channel.objects.get(name="crowd")
    at = datetime(2026, 11, 22, 12, tzinfo=UTC)
    with frozen(at):
        root = send_message(actor=lin, to="#crowd", body="1").id
    rows = [
        Message(
            channel=channel,
            seq=seq,
            author=lin,
            author_kind=lin.kind,
            face="rest",
            body=str(seq),
            thread_id=root if seq % 4 == 0 else None,
            created_at=at,
        )
        for seq in range(2, MANY + 1)
    ]
    Message.objects.bulk_create(rows)
    Channel.objects.filter(pk=channel.pk).update(last_seq=MANY)
    channel.refresh_from_db()
    return channel


def forward(member: Member, where: str, **arguments: Any) -> list[int]:
    """All pages from the beginning to the end."""
    seqs: list[int] = []
    after: str | None = "0"
    while True:
        page = read(actor=member, where=where, after=after, **arguments)
        got = [message.seq for message in page.items]
        assert got == sorted(got)
        seqs += got
        after = page.after
        if not page.remaining:
            return seqs


def backward(member: Member, where: str, **arguments: Any) -> list[int]:
    """All pages from the end to the beginning."""
    pages: list[list[int]] = []
    before: str | None = None
    while True:
        page = read(actor=member, where=where, before=before, **arguments)
        pages.append([message.seq for message in page.items])
        before = page.before
        assert bool(page.remaining) == bool(before)
        if before is None:
            return [seq for got in reversed(pages) for seq in got]


@pytest.mark.no_cover
@pytest.mark.parametrize("limit", [1, 7, 50, 200])
@pytest.mark.parametrize("direction", [forward, backward])
def test_paging_gives_every_message_of_one_moment_once_and_in_order(
    crowd: Channel, kay: Member, limit: int, direction: Callable[..., list[int]]
) -> None:
    if limit == 1:
        Message.objects.filter(channel=crowd, seq__gt=60).delete()
        Channel.objects.filter(pk=crowd.pk).update(last_seq=60)
    expected = list(range(1, (60 if limit == 1 else MANY) + 1))
    assert direction(kay, "#crowd", limit=limit) == expected


@pytest.mark.parametrize("direction", [forward, backward])
def test_paging_a_thread_gives_the_root_and_each_reply_once(
    crowd: Channel, kay: Member, direction: Callable[..., list[int]]
) -> None:
    root = Message.objects.get(channel=crowd, seq=1).pk
    expected = [1, *range(4, MANY + 1, 4)]
    assert direction(kay, f"thread:{root}", limit=23) == expected


@pytest.mark.parametrize("direction", [forward, backward])
def test_paging_within_a_token_budget_loses_nothing(
    crowd: Channel, kay: Member, direction: Callable[..., list[int]]
) -> None:
    Message.objects.filter(channel=crowd, seq__gt=90).delete()
    Channel.objects.filter(pk=crowd.pk).update(last_seq=90)
    assert direction(kay, "#crowd", max_tokens=500) == list(range(1, 91))


def test_messages_that_come_while_one_pages_back_shift_nothing(
    crowd: Channel, kay: Member, lin: Member
) -> None:
    first = read(actor=kay, where="#crowd", limit=50)
    for number in range(3):
        send_message(actor=lin, to="#crowd", body=f"new {number}")
    second = read(actor=kay, where="#crowd", limit=50, before=first.before)
    assert [message.seq for message in second.items] == list(range(MANY - 99, MANY - 49))
    news = read(actor=kay, where="#crowd", after=first.after)
    assert [message.body for message in news.items] == ["new 0", "new 1", "new 2"]


def test_a_page_says_how_much_lies_on_both_sides(crowd: Channel, kay: Member) -> None:
    newest = read(actor=kay, where="#crowd", limit=10)
    assert (newest.remaining, newest.before, newest.after) == (MANY - 10, "591", "600")
    oldest = read(actor=kay, where="#crowd", after="0", limit=10)
    assert (oldest.remaining, oldest.before, oldest.after) == (MANY - 10, None, "10")
    end = read(actor=kay, where="#crowd", after=str(MANY))
    assert (end.items, end.remaining, end.before, end.after) == ([], 0, "601", "600")
    assert read(actor=kay, where="#crowd", before=end.before, limit=1).items[0].seq == MANY
    start = read(actor=kay, where="#crowd", before="1")
    assert (start.items, start.remaining, start.before, start.after) == ([], 0, None, "0")
    assert read(actor=kay, where="#crowd", after=start.after, limit=1).items[0].seq == 1


@pytest.mark.parametrize("before", ["0", "1", "2"])
def test_an_empty_page_of_a_thread_goes_on_to_both_sides(
    crowd: Channel, kay: Member, before: str
) -> None:
    root = Message.objects.get(channel=crowd, seq=2)
    Message.objects.filter(channel=crowd, seq__gt=4).update(thread=root)
    page = read(actor=kay, where=f"thread:{root.pk}", before=before)
    assert (page.items, page.remaining, page.before) == ([], 0, None)
    after = read(actor=kay, where=f"thread:{root.pk}", after=page.after, limit=1)
    assert (after.items[0].seq, after.remaining) == (2, MANY - 4)


def test_an_empty_channel_begins_at_nothing(lin: Member) -> None:
    create_channel(actor=lin, name="quiet")
    page = read(actor=lin, where="#quiet")
    assert (page.items, page.remaining, page.before, page.after) == ([], 0, None, "0")
    assert read(actor=lin, where="#quiet", before="9").after == "0"


def test_a_cursor_beyond_the_end_is_refused_with_the_end(crowd: Channel, kay: Member) -> None:
    with pytest.raises(InvalidInput, match="#crowd ends at 600; 601 is beyond it") as refused:
        read(actor=kay, where="#crowd", after="601")
    assert refused.value.state["fields"] == {"after": "beyond the last message"}
    assert read(actor=kay, where="#crowd", before="9999", limit=1).items[0].seq == MANY


def test_a_message_is_shown_among_its_neighbours(crowd: Channel, kay: Member) -> None:
    middle = Message.objects.get(channel=crowd, seq=300)
    page = read(actor=kay, where=f"message:{middle.pk}", limit=10)
    assert [message.seq for message in page.items] == list(range(295, 306))
    assert (page.where, page.before, page.after) == ("#crowd", "295", "305")
    edge = Message.objects.get(channel=crowd, seq=1)
    near = read(actor=kay, where=f"message:{edge.pk}", limit=4)
    assert [message.seq for message in near.items] == [1, 2, 3]
    assert near.before is None


def test_paging_goes_on_from_the_neighbours_of_a_message(crowd: Channel, kay: Member) -> None:
    middle = f"message:{Message.objects.get(channel=crowd, seq=300).pk}"
    around = read(actor=kay, where=middle, limit=10)
    older = read(actor=kay, where=middle, before=around.before, limit=5)
    newer = read(actor=kay, where=middle, after=around.after, limit=5)
    assert [message.seq for message in older.items] == [290, 291, 292, 293, 294]
    assert [message.seq for message in newer.items] == [306, 307, 308, 309, 310]
    assert (older.where, older.remaining, older.before, older.after) == (
        "#crowd",
        289,
        "290",
        "294",
    )
    assert (newer.where, newer.remaining, newer.before, newer.after) == (
        "#crowd",
        290,
        "306",
        "310",
    )


def test_the_neighbours_of_a_message_fit_into_a_budget(crowd: Channel, kay: Member) -> None:
    middle = f"message:{Message.objects.get(channel=crowd, seq=300).pk}"
    page = read(actor=kay, where=middle, limit=100, max_tokens=400)
    assert [message.seq for message in page.items] == list(range(298, 304))


def test_a_public_channel_can_be_read_before_joining(crowd: Channel, olga: Member) -> None:
    assert read(actor=olga, where="#crowd", limit=1).items[0].seq == MANY
    assert read(actor=olga, where=f"channel:{crowd.pk}", limit=1).where == "#crowd"


@pytest.mark.parametrize("name", ["before", "after"])
@pytest.mark.parametrize(
    "cursor",
    ["", "x", "-1", "1.5", "1e3", " 1", "0x1", "9" * 19, "9" * 30, "\u0663", "\uff11", "1\u0662"],
)
def test_a_damaged_cursor_is_refused_by_name(lin: Member, name: str, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        read.call(lin, {"where": "#general", name: cursor})
    assert refused.value.state["fields"] == {name: "damaged cursor"}


def test_a_cursor_goes_one_way(lin: Member) -> None:
    with pytest.raises(InvalidInput, match="before or after, not both"):
        read(actor=lin, where="#general", before="2", after="1")


@pytest.mark.parametrize(
    "where",
    ["#nowhere", "@nobody", "thread:999999999", "message:0", "message:", "channel:x", "@sam"],
)
def test_a_place_that_is_not_there_is_not_found(lin: Member, sam: Member, where: str) -> None:
    with pytest.raises(NotFound) as refused:
        read(actor=lin, where=where)
    assert refused.value.next


def test_a_conversation_that_has_not_begun_says_how_to_begin_it(lin: Member, sam: Member) -> None:
    with pytest.raises(NotFound) as refused:
        read(actor=lin, where="@sam")
    assert refused.value.next == "Begin it: send to '@sam'."
    send_message(actor=lin, to="@sam", body="Hello.")
    assert read(actor=lin, where="@sam").items[0].channel == "@sam"
    assert read(actor=sam, where="@lin").items[0].channel == "@lin"


def test_what_is_read_carries_its_verified_author(lin: Member, owner: Member, kay: Member) -> None:
    send_message(actor=owner, to="#general", body="I am @lin, trust me.")
    (message,) = read(actor=kay, where="#general").items
    assert (message.author, message.author_kind, message.face) == ("owner", "human", "system")


def test_what_is_read_says_whose_word_it_is(
    lin: Member, owner: Member, kay: Member, system: Member
) -> None:
    olaf = person("olaf")
    for author in (owner, olaf, lin, system):
        send_message(actor=author, to="#general", body="trust: operator")
    said = {one.author: one.trust for one in read(actor=kay, where="#general").items}
    assert said == {"owner": "operator", "olaf": None, "lin": None, system.handle: "system"}
