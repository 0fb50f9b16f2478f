"""Waking an agent at once: the event stream followed, and one notice per burst of news.

Events are only hints that it is worth looking; the inbox says what is new, so that nothing is lost
or said twice however the stream breaks. A notice acknowledges nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import time
from collections import deque
from collections.abc import Callable
from contextlib import aclosing

from mcp_bridge.client.pipes import say
from mcp_bridge.client.protocol import Message, notification
from mcp_bridge.client.sse import Event
from mcp_bridge.client.telling import DATA, Item, counts, fences, items_of
from mcp_bridge.client.upstream import Away, Refused, Upstream, pause

METHOD = "notifications/claude/channel"
CAPABILITY = "claude/channel"
INSTRUCTIONS = (
    ' News of your inbox may reach you as <channel source="teammcp">: it points to what came, and'
    " acknowledges nothing. Call `check_inbox`, act, then `ack`."
)
ROUTE = "channel"
PAGE = {"limit": 20, "max_tokens": 800}
GATHER_SECONDS = 0.4  # a burst is over when nothing came for this long,
LONGEST_SECONDS = 2.0  # and is not waited for longer than this
SPACING_SECONDS = 3.0  # between two notices
AN_HOUR = 60  # notices at the most
POLL_SECONDS = 20.0  # for tokens that may not follow events
KEPT_IDS = 5_000
EXCERPT_CHARACTERS = 1_500
_CHANNEL_TAG = re.compile(r"<(?=\s*/?\s*channel\b)", re.IGNORECASE)


class Inbox:
    """Follows the events of a company for one member and tells what came into the inbox."""

    def __init__(self, upstream: Upstream, send: Callable[[Message], None]) -> None:
        self._upstream = upstream
        self._send = send
        self._hint = asyncio.Event()
        self._cursor = ""
        self._me = ("", 0)
        self._announced: deque[int] = deque(maxlen=KEPT_IDS)
        self._notices: deque[float] = deque()

    async def run(self) -> None:
        """Until cancelled, or until the token no longer holds."""
        telling = asyncio.ensure_future(self._tell())
        try:
            await self._follow()
        finally:
            telling.cancel()

    # Hints

    async def _follow(self) -> None:
        attempt = 0
        while True:
            try:
                if not self._me[0]:
                    me = await self._upstream.get("me/")
                    self._me = (str(me.get("handle")), int(me.get("id") or 0))
                async with aclosing(self._upstream.events(self._cursor)) as events:
                    async for event in events:
                        attempt = 0
                        self._note(event)
            except Away:
                pass
            except Refused as refused:
                if refused.status == 401 and not self._upstream.renewed():
                    say("the token is not valid any more: no notices")
                    return
                await self._without_events(refused)
            attempt += 1
            await pause(attempt)

    def _note(self, event: Event | None) -> None:
        """Look into the inbox when the stream opens, and when an event may concern it."""
        if event is None:
            self._hint.set()
            return
        self._cursor = event.id or self._cursor
        with contextlib.suppress(ValueError):
            known = json.loads(event.data)
            if isinstance(known, dict) and self._concerns(known):
                self._hint.set()

    def _concerns(self, event: Message) -> bool:
        handle, identity = self._me
        if event.get("actor") == handle:
            return False
        data = event.get("data")
        recipients = data.get("for") if isinstance(data, dict) else None
        if isinstance(recipients, list) and identity in recipients:
            return True
        return f"member-{identity}" in (event.get("topics") or ())

    async def _without_events(self, refused: Refused) -> None:
        """An expired cursor is thrown away; who may not follow events looks now and then."""
        self._cursor = ""
        self._hint.set()
        if refused.status == 403:
            await asyncio.sleep(POLL_SECONDS)

    # Notices

    async def _tell(self) -> None:
        while True:
            await self._hint.wait()
            await self._until_quiet()
            try:
                await self._look()
            except (Away, Refused):
                await asyncio.sleep(1.0)  # the stream breaks too, and hints when it is back
                continue
            await self._space()

    async def _until_quiet(self) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        while self._hint.is_set() and time.monotonic() < deadline:
            self._hint.clear()
            await asyncio.sleep(GATHER_SECONDS)
        self._hint.clear()

    async def _look(self) -> None:
        inbox = await self._upstream.get("inbox/", route=ROUTE, **PAGE)
        items = [item for item in items_of(inbox) if item.delivery not in self._announced]
        if not items:
            return
        self._announced.extend(item.delivery for item in items)
        self._notices.append(time.monotonic())
        self._send(notice(inbox, items))
        await self._upstream.report_wake(ROUTE, max(item.delivery for item in items))

    async def _space(self) -> None:
        """Leave the agent alone between two notices, longer when there were many."""
        now = time.monotonic()
        while self._notices and now - self._notices[0] > 3600:
            self._notices.popleft()
        if len(self._notices) >= AN_HOUR:
            await asyncio.sleep(3600 - (now - self._notices[0]))
        elif self._notices and now - self._notices[-1] < SPACING_SECONDS:
            await asyncio.sleep(SPACING_SECONDS - (now - self._notices[-1]))


def notice(inbox: Message, items: list[Item]) -> Message:
    """One notice about these items: how many, where to look, and how they begin, as data."""
    lines, cut = fences(items, characters=EXCERPT_CHARACTERS)
    what = "1 new item" if len(items) == 1 else f"{len(items)} new items"
    parts = [
        f"TeamMCP: {what} in your inbox ({counts(inbox)}). Call check_inbox, act, then ack. {DATA}",
        *lines,
    ]
    if cut:
        parts.append(f"{cut} more are not shown here.")
    content = _CHANNEL_TAG.sub("&lt;", "\n".join(parts))
    meta = {
        "kind": "inbox",
        "unread": str(len(inbox.get("items") or ()) + int(inbox.get("remaining") or 0)),
        "urgent": str(int(inbox.get("urgent") or 0)),
        "newest_delivery": str(max(item.delivery for item in items)),
    }
    return notification(METHOD, {"content": content, "meta": meta})
