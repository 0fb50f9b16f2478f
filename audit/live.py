"""The hub: what was committed reaches everybody who follows or waits, in ledger order.

One hub per process and event loop. It keeps the newest events in a ring that all viewers share, so
that a reader who stalls costs no memory: a viewer is only a cursor. Events of this process arrive
from `ledger.record` after commit; those of other processes (job workers, commands, more web
workers) through the tail, which asks the ledger for its head a few times a second. Because seq has
no gaps, the hub knows when it missed something, and reads it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractContextManager, nullcontext

from audit import ledger
from audit.entries import Entry
from audit.listening import WAIT, watching
from audit.selectors import entries_after, head_seq
from audit.topics import WAKE_PREFIX, Sight
from teammcp.core.cursors import number_in
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)

RING = 10_000  # events kept in memory; who lags further behind reads the ledger
PAGE = 500  # events per read of the ledger, and per batch to a viewer
TAIL_SECONDS = 0.25
GATHER_SECONDS = 0.001  # followers are woken this long after news, so that answers go out first
PAUSE_SECONDS = 0.01  # and not again before this time is over: a busy server wakes them for batches

Woken = Callable[[str], None]
Rights = Callable[[], Sight | None]
Note = Callable[[Entry | None], None]
ACCESS = ""  # stands for the topics of all events that change anybody's access


class Hub:
    """Distributes committed events to the viewers of this process."""

    def __init__(self) -> None:
        self._loop: asyncio.AbstractEventLoop | None = None
        self._incoming: deque[Entry] = deque()
        self._tasks: list[asyncio.Task[None]] = []
        self._wake_listeners: list[Woken] = []
        self._started: asyncio.Future[None]
        self._behind: asyncio.Future[None] | None = None
        self._reset(0)

    def _reset(self, head: int) -> None:
        self.head = head
        self.access_seq: int | None = None
        self._ring: deque[Entry] = deque(maxlen=RING)
        self._woken: dict[str, int] = {}
        self._waiting: dict[str, set[asyncio.Future[None]]] = {}
        self._news: set[asyncio.Future[None]] = set()
        self._watching: dict[str, set[Note]] = {}
        self._ready = self._scheduled = self._gathering = False
        self.released = False
        self._told = 0.0
        self._catching_up = asyncio.Lock()

    async def start(self) -> None:
        """Attach to the running loop. Every entry point calls it; only the first call works."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            self._loop = loop
            self._reset(0)
            self._started = asyncio.ensure_future(self._begin())
        await asyncio.shield(self._started)

    async def _begin(self) -> None:
        self.head = self.access_seq = await reads.arun(head_seq)
        self._ready = True
        self._tasks = [asyncio.ensure_future(self._tail())]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks, self._loop = [], None

    def release(self) -> None:
        """The server is about to stop: answer all who wait and end all streams, so that none of
        them has to be broken off. From now on nobody waits."""
        self.released = True
        for waiters in [self._news, *self._waiting.values()]:
            for waiter in waiters:
                _settle(waiter)
        for note in set().union(*self._watching.values()):
            note(None)

    # What comes in

    def committed(self, entry: Entry) -> None:
        """Called after commit, from whichever thread committed."""
        loop = self._loop
        if loop is None or loop.is_closed():
            return
        if entry.changes_access:
            self._note_access(entry.seq)
        self._incoming.append(entry)
        if not self._scheduled:
            self._scheduled = True
            try:
                loop.call_soon_threadsafe(self._drain)
            except RuntimeError:  # the loop closed meanwhile: nobody is left to tell
                self._scheduled = False

    def _drain(self) -> None:
        self._scheduled = False
        while self._incoming:
            entry = self._incoming.popleft()
            if not self._ready:  # what the first look at the ledger misses, the tail finds
                continue
            if entry.seq == self.head + 1:
                self._push(entry)
            elif entry.seq > self.head:  # another process wrote in between
                self._behind = asyncio.ensure_future(self.catch_up())
        self._announce()

    async def catch_up(self) -> None:
        """Read what the ledger has beyond our head."""
        async with self._catching_up:
            while entries := await reads.arun(lambda: entries_after(self.head, PAGE)):
                for entry in entries:  # a gap here is the verifier's business
                    if entry.seq > self.head:
                        self._push(entry)
                self._announce()

    def _note_access(self, seq: int) -> None:
        """Known before the one who caused it is answered: what is kept of rights is now stale."""
        if self.access_seq is not None:
            self.access_seq = max(self.access_seq, seq)

    def on_wake(self, listener: Woken) -> None:
        """Call this on the loop with each wake-up topic, as its events arrive. It must be quick."""
        if listener not in self._wake_listeners:
            self._wake_listeners.append(listener)

    @property
    def follows(self) -> bool:
        """Whether this process hears of what others write."""
        return self._loop is not None and self._ready

    @property
    def access_mark(self) -> tuple[int | None, int]:
        """Moves when anybody's access changes, already before that is committed."""
        return self.access_seq, ledger.access_changes

    def woken(self, topic: str) -> int:
        """The seq of the newest event that woke this topic; 0 for none."""
        return self._woken.get(topic, 0)

    def _push(self, entry: Entry) -> None:
        self.head = entry.seq
        if entry.changes_access:
            self._note_access(entry.seq)
        self._ring.append(entry)
        if self._watching:
            self._tell_watchers(entry)
        for topic in entry.topics:
            if topic.startswith(WAKE_PREFIX):
                self._woken[topic] = entry.seq
                for waiter in self._waiting.pop(topic, ()):
                    _settle(waiter)
                for listener in self._wake_listeners:
                    listener(topic)

    def _tell_watchers(self, entry: Entry) -> None:
        for topic in [*entry.topics, *([ACCESS] if entry.changes_access else [])]:
            for note in tuple(self._watching.get(topic, ())):
                note(entry)

    def _announce(self) -> None:
        if self._news and not self._gathering and self._loop is not None:
            self._gathering = True
            due = max(self._loop.time() + GATHER_SECONDS, self._told + PAUSE_SECONDS)
            self._loop.call_at(due, self._tell_followers, due)

    def _tell_followers(self, now: float) -> None:
        self._gathering = False
        self._told = now
        news, self._news = self._news, set()
        for waiter in news:
            _settle(waiter)

    async def _tail(self) -> None:
        while True:
            await asyncio.sleep(TAIL_SECONDS)
            try:
                if await reads.arun(head_seq) > self.head:
                    await self.catch_up()
            except Exception:
                logger.exception("the ledger could not be read; trying again")

    # What goes out

    async def wait(self, topic: str, after: int, seconds: float) -> bool:
        """Wait until an event wakes `topic` with a seq beyond `after`. False at the time-out.

        Costs a future and a timer: no thread, no connection. Nothing is missed between a read that
        saw the ledger up to `after` and this call.
        """
        await self.start()
        if self._woken.get(topic, 0) > after:
            return True
        if self.released:
            return False
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(topic, set()).add(waiter)
        try:
            with _waiting(topic):
                async with asyncio.timeout(seconds):
                    await waiter
        except TimeoutError:
            return False
        finally:
            waiters = self._waiting.get(topic)
            if waiters is not None:
                waiters.discard(waiter)
                if not waiters:
                    self._waiting.pop(topic, None)
        return self._woken.get(topic, 0) > after

    def watch(self, topics: Iterable[str], note: Note) -> Callable[[], None]:
        """Call `note` with each event on one of these topics, as it comes and in order; with None
        when the server is about to stop. Returns how to end it. For those whom few events concern:
        the others cost them nothing. Nothing here asks whether they may see the event."""
        watched = frozenset(topics)
        for topic in watched:
            self._watching.setdefault(topic, set()).add(note)

        def end() -> None:
            for topic in watched:
                notes = self._watching.get(topic, set())
                notes.discard(note)
                if not notes:
                    self._watching.pop(topic, None)

        return end

    async def follow(
        self, rights: Rights, *, after: int | None = None, heartbeat: float = 15
    ) -> AsyncIterator[list[Entry]]:
        """The events that a viewer may see, from its cursor on, in batches; [] as a heartbeat.

        `rights` says which topics the viewer may read now, or None when the credential no longer
        holds, which ends the stream. It is asked again whenever an event changes somebody's access,
        and after each `heartbeat` seconds however busy the ledger is: a credential may expire.
        """
        await self.start()
        clock = asyncio.get_running_loop().time
        cursor = self.head if after is None else after
        visible = await reads.arun(rights)
        asked = told = clock()
        while visible is not None and not self.released:
            if self.head - cursor < PAGE:  # who lags behind does not wait
                await self._wait_for_news(cursor, max(0, told + heartbeat - clock()))
            batch = await self._batch(cursor)
            if clock() - asked >= heartbeat or any(entry.changes_access for entry in batch):
                visible, asked = await reads.arun(rights), clock()
                if visible is None:
                    return
            if batch:
                cursor = batch[-1].seq
            seen = [entry for entry in batch if entry.visible_to(visible)]
            if seen or clock() - told >= heartbeat:
                told = clock()
                yield seen

    async def _batch(self, cursor: int) -> list[Entry]:
        if cursor >= self.head:
            return []
        if not self._ring or self._ring[0].seq > cursor + 1:
            return await reads.arun(lambda: entries_after(cursor, PAGE))
        missing = self.head - cursor
        if missing > RING // 10:  # indexing far into a deque is slow; read pages instead
            return await reads.arun(lambda: entries_after(cursor, PAGE))
        ring = self._ring
        return [ring[index] for index in range(-missing, 0)][:PAGE]

    async def _wait_for_news(self, cursor: int, seconds: float) -> None:
        """Wait until followers are told of news, or until the time is over. The same future serves
        both: a time-out for each wait of each follower would cost more than the wait."""
        if self.released:
            return
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[None] = loop.create_future()
        self._news.add(waiter)
        alarm = loop.call_later(seconds, _settle, waiter)
        if self.head > cursor:
            self._announce()
        try:
            await waiter
        finally:
            alarm.cancel()
            self._news.discard(waiter)


def _waiting(topic: str) -> AbstractContextManager[None]:
    """Who waits on an inbox is there."""
    number = number_in(topic.removeprefix(WAKE_PREFIX)) if topic.startswith(WAKE_PREFIX) else None
    return nullcontext() if number is None else watching(number, WAIT)


def _settle(waiter: asyncio.Future[None]) -> None:
    if not waiter.done():
        waiter.set_result(None)


hub = Hub()
