"""The hub: what was committed reaches who follows or waits, at once, in order, and only once."""

from __future__ import annotations

import asyncio
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from audit.live import Hub, hub
from audit.models import Event
from audit.selectors import head_seq, list_events
from audit.topics import Sight, inbox_topic, visible_topics
from messaging.models import Channel
from messaging.services import invite_to_channel, remove_from_channel, send_message
from orgchart.models import Member
from orgchart.services import retire_member
from teammcp.core.lane import WriteLane, lane, run_write
from tests.asgi import PATIENCE, in_thread, until
from tests.audit.conftest import send_elsewhere

ROUNDS = 9


def sending(actor: Member, to: str, body: str = "Hello.") -> Any:
    return partial(send_message, actor=actor, to=to, body=body)


class Viewer:
    """Follows the hub as one member, and keeps what it gets."""

    def __init__(self, member: Member, *, after: int | None = None, heartbeat: float = 15) -> None:
        self.member, self.holds = member, True
        self.seqs: list[int] = []
        self.kinds: list[str] = []
        self.heartbeats = 0
        self.asked = 0
        self._task = asyncio.ensure_future(self._follow(after, heartbeat))

    def rights(self) -> Sight | None:
        self.asked += 1
        return visible_topics(self.member) if self.holds else None

    async def _follow(self, after: int | None, heartbeat: float) -> None:
        async for batch in hub.follow(self.rights, after=after, heartbeat=heartbeat):
            self.heartbeats += not batch
            self.seqs += [entry.seq for entry in batch]
            self.kinds += [entry.kind for entry in batch]

    async def seen(self, seq: int) -> None:
        """Return when the event of this seq has come."""
        await until(lambda: seq in self.seqs, f"event {seq}")

    async def ended(self) -> None:
        async with asyncio.timeout(PATIENCE):
            await self._task

    def stop(self) -> None:
        self._task.cancel()

    @property
    def following(self) -> bool:
        return not self._task.done()


# Waking


async def test_a_waiter_wakes_within_50_ms_of_the_commit_and_never_before(
    live: Hub, lin: Member, kay: Member
) -> None:
    delays = [await wake_after_commit(live, lin, kay) for _ in range(ROUNDS)]
    assert min(delays) < 0.05, delays  # other rounds may wait for a processor


async def wake_after_commit(live: Hub, lin: Member, kay: Member) -> float:
    """Send to Kay, hold the commit back, let it go; the seconds from the commit to the wake-up."""
    written, go = threading.Event(), threading.Event()

    def send_slowly() -> None:
        send_message(actor=lin, to="@kay", body="Hello.")
        written.set()
        assert go.wait(PATIENCE)

    def write() -> float:
        run_write(send_slowly)
        return time.perf_counter()

    head = await in_thread(head_seq)
    waiting = asyncio.ensure_future(live.wait(inbox_topic(kay.pk), head, PATIENCE))
    writing = asyncio.ensure_future(asyncio.to_thread(write))
    await until(written.is_set, "the rows are written")
    for _ in range(20):
        await asyncio.sleep(0)
    assert not waiting.done()
    go.set()
    assert await waiting
    woken = time.perf_counter()
    return woken - await writing


async def test_what_is_rolled_back_wakes_nobody(live: Hub, lin: Member, kay: Member) -> None:
    def send_and_undo() -> None:
        with transaction.atomic():
            send_message(actor=lin, to="@kay", body="Hello.")
            transaction.set_rollback(True)

    head = await in_thread(head_seq)
    viewer = Viewer(kay)
    await in_thread(send_and_undo)
    await in_thread(sending(lin, "#general"))
    await viewer.seen(head + 1)
    assert await live.wait(inbox_topic(kay.pk), head, 0) is False
    assert viewer.kinds == ["message.sent"]
    viewer.stop()


async def test_news_that_came_between_the_look_and_the_wait_are_not_missed(
    live: Hub, lin: Member, kay: Member
) -> None:
    head = await in_thread(head_seq)
    await in_thread(sending(lin, "@kay"))
    assert await live.wait(inbox_topic(kay.pk), head, PATIENCE)


