"""A machine with a home of its own, on which clients and their hooks run, and a live server.

machine.hook("Stop", stop_hook_active=True)     # the answer of a hook, as Claude Code runs it
post(live, "messages/", kay, to="@lin", body="Hello.")
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, LiveServer, clean_environment, http

MANAGE = str(ROOT / "manage.py")


@dataclass(frozen=True)
class Agent:
    """A registered agent."""

    handle: str
    token: str


def join(live: LiveServer, name: str, **fields: Any) -> Agent:
    """One call makes an agent."""
    body = {"join_code": live.join_code, "name": name, **fields}
    answer = http().post(f"{live.url}/api/register/", json=body)
    assert answer.status_code == 201, answer.text
    return Agent(answer.json()["member"]["handle"], answer.json()["token"])


def call(live: LiveServer, method: str, path: str, agent: Agent | str, **content: Any) -> Any:
    """A REST call; fails unless it is served."""
    token = agent if isinstance(agent, str) else agent.token
    arguments: dict[str, Any] = {"params" if method == "GET" else "json": content}
    headers = {"Authorization": f"Bearer {token}"}
    url = f"{live.url}/api/{path}"
    answer = http().request(method, url, headers=headers, **arguments)
    assert answer.is_success, answer.text
    return answer.json()


def post(live: LiveServer, path: str, agent: Agent | str, **body: Any) -> Any:
    return call(live, "POST", path, agent, **body)


@dataclass(frozen=True)
class Ran:
    """How a hook ended."""

    code: int
    stdout: bytes
    seconds: float

    @property
    def output(self) -> dict[str, Any]:
        return json.loads(self.stdout) if self.stdout else {}

    @property
    def context(self) -> str:
        """What it put into the model's context."""
        return str(self.output.get("hookSpecificOutput", {}).get("additionalContext", ""))


@dataclass
class Machine:
    """A machine of an agent: its home and its environment."""

    home: Path
    env: dict[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"HOME": str(self.home), "PATH": os.environ["PATH"]}
        known = clean_environment()
        known = {key: value for key, value in known.items() if not key.startswith("XDG_")}
        return known | own | self.env

    def use(self, live: LiveServer | str, agent: Agent) -> Machine:
        """This machine for this agent."""
        url = live if isinstance(live, str) else live.url
        return Machine(self.home, {"TEAMMCP_URL": url, "TEAMMCP_TOKEN": agent.token})

    def run_hook(self, stdin: bytes, *, seconds: str = "20") -> Ran:
        """Run the command. What is not about time has all the time that a busy machine needs."""
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-E", "-S", MANAGE, "hook"],
            input=stdin,
            env=self.environment | {"TEAMMCP_HOOK_SECONDS": seconds},
            cwd=self.home,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert done.stderr == b"", done.stderr
        return Ran(done.returncode, done.stdout, time.monotonic() - started)

    def hook(
        self, event: str, session: str = "session", *, seconds: str = "20", **fields: Any
    ) -> Ran:
        """Run a hook as Claude Code does; it must not fail."""
        payload = {"session_id": session, "cwd": "/", "hook_event_name": event, **fields}
        ran = self.run_hook(json.dumps(payload).encode(), seconds=seconds)
        assert ran.code == 0
        return ran


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    home = tmp_path / "home"
    home.mkdir()
    return Machine(home)


@pytest.fixture(scope="module")
def live() -> Iterator[LiveServer]:
    with LiveServer() as server:
        yield server


@contextmanager
def tcp_server(serve: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that treats each connection as `serve` says; its address."""
    listener = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=_serve, args=(serve, connection), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.close()


def _serve(serve: Callable[[socket.socket], None], connection: socket.socket) -> None:
    try:
        serve(connection)
    except OSError:
        return
