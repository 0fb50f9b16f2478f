"""The live socket of the dashboard: what happened, as ids and topics; pages fetch the rest."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from functools import partial
from importlib import import_module
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import orjson
from channels.generic.websocket import AsyncWebsocketConsumer
from django.conf import settings
from django.contrib.auth import get_user

from audit import ephemeral
from audit.entries import Entry
from audit.ephemeral import News, told
from audit.listening import PAGE, watching
from audit.live import hub
from audit.topics import Sight, inbox_topic, visible_topics
from teammcp.core.cursors import number_in

logger = logging.getLogger(__name__)
ASIDES = 20  # kept for a page that does not read
SIGNED_OUT = 4401
RESTARTING = 1012


class LiveConsumer(AsyncWebsocketConsumer):
    """Follows the ledger for one page, from the event that the page was drawn at.

    Sends `[{"seq", "kind", "topics"}, ...]` per batch. Nothing is accepted from the page.
    """

    following: asyncio.Task[None] | None = None
    sight: Sight | None = None  # until the first look at the rights nothing goes out

    @property
    def _member(self) -> Any:
        return self.scope["user"]

    async def connect(self) -> None:
        await self.accept()  # first, so that a close code reaches the page
        if not self._member.is_authenticated:
            await self.close(SIGNED_OUT)
            return
        self.following = asyncio.ensure_future(self._follow())

    async def disconnect(self, code: int) -> None:
        if self.following is not None:
            self.following.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.following

    async def receive(self, text_data: Any = None, bytes_data: Any = None) -> None:
        """The page has nothing to say here."""

    async def _follow(self) -> None:
        inbox = inbox_topic(self._member.pk)
        asides: asyncio.Queue[News] = asyncio.Queue(ASIDES)
        try:
            with watching(self._member.pk, PAGE), told(partial(_keep, asides)):
                aside = asyncio.ensure_future(self._pass_on(asides))
                try:
                    async for batch in hub.follow(self._rights, after=self._after()):
                        await self.send(bytes_data=None, text_data=frame(batch, inbox))
                finally:
                    aside.cancel()
        except Exception:
            logger.exception("a live socket ended with an error")
            await self.close(1011)
            return
        await self.close(RESTARTING if hub.released else SIGNED_OUT)

    async def _pass_on(self, asides: asyncio.Queue[News]) -> None:
        """What is in no ledger, as an object; events come as lists."""
        while True:
            news, sight = await asides.get(), self.sight
            if sight is not None and (seen := ephemeral.seen_by(news, sight.hidden)):
                await self.send(bytes_data=None, text_data=orjson.dumps(seen).decode())

    def _after(self) -> int | None:
        """The cursor of the page; one beyond the ledger is of another life of it, and ignored."""
        query = parse_qs(self.scope["query_string"].decode("ascii", "ignore"))
        after = query.get("after", [""])[0]
        known = number_in(after)
        return known if known is not None and known <= hub.head else None

    def _rights(self) -> Sight | None:
        """What the session may see now; None once it has ended. Runs in the read pool."""
        engine = import_module(settings.SESSION_ENGINE)
        session = engine.SessionStore(self.scope["session"].session_key)
        member: Any = get_user(SimpleNamespace(session=session))  # type: ignore[arg-type]
        if not member.is_authenticated or not member.has_scope("audit:read"):
            return None
        self.sight = visible_topics(member)
        return self.sight


def _keep(asides: asyncio.Queue[News], news: News) -> None:
    """For a page that reads too slowly the newest is enough: it asks anew when it comes back."""
    if asides.full():
        asides.get_nowait()
    asides.put_nowait(news)


def frame(batch: Iterable[Entry], inbox: str) -> str:
    """A batch as the page reads it. One's own inbox is a topic here; other wake-ups are not."""
    events = [
        {
            "seq": entry.seq,
            "kind": entry.kind,
            "topics": [*sorted(entry.audiences), *(["inbox"] if inbox in entry.topics else [])],
        }
        for entry in batch
    ]
    return orjson.dumps(events).decode()
