"""The part of a server process that wakes members: it hears of news, waits a moment, and tries.

Bursts coalesce: news within a moment make one try, and while a try is open no other is made. Rules
and memory are in `services.waking`; here is only what needs the event loop.
"""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Coroutine
from typing import Any

import orjson
from django.utils import timezone

from audit.listening import listening_routes
from audit.live import hub
from audit.topics import WAKE_PREFIX
from messaging import webhooks
from messaging.models import Route, WakeRoute
from messaging.services import waking
from messaging.services.waking import Try
from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)

GATHER_SECONDS = 0.25  # an agent that waits has its answer by then
GATHER_UNCONNECTED_SECONDS = 1.0  # who is connected to another process comes first
LOOK_SECONDS = 2.0  # between looks for tries that had no effect


class Waker:
    """Tries to wake members of this process's server, one try at a time for each."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()
        self._noted: set[int] = set()
        self._webhooks: set[int] = set()

    async def start(self) -> None:
        """Begin on the running loop, with what was left to do before."""
        self._noted.clear()
        hub.on_wake(self.note)
        self._spawn(self._look())

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    def note(self, topic: str) -> None:
        """Something arrived in an inbox. Quick, because every message comes through here."""
        pk = int(topic.removeprefix(WAKE_PREFIX))
        if pk in self._noted or not self._may_be_reached(pk):
            return
        self._noted.add(pk)
        seconds = GATHER_SECONDS if listening_routes(pk) else GATHER_UNCONNECTED_SECONDS
        asyncio.get_running_loop().call_later(seconds, self._begin, pk)

    def _may_be_reached(self, pk: int) -> bool:
        return pk in self._webhooks or bool(listening_routes(pk))

    def _begin(self, pk: int) -> None:
        self._noted.discard(pk)
        self._spawn(self._wake(pk))

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _look(self) -> None:
        """Now and then: who has a webhook, whose try had no effect, and what a stop left behind."""
        left = True
        while True:
            try:
                self._webhooks = await reads.arun(waking.webhook_members)
                due = set(await reads.arun(lambda: waking.due_members(timezone.now())))
                if left:
                    unseen = await reads.arun(waking.unseen_members)
                    due |= {pk for pk in unseen if self._may_be_reached(pk)}
                    left = False
                for pk in due - self._noted:
                    await self._wake(pk)
            except Exception:
                logger.exception("waking failed; it goes on in %s s", LOOK_SECONDS)
            await asyncio.sleep(LOOK_SECONDS)

    async def _wake(self, pk: int) -> None:
        try:
            job = functools.partial(waking.try_next, pk, listening_routes(pk), timezone.now())
            made = await lane.arun(functools.partial(run_write, job))
            if made is not None and made.route == Route.WEBHOOK:
                await self._call(pk, made)
        except Exception:
            logger.exception("member %s could not be woken", pk)

    async def _call(self, pk: int, made: Try) -> None:
        route = await reads.arun(lambda: WakeRoute.objects.get(member_id=pk, route=Route.WEBHOOK))
        secret = webhooks.secret_of(route.pk, made.secret_version)
        try:
            await webhooks.post(made.url, secret, f"wake_{made.id}", pointer(made))
        except webhooks.WebhookFailed as error:
            failed = functools.partial(waking.note_failure, made.id, str(error))
            await lane.arun(functools.partial(run_write, failed))


def pointer(made: Try) -> bytes:
    """The body of a wake: that something waits, and nothing of what it says."""
    data = {"deliveries": made.count, "up_to": made.up_to, "next": "GET /api/inbox/"}
    return orjson.dumps({"type": "inbox.wake", "data": data})


waker = Waker()
