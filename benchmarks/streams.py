"""Followers of the event stream, in a process of their own: what each saw, and how late."""

from __future__ import annotations

import asyncio
import re
import time
from dataclasses import dataclass
from datetime import datetime
from typing import cast

from benchmarks.beside import Beside, serve, until_told
from benchmarks.figures import Spread

FRAME = re.compile(rb'id: (\d+)\nevent: message\.sent\ndata: \{"seq":\d+,"at":"([^"]+)"')
PATIENCE = 20.0  # seconds for streams to open, and for the last event to reach them all


@dataclass(frozen=True, slots=True)
class Heard:
    """What the streams saw of `message.sent`."""

    per_stream: list[int]
    """events, of each stream"""
    disorder: int
    """events that came twice or out of order"""
    complete: bool
    """whether every stream reached the event that was expected last"""
    latency: Spread
    """from the time that the ledger wrote down, just before the commit, to the arrival"""


class Streams(Beside):
    """`with Streams(port, tokens) as streams: ...; heard = streams.finish(last_seq)`."""

    def __init__(self, port: int, tokens: list[str], *, timed: bool = False) -> None:
        super().__init__("benchmarks.streams", {"port": port, "tokens": tokens, "timed": timed})

    def finish(self, last_seq: int) -> Heard:
        """Wait until every stream has seen the event `last_seq`, or gave up; what they saw."""
        facts = self.outcome(last_seq, seconds=2 * PATIENCE)
        return Heard(**{**facts, "latency": Spread(**facts["latency"])})


class Follower(asyncio.Protocol):
    """One stream."""

    def __init__(self, request: bytes, *, timed: bool) -> None:
        self._request = request
        self._timed = timed
        self._buffer = b""
        self.count = self.disorder = self.last = 0
        self.late: list[float] = []
        self.opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.time()
        self._buffer += data
        if not self.opened.done():
            self._open()
            return
        whole, gap, rest = self._buffer.rpartition(b"\n\n")
        if gap:
            self._buffer = rest
            self._note(whole, now)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.opened.done():
            self.opened.set_exception(exc or ConnectionError("closed"))

    def _open(self) -> None:
        if b": following after" in self._buffer and self._buffer.endswith(b"\n\n\r\n"):
            self._buffer = b""
            self.opened.set_result(None)
        elif b"\r\n\r\n" in self._buffer and not self._buffer.startswith(b"HTTP/1.1 200"):
            self.opened.set_exception(ConnectionError(self._buffer[:200].decode()))

    def _note(self, frames: bytes, now: float) -> None:
        for seq, at in FRAME.findall(frames):
            number = int(seq)
            self.disorder += number <= self.last
            self.last = number
            self.count += 1
            if self._timed:
                self.late.append(now - datetime.fromisoformat(at.decode()).timestamp())


def request_for(port: int, token: str) -> bytes:
    return (
        f"GET /api/events/stream/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {token}\r\nAccept: text/event-stream\r\n\r\n"
    ).encode()


async def follow(port: int, tokens: list[str], *, timed: bool) -> Heard:
    """Open a stream per token, follow until told how far, and say what was seen."""
    loop = asyncio.get_running_loop()
    followers = [Follower(request_for(port, token), timed=timed) for token in tokens]
    async with asyncio.timeout(PATIENCE):
        for follower in followers:
            await loop.create_connection(lambda one=follower: one, "127.0.0.1", port)  # type: ignore[misc]
            await follower.opened
    last_seq = await until_told()
    complete = await _all_reached(followers, last_seq)
    return Heard(
        per_stream=[follower.count for follower in followers],
        disorder=sum(follower.disorder for follower in followers),
        complete=complete,
        latency=Spread.of(late for follower in followers for late in follower.late),
    )


async def _all_reached(followers: list[Follower], last_seq: int) -> bool:
    deadline = time.monotonic() + PATIENCE
    while any(follower.last < last_seq for follower in followers):
        if time.monotonic() > deadline:
            return False
        await asyncio.sleep(0.02)
    return True


if __name__ == "__main__":
    serve(follow)
