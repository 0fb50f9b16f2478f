"""The load generator: keep-alive clients that each send, wait for the answer, and send again.

It runs as a process of its own, so that it shares no interpreter with what it measures, and it is
as lean as Python allows: one callback per answer, no tasks, no HTTP library. It reads its orders
as JSON on stdin and writes what happened as JSON to stdout.
"""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, cast

from benchmarks.figures import Spread
from benchmarks.loops import run_fast

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
PATIENCE = 30.0  # seconds for the answers that are still out at the end


@dataclass(frozen=True, slots=True)
class Orders:
    """What the clients shall do. Client number n writes as `tokens[n]` to `targets[n]`."""

    port: int
    face: str
    """rest or mcp"""
    tokens: list[str]
    targets: list[str]
    seconds: float
    mark: str
    """begins every body and client key, so that the messages of this run can be counted"""
    pace: float = 0.0
    """seconds from one send to the next of a client; 0: as fast as answers come"""
    mentions: list[str] = field(default_factory=list)
    """handles of which each message names one, in turn"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the clients were told."""

    accepted: int
    refused: int
    seconds: float
    times: Spread
    complaint: str
    """the first refusal, if any"""

    @property
    def rate(self) -> float:
        return self.accepted / self.seconds if self.seconds else 0.0


def run(orders: Orders) -> Outcome:
    """Carry the orders out in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load"],
        input=json.dumps(asdict(orders)),
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=orders.seconds + 2 * PATIENCE,
    )
    facts = json.loads(done.stdout)
    return Outcome(**{**facts, "times": Spread(**facts["times"])})


class Tally:
    """What all clients of this process saw."""

    def __init__(self) -> None:
        self.times: list[float] = []
        self.refused = 0
        self.complaint = ""

    def note(self, took: float, answer: bytes, *, accepted: bool) -> None:
        if accepted:
            self.times.append(took)
            return
        self.refused += 1
        self.complaint = self.complaint or answer[-600:].decode("utf-8", "replace")


class Client(asyncio.Protocol):
    """One connection: the next request leaves when the answer to the last one is complete."""

    def __init__(
        self,
        requests: Iterator[bytes],
        accepted: Callable[[bytes], bool],
        tally: Tally,
        pace: float,
    ) -> None:
        self._requests = requests
        self._accepted = accepted
        self._tally = tally
        self._pace = pace
        self._buffer = b""
        self._sent = 0.0
        self._transport: asyncio.Transport
        self.finished: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._send_next()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, gap, body = self._buffer.partition(b"\r\n\r\n")
        length = LENGTH.search(head) if gap else None
        if length is None or len(body) < int(length[1]):
            return
        took = time.perf_counter() - self._sent
        self._tally.note(took, self._buffer, accepted=self._accepted(self._buffer))
        self._buffer = b""
        if self._pace:
            asyncio.get_running_loop().call_later(max(0.0, self._pace - took), self._send_next)
        else:
            self._send_next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.finished.done():
            said = self._tally.complaint or "the server closed the connection"
            self.finished.set_exception(exc or ConnectionError(said))

    def _send_next(self) -> None:
        request = next(self._requests, None)
        if request is None:
            if not self.finished.done():
                self.finished.set_result(None)
            self._transport.close()
            return
        self._sent = time.perf_counter()
        self._transport.write(request)


def rest_requests(orders: Orders, number: int) -> Iterator[bytes]:
    """`POST /api/messages/` without end, each with a body and a client key of its own."""
    head = (
        f"POST /api/messages/ HTTP/1.1\r\nHost: 127.0.0.1:{orders.port}\r\n"
        f"Authorization: Bearer {orders.tokens[number]}\r\n"
        "Content-Type: application/json\r\nAccept: application/json\r\nContent-Length: "
    )
    to = orders.targets[number]
    count = 0
    while True:
        count += 1
        key = f"{orders.mark}-{number}-{count}"
        arguments = {"to": to, "body": _said(orders, key, count), "client_key": key}
        body = json.dumps(arguments)
        yield f"{head}{len(body)}\r\n\r\n{body}".encode()


def mcp_requests(orders: Orders, number: int) -> Iterator[bytes]:
    """The same as calls of the tool `send`, as a client of the 2026 revision makes them."""
    head = (
        f"POST /mcp HTTP/1.1\r\nHost: 127.0.0.1:{orders.port}\r\n"
        f"Authorization: Bearer {orders.tokens[number]}\r\n"
        "Content-Type: application/json\r\nAccept: application/json, text/event-stream\r\n"
        "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: send\r\n"
        "Content-Length: "
    )
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientInfo": {"name": "load", "version": "1"},
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    to = orders.targets[number]
    count = 0
    while True:
        count += 1
        key = f"{orders.mark}-{number}-{count}"
        arguments = {"to": to, "body": _said(orders, key, count), "client_key": key}
        params = {"name": "send", "arguments": arguments, "_meta": meta}
        call = {"jsonrpc": "2.0", "id": count, "method": "tools/call", "params": params}
        body = json.dumps(call)
        yield f"{head}{len(body)}\r\n\r\n{body}".encode()


def _said(orders: Orders, key: str, count: int) -> str:
    named = f" @{orders.mentions[count % len(orders.mentions)]}" if orders.mentions else ""
    return f"{key} The build is green again; I go on with the release notes.{named}"


FACES: dict[str, tuple[Callable[[Orders, int], Iterator[bytes]], Callable[[bytes], bool]]] = {
    "rest": (rest_requests, lambda answer: answer.startswith(b"HTTP/1.1 201 ")),
    "mcp": (
        mcp_requests,
        lambda answer: answer.startswith(b"HTTP/1.1 200 ") and b'"isError":false' in answer,
    ),
}


async def carry_out(orders: Orders) -> Outcome:
    """Let all clients work until the time is over and the last answer is in."""
    loop = asyncio.get_running_loop()
    requests, accepted = FACES[orders.face]
    tally = Tally()
    started = time.perf_counter()
    deadline = started + orders.seconds

    def until_deadline(number: int) -> Iterator[bytes]:
        for request in requests(orders, number):
            if time.perf_counter() >= deadline:
                return
            yield request

    def connect(number: int) -> Any:
        client = Client(until_deadline(number), accepted, tally, orders.pace)
        return loop.create_connection(lambda: client, "127.0.0.1", orders.port)

    pairs = await asyncio.gather(*map(connect, range(len(orders.tokens))))
    async with asyncio.timeout(orders.seconds + PATIENCE):
        await asyncio.gather(*(client.finished for _, client in pairs))
    took = time.perf_counter() - started
    return Outcome(len(tally.times), tally.refused, took, Spread.of(tally.times), tally.complaint)


def main() -> None:
    orders = Orders(**json.load(sys.stdin))
    outcome = run_fast(carry_out(orders))
    json.dump(asdict(outcome), sys.stdout)


if __name__ == "__main__":
    main()
