"""Lines in and out. Threads do the waiting: that works with any kind of pipe on any platform."""

from __future__ import annotations

import asyncio
import json
import queue
import sys
import threading
from typing import BinaryIO

from mcp_bridge.client.protocol import Message


class Lines:
    """The lines of stdin, as an event loop wants them; ends where stdin ends."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        try:
            for line in self._source:
                self._put(line)
        except (OSError, ValueError):
            pass
        finally:
            self._put(b"")

    def _put(self, line: bytes) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:  # the loop has ended: nobody reads any more
            return

    def __aiter__(self) -> Lines:
        return self

    async def __anext__(self) -> bytes:
        line = await self._lines.get()
        if not line:
            raise StopAsyncIteration
        return line


class Output:
    """Messages to stdout, one a line, in order; a client that does not read holds up nobody."""

    def __init__(self, target: BinaryIO) -> None:
        self._target = target
        self._messages: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._write, daemon=True)
        self._thread.start()
        self.broken = False

    def send(self, message: Message) -> None:
        self._messages.put(json.dumps(message).encode() + b"\n")

    def close(self, seconds: float) -> None:
        """Write what is left, within bounds."""
        self._messages.put(None)
        self._thread.join(seconds)

    def _write(self) -> None:
        while (line := self._messages.get()) is not None:
            try:
                self._target.write(line)
                self._target.flush()
            except (OSError, ValueError):
                self.broken = True
                return


def say(text: str) -> None:
    """A line for the client's log."""
    try:
        sys.stderr.write(f"teammcp: {text}\n")
        sys.stderr.flush()
    except (OSError, ValueError):
        return
