"""Permission prompts of Claude Code, relayed into the company's queue.

While its own prompt is open on the screen, Claude Code also tells channels of it, and takes the
first answer that comes. What it tells is a preview: the input may be cut, and is marked as such in
the queue. A verdict goes back only where people have decided, now or beforehand. When the server is
away, no policy is about it or nobody decides, nothing is sent and the prompt on the screen stays.
"""

from __future__ import annotations

import asyncio
import contextlib
import uuid
from collections.abc import Callable
from typing import Any

from mcp_bridge.client.pipes import say
from mcp_bridge.client.protocol import Message, notification
from mcp_bridge.client.upstream import Away, Refused, Upstream, pause

ASKED = "notifications/claude/channel/permission_request"
ANSWERED = "notifications/claude/channel/permission"
CAPABILITY = "claude/channel/permission"
PREVIEW = "preview_only"
"""the field of the input under which the queue knows a preview from the real input"""
WAIT_SECONDS = 30  # of one call; below the silence after which the server counts as away
MOST_OPEN = 50
LEAVING_SECONDS = 1.0
DECIDED = {"executed": "allow", "declined": "deny", "changes_requested": "deny"}


class Relay:
    """The prompts of one client that are open."""

    def __init__(self, upstream: Upstream, send: Callable[[Message], None]) -> None:
        self._upstream = upstream
        self._send = send
        self._session = uuid.uuid4().hex[:12]  # the names of prompts are short and come again
        self._open: dict[str, str] = {}
        """by the client's name of a prompt, the request that it became, once that is known"""

    async def asked(self, prompt: Message) -> None:
        """Take one prompt to the people, and their verdict back. Ends without one too."""
        identity, tool = prompt.get("request_id"), prompt.get("tool_name")
        if not (isinstance(identity, str) and isinstance(tool, str) and identity and tool):
            return
        if identity in self._open or len(self._open) >= MOST_OPEN:
            return
        self._open[identity] = ""
        try:
            behavior = await self._verdict(identity, tool, prompt)
        except Refused as refused:
            say(f"the prompt {identity} was not taken to the queue: {refused}")
            return
        finally:
            del self._open[identity]
        if behavior:
            self._send(notification(ANSWERED, {"request_id": identity, "behavior": behavior}))

    async def _verdict(self, identity: str, tool: str, prompt: Message) -> str:
        """ "allow" or "deny" as people decided, "" where they did not."""
        call = f"{self._session}-{identity}"
        given = {PREVIEW: _text(prompt, "input_preview"), "call": call}
        if described := _text(prompt, "description"):
            given["description"] = described
        asking = {"tool_name": tool[:200], "input": given, "tool_use_id": call}
        answer = await self._patiently(lambda: self._upstream.post("approvals/permission/", asking))
        request = answer.get("request")
        if not isinstance(request, str):  # allowed beforehand, or by no policy to be answered
            return "allow" if answer.get("behavior") == "allow" else ""
        self._open[identity] = request
        status = await self._end_of(request)
        if status == "executed":  # taken, so that the ledger says that it was used
            await self._patiently(lambda: self._upstream.post("approvals/permission/", asking))
        return DECIDED.get(status, "")

    async def _end_of(self, request: str) -> str:
        asked: Message = {"request": request, "wait_seconds": WAIT_SECONDS}
        while True:
            found = await self._patiently(
                lambda: self._upstream.get("approvals/progress/", **asked)
            )
            status = str(found.get("status"))
            if status not in {"open", "approved"}:
                return status

    async def _patiently(self, once: Callable[[], Any]) -> Message:
        """Over restarts of the server: the prompt on the screen is there all the while."""
        attempt = 0
        while True:
            try:
                answer: Message = await once()
                return answer
            except Away:
                await pause(attempt)
                attempt += 1

    async def leave(self) -> None:
        """The client goes: take back what still waits, as far as there is time for that."""
        reason = "The client that asked has ended."
        bodies = [{"request": name, "reason": reason} for name in self._open.values() if name]
        taken = (self._upstream.post("approvals/withdraw/", body) for body in bodies)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LEAVING_SECONDS):
                await asyncio.gather(*taken, return_exceptions=True)


def _text(prompt: Message, name: str) -> str:
    found = prompt.get(name)
    return found if isinstance(found, str) else ""
