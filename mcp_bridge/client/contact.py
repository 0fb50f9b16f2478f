"""The first contact: a call through exactly what was written into a client's configuration."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from mcp_bridge.client.protocol import LATEST_SESSION

LIMIT_SECONDS = 60.0  # the first start may compile


class Contact(NamedTuple):
    """How a call went."""

    seconds: float
    tools: int


class NoContact(Exception):
    """The call did not come through, and why."""


def through(command: Sequence[str]) -> Contact:
    """Start a connector as a client does, list the tools and call one that only reads. Raises
    NoContact. Nothing of the inbox is asked for: no agent would see it."""
    started = time.monotonic()
    own = {"TEAMMCP_TOKEN", "TEAMMCP_URL", "TEAMMCP_ACCOUNT"}
    environment = {key: value for key, value in os.environ.items() if key not in own}
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
    except OSError as error:
        raise NoContact(f"{command[0]} does not start: {error.strerror}.") from error
    with process:
        try:
            return _talk(process, started)
        finally:
            process.kill()


def _talk(process: subprocess.Popen[bytes], started: float) -> Contact:
    lines = _lines(process)
    info = {"name": "teammcp-connect", "version": "1"}
    greeting = {"protocolVersion": LATEST_SESSION, "capabilities": {}, "clientInfo": info}
    _ask(process, lines, started, "initialize", greeting)
    tools = _ask(process, lines, started, "tools/list", {})["tools"]
    called = {"name": "find_people", "arguments": {"limit": 1}}
    result = _ask(process, lines, started, "tools/call", called)
    if result.get("isError"):
        raise NoContact(result["content"][0]["text"].partition("\n")[0])
    return Contact(time.monotonic() - started, len(tools))


def _lines(process: subprocess.Popen[bytes]) -> queue.SimpleQueue[bytes]:
    lines: queue.SimpleQueue[bytes] = queue.SimpleQueue()

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            lines.put(line)
        lines.put(b"")

    threading.Thread(target=read, daemon=True).start()
    return lines


def _ask(
    process: subprocess.Popen[bytes],
    lines: queue.SimpleQueue[bytes],
    started: float,
    method: str,
    params: dict[str, Any],
) -> dict[str, Any]:
    assert process.stdin is not None
    message = {"jsonrpc": "2.0", "id": method, "method": method, "params": params}
    try:
        process.stdin.write(json.dumps(message).encode() + b"\n")
        process.stdin.flush()
        while True:
            left = max(0.1, started + LIMIT_SECONDS - time.monotonic())
            line = lines.get(timeout=left)
            if not line:
                raise NoContact("the connector ended.")
            answer = json.loads(line)
            if answer.get("id") == method:
                break
    except (OSError, queue.Empty) as error:
        raise NoContact("the connector does not answer.") from error
    if "error" in answer:
        raise NoContact(str(answer["error"].get("message")))
    result: dict[str, Any] = answer["result"]
    return result