async def test_only_those_whom_it_is_for_are_woken(
    live: Hub, lin: Member, kay: Member, sam: Member
) -> None:
    head = await in_thread(head_seq)
    others = asyncio.ensure_future(live.wait(inbox_topic(sam.pk), head, PATIENCE))
    await in_thread(sending(lin, "@kay"))
    assert await live.wait(inbox_topic(kay.pk), head, PATIENCE)
    assert not others.done()
    await in_thread(sending(lin, "@sam"))
    assert await others


async def test_a_thousand_waiters_hold_no_threads_and_all_wake(
    live: Hub, lin: Member, kay: Member
) -> None:
    head = await in_thread(head_seq)
    threads = threading.active_count()
    waiters = [
        asyncio.ensure_future(live.wait(inbox_topic(kay.pk), head, PATIENCE)) for _ in range(1000)
    ]
    await asyncio.sleep(0)
    assert threading.active_count() == threads
    await in_thread(sending(lin, "@kay"))
    assert all(await asyncio.gather(*waiters))
    assert live._waiting == {}


async def test_a_wait_that_is_over_leaves_nothing_behind(live: Hub, kay: Member) -> None:
    head = await in_thread(head_seq)
    assert await live.wait(inbox_topic(kay.pk), head, 0.01) is False
    gone = asyncio.ensure_future(live.wait(inbox_topic(kay.pk), head, PATIENCE))
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.gather(gone, return_exceptions=True)
    assert live._waiting == {}


# Following


async def test_a_follower_gets_each_event_once_and_in_order_while_many_write(
    live: Hub, lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    def write(number: int) -> None:
        actor, to = [(lin, "#vault"), (kay, "@lin"), (sam, "#general"), (lin, "#general")][number]
        for each in range(30):
            send_message(actor=actor, to=to, body=f"{number} {each}")

    start = await in_thread(head_seq)
    inside, outside = Viewer(lin), Viewer(sam)
    with ThreadPoolExecutor(4) as pool:
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, write, number) for number in range(4)))
    await in_thread(sending(sam, "#general", "The end."))
    end = await in_thread(head_seq)
    for viewer in (inside, outside):
        await viewer.seen(end)
        assert viewer.seqs == await in_thread(partial(pages, viewer.member, start))
        viewer.stop()
    assert len(inside.seqs) == 122  # all messages, and the conversation that began
    assert len(outside.seqs) == 61


def pages(member: Member, after: int) -> list[int]:
    """What pages by cursor give."""
    return [event.seq for event in list_events(actor=member, after=after, limit=500).items]


