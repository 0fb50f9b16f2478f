"""A model that follows a script, behind the address that Claude Code calls."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WAITING = "WaitForMcpServers"
Block = dict[str, Any]
Script = Callable[[int, dict[str, Any]], Block]


def say(text: str) -> Block:
    return {"type": "text", "text": text}


def use(tool: str, **arguments: Any) -> Block:
    return {"type": "tool_use", "name": tool, "input": arguments}


class Model:
    """Answers turn by turn and keeps every request of the main conversation."""

    def __init__(self, script: Script, *, tools: str) -> None:
        self._script = script
        self._tools = tools
        self._lock = threading.Lock()
        self.requests: list[dict[str, Any]] = []

    def answer(self, request: dict[str, Any]) -> Block:
        """The block for one request; side conversations, such as titles, get a word."""
        named = [tool.get("name", "") for tool in request.get("tools", ())]
        if not any(name.startswith(self._tools) for name in named):
            # Claude Code begins before its servers have answered, and has a tool to wait for them.
            return use(WAITING) if WAITING in named else say("ok")
        with self._lock:
            self.requests.append(request)
            return self._script(len(self.requests), request)

    def heard(self, turn: int) -> str:
        """All that the model was shown up to a turn, as text."""
        return json.dumps(self.requests[turn - 1]["messages"], ensure_ascii=False)


@contextmanager
def serving(model: Model) -> Iterator[str]:
    """The address of a server that plays the model."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))) or "{}")
            if "count_tokens" in self.path:
                self._send(b'{"input_tokens": 10}', "application/json")
            elif "/v1/messages" in self.path:
                events = "".join(_events(model.answer(body), body.get("model", "")))
                self._send(events.encode(), "text/event-stream")
            else:
                self._send(b"{}", "application/json")

        def do_HEAD(self) -> None:
            self._send(b"", "text/plain")

        def _send(self, content: bytes, kind: str) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


def _events(block: Block, model: str) -> Iterator[str]:
    """One block as the stream of a message."""
    usage = {"input_tokens": 1, "output_tokens": 1}
    message: dict[str, Any] = {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": [],
        "stop_reason": None, "stop_sequence": None, "usage": usage,
    }  # fmt: skip
    calls = block["type"] == "tool_use"
    if calls:
        begin = {"type": "tool_use", "id": f"toolu_{id(block)}", "name": block["name"], "input": {}}
        delta = {"type": "input_json_delta", "partial_json": json.dumps(block["input"])}
    else:
        begin, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": block["text"]}
    stop = {"stop_reason": "tool_use" if calls else "end_turn", "stop_sequence": None}
    yield _event("message_start", message=message)
    yield _event("content_block_start", index=0, content_block=begin)
    yield _event("content_block_delta", index=0, delta=delta)
    yield _event("content_block_stop", index=0)
    yield _event("message_delta", delta=stop, usage=usage)
    yield _event("message_stop")


def _event(kind: str, **fields: Any) -> str:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n"


def run_scripted(
    command: list[str], environment: dict[str, str], folder: str, address: str
) -> None:
    """Run Claude Code to its end with the model at this address; what it says if it fails."""
    own = {
        "ANTHROPIC_BASE_URL": address,
        "ANTHROPIC_API_KEY": "sk-ant-scripted",
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    done = subprocess.run(
        command,
        env=environment | own,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if done.returncode:
        print(done.stdout, done.stderr)
