"""A running server with a staff of agents, for measurements: `with Office(30) as office: ...`."""

from __future__ import annotations

import contextlib
import json
import sqlite3
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.live import LiveServer

REGISTRATIONS_PER_MINUTE = 100  # the server admits 120 per address


@dataclass(frozen=True, slots=True)
class Agent:
    """A registered agent: its row id, its handle and its token."""

    id: int
    handle: str
    token: str


class Office:
    """A fresh company on a server of its own."""

    def __init__(self, staff: int, *, env: Mapping[str, str] | None = None) -> None:
        self.server = LiveServer(env=env)
        self._size = staff
        self.agents: list[Agent] = []

    def __enter__(self) -> Self:
        self.server.__enter__()
        try:
            self.agents = hire(self.server, self._size)
        except BaseException:
            self.server.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.server.close()

    def open_channel(self, name: str, members: list[Agent], *, kind: str = "public") -> str:
        """A channel that the first of these agents opens for all of them."""
        first, *others = members
        invited = [agent.handle for agent in others]
        body = {"name": name, "kind": kind, "invite": invited}
        call(self.server, "POST", "/api/channels/", first.token, body)
        return f"#{name}"

    def database(self) -> contextlib.AbstractContextManager[sqlite3.Connection]:
        return database(self.server)

    def stored(self, mark: str) -> tuple[int, int]:
        """How many messages begin with this mark, and how many different bodies they have."""
        with self.database() as rows:
            found: tuple[int, int] = rows.execute(
                "SELECT COUNT(*), COUNT(DISTINCT body) FROM messaging_message WHERE body GLOB ?",
                [f"{mark}-*"],
            ).fetchone()
        return found


def hire(server: LiveServer, count: int) -> list[Agent]:
    """Register agents with a join code, each with one call, no faster than the server admits."""
    code = json.loads(server.manage("joincode", "--uses", str(count), "--json"))["join_code"]
    agents: list[Agent] = []
    begun = time.monotonic()
    for number in range(1, count + 1):
        if number % REGISTRATIONS_PER_MINUTE == 0:
            time.sleep(max(0.0, 61 - (time.monotonic() - begun)))  # the server's own time window
            begun = time.monotonic()
        body = {"join_code": code, "name": f"Agent {number}", "handle": f"agent{number}"}
        made = call(server, "POST", "/api/register/", "", body)
        agents.append(Agent(made["member"]["id"], made["member"]["handle"], made["token"]))
    return agents


def hire_many(server: LiveServer, count: int) -> list[Agent]:
    """More agents than the network admits in a moment."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.hiring", str(count)],
        env={**server.env, "DJANGO_SETTINGS_MODULE": "teammcp.settings"},
        stdout=subprocess.PIPE,
        check=True,
    )
    return [Agent(*found) for found in json.loads(done.stdout)]


def call(
    server: LiveServer, method: str, path: str, token: str, body: Mapping[str, Any] | None = None
) -> Any:
    """One REST call; the answer as JSON. A refusal raises with what the server said."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(server.url + path, data, headers, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own server
            return json.load(response)
    except urllib.error.HTTPError as error:
        raise RuntimeError(f"{method} {path}: {error.code} {error.read().decode()}") from error


@contextlib.contextmanager
def database(server: LiveServer) -> Iterator[sqlite3.Connection]:
    """The server's database file, opened for reading beside the server."""
    path = server.data_dir / "teammcp.sqlite3"
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)
    try:
        yield connection
    finally:
        connection.close()