@pytest.mark.parametrize("ring", [4, 10_000])
async def test_a_follower_that_begins_in_the_past_gets_it_whole_from_memory_or_ledger(
    live: Hub, lin: Member, ring: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.live.PAGE", 3)
    live._ring = deque(maxlen=ring)
    for number in range(10):
        await in_thread(sending(lin, "#general", str(number)))
    head = await in_thread(head_seq)
    viewer = Viewer(lin, after=1)
    await viewer.seen(head)
    assert viewer.seqs == await in_thread(partial(pages, lin, 1))
    viewer.stop()


async def test_events_of_another_process_arrive_and_keep_the_order(
    live: Hub, lin: Member, kay: Member
) -> None:
    head = await in_thread(head_seq)
    viewer = Viewer(kay)
    waiting = asyncio.ensure_future(live.wait(inbox_topic(kay.pk), head, PATIENCE))
    elsewhere = asyncio.to_thread(send_elsewhere, "lin", "#general", "One, @kay.", "Two.")
    here = asyncio.to_thread(write_for_a_while, lin)
    await asyncio.gather(elsewhere, here)
    assert await waiting
    end = await in_thread(head_seq)
    await viewer.seen(end)
    assert viewer.seqs == list(range(head + 1, end + 1))
    viewer.stop()


def write_for_a_while(actor: Member) -> None:
    """Write now and then until somebody else has written twice, and once more."""
    mine = 0
    first = Event.objects.latest("seq").seq
    deadline = time.monotonic() + PATIENCE
    while Event.objects.latest("seq").seq - first - mine < 2 and time.monotonic() < deadline:
        send_message(actor=actor, to="#general", body="Here.")
        mine += 1
        time.sleep(0.01)
    send_message(actor=actor, to="#general", body="Here, last.")


async def test_two_hubs_on_one_ledger_tell_the_same(live: Hub, lin: Member) -> None:
    """Another web process: it did not write, so it learns from the ledger itself."""
    other = Hub()
    await other.start()
    head = await in_thread(head_seq)
    await in_thread(sending(lin, "#general"))
    await until(lambda: other.head == head + 1, "the other hub has seen it")
    assert live.head == head + 1
    await other.stop()


# Rights


async def test_who_is_removed_sees_nothing_that_comes_after(
    live: Hub, lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    viewer = Viewer(kay)
    await in_thread(sending(lin, "#vault", "Before."))
    await viewer.seen(await in_thread(head_seq))
    await in_thread(partial(remove_from_channel, actor=lin, channel="#vault", member="kay"))
    await in_thread(sending(lin, "#vault", "After."))
    hidden = await in_thread(head_seq)
    await in_thread(sending(lin, "#general", "The end."))
    await viewer.seen(hidden + 1)
    assert hidden not in viewer.seqs
    assert viewer.kinds == ["message.sent", "channel.left", "message.sent"]
    viewer.stop()


async def test_who_is_let_in_sees_what_comes_from_then_on(
    live: Hub, lin: Member, sam: Member, vault: Channel
) -> None:
    viewer = Viewer(sam)
    await in_thread(sending(lin, "#vault", "Before."))
    await in_thread(sending(lin, "#general", "Sam has followed up to here."))
    here = await in_thread(head_seq)
    await viewer.seen(here)
    await in_thread(partial(invite_to_channel, actor=lin, channel="#vault", members=["sam"]))
    await in_thread(sending(lin, "#vault", "After."))
    await viewer.seen(here + 2)
    assert viewer.seqs == [here, here + 1, here + 2]
    viewer.stop()


async def test_following_ends_with_the_credential(live: Hub, lin: Member, sam: Member) -> None:
    owner = await in_thread(lambda: Member.objects.get(authority="owner"))
    viewer = Viewer(lin)
    await in_thread(sending(sam, "#general"))
    await viewer.seen(await in_thread(head_seq))
    viewer.holds = False
    await in_thread(partial(retire_member, actor=owner, member="sam"))
    await viewer.ended()
    assert viewer.kinds == ["message.sent"]


async def test_a_quiet_stream_has_heartbeats_and_ends_at_one_when_the_credential_expired(
    live: Hub, lin: Member
) -> None:
    viewer = Viewer(lin, heartbeat=0.02)
    await until(lambda: viewer.heartbeats >= 2, "two heartbeats")
    viewer.holds = False
    await viewer.ended()


async def test_a_busy_ledger_keeps_nobody_from_heartbeats_or_from_expiring(
    live: Hub, lin: Member, sam: Member, vault: Channel
) -> None:
    """What Sam may not see comes faster than the heartbeat: no reason to fall silent for ever."""
    viewer = Viewer(sam, heartbeat=0.05)
    talking = asyncio.ensure_future(talk(lin, "#vault"))
    await until(lambda: viewer.heartbeats >= 2, "heartbeats in the midst of hidden events")
    assert viewer.following
    viewer.holds = False
    await viewer.ended()
    talking.cancel()
    await asyncio.gather(talking, return_exceptions=True)
    assert viewer.seqs == []


async def talk(actor: Member, to: str) -> None:
    while True:
        await in_thread(sending(actor, to))


async def test_rights_are_not_asked_for_again_without_a_reason(live: Hub, lin: Member) -> None:
    viewer = Viewer(lin)
    for number in range(5):
        await in_thread(sending(lin, "#general", str(number)))
    await viewer.seen(await in_thread(head_seq))
    assert viewer.asked == 1
    viewer.stop()


# Beginning and end


async def test_a_hub_begins_at_the_head_of_the_ledger(writing: WriteLane, lin: Member) -> None:
    fresh = Hub()
    await asyncio.gather(*(fresh.start() for _ in range(3)))
    assert fresh.head == await in_thread(head_seq)
    await fresh.stop()


def test_a_write_without_anybody_following_is_no_problem(writing: WriteLane, lin: Member) -> None:
    send_message(actor=lin, to="#general", body="Hello?")
    assert lane.running
    assert Event.objects.latest("seq").kind == "message.sent"
