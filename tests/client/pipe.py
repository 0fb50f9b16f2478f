"""The connector as a client runs it, spoken to line by line."""

from __future__ import annotations

import contextlib
import itertools
import json
import subprocess
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from tests.client.conftest import MANAGE, Machine
from tests.live import WAIT_SECONDS, wait_until

SESSION = "2025-11-25"


class Pipe:
    """`manage.py stdio` and a client of the session era that reads everything."""

    def __init__(self, machine: Machine, *options: str, client: str = "test") -> None:
        self.received: list[dict[str, Any]] = []
        self._ids = itertools.count(1)
        self._client = client
        self.process = subprocess.Popen(
            [sys.executable, MANAGE, "stdio", *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=machine.environment,
            cwd=machine.home,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.received.append(json.loads(line))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait(60)
        self._reader.join(10)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()

    def line(self, text: bytes) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(text + b"\n")
        self.process.stdin.flush()

    def send(self, method: str, identity: int | None = None, **params: Any) -> None:
        message: dict[str, Any] = {"jsonrpc": "2.0", "method": method, "params": params}
        if identity is not None:
            message["id"] = identity
        self.line(json.dumps(message).encode())

    def begin(self, method: str, **params: Any) -> int:
        """Send a request; its id."""
        identity = next(self._ids)
        self.send(method, identity, **params)
        return identity

    def answer(self, identity: int | None, *, seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """The response to a request."""

        def found() -> dict[str, Any] | None:
            for one in self.received:
                if "method" not in one and one.get("id") == identity:
                    return one
            return None

        return wait_until(found, f"an answer to {identity}", seconds=seconds)

    def request(self, method: str, **params: Any) -> dict[str, Any]:
        return self.answer(self.begin(method, **params))

    def call(self, tool: str, **arguments: Any) -> dict[str, Any]:
        """The result of a tool call."""
        answer = self.request("tools/call", name=tool, arguments=arguments)
        result: dict[str, Any] = answer["result"]
        return result

    def greet(self) -> dict[str, Any]:
        info = {"name": self._client, "version": "1"}
        answer = self.request(
            "initialize", protocolVersion=SESSION, capabilities={}, clientInfo=info
        )
        self.send("notifications/initialized")
        return answer

    def notices(self) -> list[dict[str, Any]]:
        """The channel notices so far."""
        return [
            one["params"]
            for one in list(self.received)
            if one.get("method") == "notifications/claude/channel"
        ]

    def until(self, condition: Callable[[], Any], awaited: str) -> None:
        wait_until(condition, awaited)
