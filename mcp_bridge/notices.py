"""The line "2 unread, 1 urgent" at the end of a tool result: true, or absent.

Asking costs a query, and most calls change nothing about the answer, so it is kept for a moment and
asked again when something woke the member's inbox or the member handled something themselves.
"""

from __future__ import annotations

import functools
import logging
import time
from dataclasses import dataclass

from audit.live import hub
from audit.topics import inbox_topic
from messaging.selectors import waiting_line
from orgchart.models import Member
from teammcp.core.reads import reads
from teammcp.core.tools import Tool

logger = logging.getLogger(__name__)
KEPT_SECONDS = 2.0
KEPT_LINES = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    line: str
    woken: int  # the event that last woke the inbox when the line was asked for
    until: float


class Notices:
    """The lines of the members who called just now."""

    def __init__(self) -> None:
        self._known: dict[int, _Known] = {}

    async def line(self, member: Member, tool: Tool) -> str:
        """What waits for this member after a call of `tool`; empty when nothing does."""
        woken, now = hub.woken(inbox_topic(member.pk)), time.monotonic()
        known = self._known.get(member.pk)
        if (
            known is not None
            and known.woken == woken
            and now < known.until
            and not tool.idempotent  # acknowledging and marking as read change one's own line
        ):
            return known.line
        line = await self._ask(member)
        if len(self._known) >= KEPT_LINES:
            self._known.clear()
        self._known[member.pk] = _Known(line, woken, now + KEPT_SECONDS)
        return line

    def forget(self) -> None:
        """Ask for everybody again."""
        self._known.clear()

    async def _ask(self, member: Member) -> str:
        try:
            return await reads.arun(functools.partial(waiting_line, member))
        except Exception:  # the call itself was served: a notice must not undo that
            logger.exception("could not tell what waits for member %s", member.pk)
            return ""


notices = Notices()
