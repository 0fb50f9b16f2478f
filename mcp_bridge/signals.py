"""What a listener is told: which of its addresses changed. One rule for both eras.

When listening begins, and whenever an address becomes readable again, the address is signalled
once: read it now, for something may have changed unseen. From then on each change is signalled at
once, and further ones that follow within half a second together. What a listener may read is asked
again before the next signal whenever the ledger says that somebody's access changed. An address
that can no longer be read is signalled for a last time, since reading it shows that it is gone.

While nothing happens a listener costs a future and a timer: no thread, no connection, no query.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Self

from django.db import DatabaseError

from audit.entries import Entry
from audit.listening import listening
from audit.live import ACCESS, PAGE, hub
from audit.selectors import entries_after
from audit.topics import WAKE_PREFIX
from mcp_bridge import events
from mcp_bridge.resources import address_of
from messaging.models import Route
from orgchart.models import Member
from teammcp.core.errors import AppError
from teammcp.core.reads import reads
from teammcp.core.resources import Changes

logger = logging.getLogger(__name__)
INTERVAL = 0.5  # seconds between two signals of one address
RECHECK = 1.0  # seconds between two looks at rights while nothing is to be signalled
HEARTBEAT = 15.0  # seconds between signs of life, and after which the credential is asked again


@dataclass(frozen=True, slots=True)
class Signal:
    """An address to be read again."""

    uri: str
    cursor: int
    """all that happened up to this event has been signalled"""


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a look found: who listens, and what of the addresses they may read."""

    member: Member
    wanted: Sequence[str]
    readable: dict[str, Changes]
    refusal: AppError | None


