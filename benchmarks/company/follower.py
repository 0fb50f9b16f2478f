"""A program that follows the event stream through all restarts, from its cursor."""

from __future__ import annotations

import asyncio
import contextlib

import httpx2

PAUSE = 0.2  # before it connects again
SILENCE = 20.0  # the server sends a sign of life every 15 s


class Follower:
    """Keeps the seq of every event that it was sent, in order of arrival."""

    def __init__(self, url: str, token: str, *, after: int) -> None:
        self._url = f"{url}/api/events/stream/"
        self._headers = {"Authorization": f"Bearer {token}"}
        self.after = after
        self.seqs: list[int] = []
        self._news = asyncio.Condition()

    async def follow(self) -> None:
        """Follow until cancelled. What breaks a connection is no reason to end."""
        while True:
            with contextlib.suppress(httpx2.TransportError):
                await self._follow_connected()
            await asyncio.sleep(PAUSE)

    async def _follow_connected(self) -> None:
        cursor = self.seqs[-1] if self.seqs else self.after
        headers = {**self._headers, "Last-Event-ID": str(cursor)}
        timeout = httpx2.Timeout(SILENCE)
        async with (
            httpx2.AsyncClient(timeout=timeout) as client,
            client.stream("GET", self._url, headers=headers) as response,
        ):
            response.raise_for_status()
            async for line in response.aiter_lines():
                if line.startswith("id: "):
                    await self._note(int(line[4:]))

    async def _note(self, seq: int) -> None:
        async with self._news:
            self.seqs.append(seq)
            self._news.notify_all()

    async def reached(self, seq: int) -> None:
        """Return when the event `seq` has arrived."""
        async with self._news:
            await self._news.wait_for(lambda: bool(self.seqs) and self.seqs[-1] >= seq)