class Signals:
    """One listener. `async with Signals(...) as signals: async for signal in signals.told(): ...`

    `who` gives the member anew, None when the credential no longer holds; `uris` gives the
    addresses. Both are called in the read pool.
    """

    def __init__(
        self,
        who: Callable[[], Member | None],
        uris: Callable[[], Sequence[str]],
        *,
        member: Member,
        session: str = "",
        after: int | None = None,
    ) -> None:
        self._who, self._uris, self._session, self._after = who, uris, session, after
        self._member = member
        self._watched: dict[str, Changes] = {}
        self._unsaid: dict[str, int] = {}  # from an address to its first event not yet signalled
        self._said: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._open = self._stale = True
        self._looked = 0.0
        self._unwatch: Callable[[], None] = lambda: None
        self._connected = ExitStack()
        self._wakes = False
        self.refusal: AppError | None = None

    @property
    def readable(self) -> list[str]:
        """The addresses that are listened to."""
        return list(self._watched)

    async def __aenter__(self) -> Self:
        await hub.start()
        self._watch()
        try:
            await self._look()
            if self._after is not None:
                await self._resume(self._after)
        except BaseException:
            self._leave()
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._leave()

    def _leave(self) -> None:
        self._unwatch()
        self._connected.close()

    def end(self) -> None:
        """Tell the listener that it is over."""
        self._open = False
        self._wake.set()

    async def told(self) -> AsyncIterator[Signal | None]:
        """Signals as they fall due; None as a sign of life. Ends with the credential, with the
        server, and, but for a session, with the last address that can be read."""
        clock = asyncio.get_running_loop().time
        spoken = clock()
        while self._open and not hub.released:
            self._wake.clear()
            now = clock()
            uri = self._due(now)
            if self._must_look(now, due=uri is not None):
                await self._look()
            elif uri is not None:
                yield self._signal(uri, now)
                self._account(uri)
                spoken = clock()
            elif self._unsaid or now - spoken < HEARTBEAT:
                await self._pause(min(spoken + HEARTBEAT, *self._alarms()) - now)
            else:
                yield None
                spoken = clock()

    def _due(self, now: float) -> str | None:
        return next((uri for uri in self._unsaid if self._when(uri) <= now), None)

    def _when(self, uri: str) -> float:
        return self._said.get(uri, -INTERVAL) + INTERVAL

    def _must_look(self, now: float, *, due: bool) -> bool:
        since = now - self._looked
        return since >= HEARTBEAT or (self._stale and (due or since >= RECHECK))

    def _alarms(self) -> list[float]:
        """When there is something to do next, if nothing happens until then."""
        alarms = [self._when(uri) for uri in self._unsaid]
        return [*alarms, self._looked + (RECHECK if self._stale else HEARTBEAT)]

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(0.0, seconds)):
                await self._wake.wait()
        except TimeoutError:
            pass

    def _signal(self, uri: str, now: float) -> Signal:
        del self._unsaid[uri]
        self._said[uri] = now
        return Signal(uri, min(self._unsaid.values()) - 1 if self._unsaid else hub.head)

    def _account(self, uri: str) -> None:
        """After a signal has gone out: it may have been the last."""
        if uri not in self._watched:
            self._said.pop(uri, None)
            self._open = bool(self._watched or self._unsaid or self._session)

    # What happens

    def _note(self, entry: Entry | None) -> None:
        """Called by the hub with each event that may concern this listener."""
        if entry is None:
            self.end()
            return
        self._stale = self._stale or entry.changes_access or self._resubscribed(entry)
        for uri, changes in self._watched.items():
            if uri not in self._unsaid and changes.by(entry):
                self._unsaid[uri] = entry.seq
        if self._unsaid or self._stale:
            self._wake.set()

    def _resubscribed(self, entry: Entry) -> bool:
        kinds = {events.SUBSCRIBED, events.UNSUBSCRIBED}
        return entry.kind in kinds and entry.data.get("session") == self._session

    def _watch(self) -> None:
        own = {f"member-{self._member.pk}"} if self._session else set()
        topics = own.union({ACCESS}, *(changes.topics for changes in self._watched.values()))
        wakes = any(topic.startswith(WAKE_PREFIX) for topic in topics)  # a way to wake this member
        if wakes != self._wakes:
            self._connected.close()
            self._wakes = wakes
            if wakes:
                self._connected.enter_context(listening(self._member.pk, Route.SUBSCRIPTION))
        self._unwatch()
        self._unwatch = hub.watch(topics, self._note)

    async def _resume(self, after: int) -> None:
        """Signal only what changed after this event, where so much can still be told."""
        marked, self._unsaid = self._unsaid, {}
        missed = await reads.arun(partial(entries_after, after, PAGE))
        if after > hub.head or len(missed) == PAGE:
            self._unsaid = marked
            return
        for entry in missed:
            self._note(entry)

    # What may be read

    async def _look(self) -> None:
        resolve, self._stale = self._stale, False  # what happens while this runs must count
        try:
            seen = await reads.arun(partial(self._see, resolve))
        except DatabaseError:
            logger.exception("what a listener may read could not be asked; trying again")
            self._stale = self._stale or resolve
            await asyncio.sleep(RECHECK)
            return
        finally:
            self._looked = asyncio.get_running_loop().time()
        if seen is None:
            self._open = False
            return
        self._member = seen.member
        if resolve:
            self.refusal = seen.refusal
            self._adopt(seen)

    def _see(self, resolve: bool) -> _Seen | None:  # noqa: FBT001
        member = self._who()
        if member is None:
            return None
        wanted = self._uris() if resolve else ()
        readable: dict[str, Changes] = {}
        refusal = None
        for uri in wanted:
            try:
                readable[uri] = address_of(uri).changes(member)
            except AppError as error:
                refusal = refusal or error
        return _Seen(member, wanted, readable, refusal)

    def _adopt(self, seen: _Seen) -> None:
        before, self._watched = self._watched, seen.readable
        for uri, changes in seen.readable.items():
            if uri not in before or before[uri].topics != changes.topics:
                self._unsaid.setdefault(uri, hub.head)
        for uri in before.keys() - seen.readable.keys():
            self._said.pop(uri, None)
            if uri in seen.wanted:
                self._unsaid.setdefault(uri, hub.head)
            else:
                self._unsaid.pop(uri, None)
        self._watch()
