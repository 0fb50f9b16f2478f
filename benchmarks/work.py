"""A list of dependent tasks is emptied while agents and the server are killed at random.

    python -m benchmarks.work              # 29 agents, 500 tasks

Each agent is an official MCP client that knows no more than claim_task and update_task. One that is
killed forgets what it held, and its ghost tries to finish that much later, with the old token.
Looked up afterwards, in the database and the ledger: each task done exactly once, none stuck, none
begun before what it needs was done, every late write refused. Ends with 1 where that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import random
import sqlite3
import sys
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import anyio
import httpx2
from mcp import Client, MCPError
from mcp.client.streamable_http import streamable_http_client

from benchmarks.office import Agent, Office, call

CALL_SECONDS = 30.0
LEASE_MINUTES = 1
FREED_WITHIN = 10.0  # seconds after the end of a lease
IDLE = 0.3  # seconds until an agent that found nothing looks again


@dataclass(frozen=True, slots=True)
class Plan:
    """How much work, and how much goes wrong."""

    agents: int = 29
    tasks: int = 500
    server_kills: int = 3
    agent_kills: int = 12
    seed: int = 1
    patient: bool = True
    """whether what a killed agent held waits for its lease to end; else its creator releases it"""
    limit: float = 900.0


@dataclass(frozen=True, slots=True)
class Ghost:
    """What a killed agent held."""

    worker: Worker
    task: str
    token: int


@dataclass
class Outcome:
    """What came of it."""

    seconds: float = 0.0
    claims: int = 0
    nothing_free: int = 0
    """claims that found no task that was free"""
    repeated: int = 0
    """calls that were sent again because their answer never came"""
    expired: int = 0
    late_refused: int = 0
    longest_freeing: float = 0.0
    """seconds from the end of a lease until it was freed"""
    faults: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 1),
            "claims": self.claims,
            "claims_per_second": round(self.claims / self.seconds, 1) if self.seconds else 0,
            "claims_that_found_nothing": self.nothing_free,
            "calls_sent_again": self.repeated,
            "leases_that_ran_out": self.expired,
            "seconds_to_free_one": round(self.longest_freeing, 1),
            "late_writes_refused": self.late_refused,
            "faults": self.faults,
        }


class Worker:
    """One agent. It knows what it was answered, and sends again what was not."""

    def __init__(
        self,
        member: Agent,
        url: str,
        rng: random.Random,
        outcome: Outcome,
        moved: asyncio.Condition,
    ) -> None:
        self.member, self._url, self._rng, self._outcome = member, url, rng, outcome
        self._moved = moved
        self.holds: tuple[str, int] | None = None
        self._pending: tuple[str, dict[str, Any]] | None = None
        self.done = 0

    async def work(self) -> None:
        """Claim, work and finish until nothing is open."""
        while True:
            try:
                if await self._connected():
                    return
            except* (httpx2.TransportError, MCPError, anyio.ClosedResourceError):
                await asyncio.sleep(0.2 + self._rng.random())

    async def _connected(self) -> bool:
        headers = {"Authorization": f"Bearer {self.member.token}"}
        patience = httpx2.Timeout(CALL_SECONDS)
        async with httpx2.AsyncClient(headers=headers, timeout=patience) as http:
            transport = streamable_http_client(self._url, http_client=http)
            async with Client(transport, read_timeout_seconds=CALL_SECONDS) as client:
                while await self._one(client):
                    pass
        return True

    async def _one(self, client: Client) -> bool:
        """One task; False once nothing is open any more."""
        if self.holds is None:
            claimed = await self._ask(client, "claim_task", {"minutes": LEASE_MINUTES})
            if claimed is None:
                self._outcome.nothing_free += 1
                result = await client.call_tool("list_tasks", {"which": "open", "limit": 1})
                found = dict(result.structured_content or {})
                await asyncio.sleep(IDLE * (0.5 + self._rng.random()))
                return bool(found.get("items", ["unknown"]))
            self._outcome.claims += 1
            self.holds = claimed["task"]["id"], claimed["token"]
            async with self._moved:
                self._moved.notify_all()
        await asyncio.sleep(self._rng.random() * 0.05)
        task, token = self.holds
        finish = {"task": task, "to": "done", "token": token, "result": f"By {token}."}
        if await self._ask(client, "update_task", finish) is not None:
            self.done += 1
        self.holds = None
        return True

    async def _ask(
        self, client: Client, tool: str, arguments: dict[str, Any]
    ) -> dict[str, Any] | None:
        """The answer; None for a refusal. What was never answered goes first, with its key."""
        if self._pending is None:
            self._pending = tool, {**arguments, "client_key": str(uuid.uuid4())}
        else:
            self._outcome.repeated += 1
        tool, sent = self._pending
        result = await client.call_tool(tool, sent)
        text = str(result.content)
        if result.is_error and "conflict:" not in text:
            raise MCPError(0, text)  # such as "unavailable": sent again
        self._pending = None
        return None if result.is_error else dict(result.structured_content or {})


class Foreman:
    """Who writes the list, kills, and looks what came of it."""

    def __init__(self, plan: Plan, office: Office) -> None:
        self._plan, self._office = plan, office
        self._rng = random.Random(plan.seed)
        self._outcome = Outcome()
        self._token = office.server.owner_token()
        self._ghosts: list[Ghost] = []
        self._running: dict[asyncio.Task[None], Worker] = {}
        self._moved = asyncio.Condition()

    def write_list(self) -> None:
        """Tasks that need up to three of those before them."""
        names: list[str] = []
        for number in range(self._plan.tasks):
            near = names[-40:]
            needs = self._rng.sample(near, min(len(near), self._rng.choice((0, 0, 1, 2, 3))))
            body = {"title": f"Item {uuid.UUID(int=self._rng.getrandbits(128))}", "needs": needs}
            body["labels"] = [f"n{number}"]
            names.append(
                call(self._office.server, "POST", "/api/tasks/", self._token, body)["task"]["id"]
            )

    async def direct(self) -> Outcome:
        began = time.monotonic()
        async with asyncio.timeout(self._plan.limit):
            for number, member in enumerate(self._office.agents):
                self._begin(member, number)
            breaking = asyncio.ensure_future(self._break_things())
            while self._running:
                await asyncio.wait(self._running, return_when=asyncio.FIRST_COMPLETED)
                for one in [one for one in self._running if one.done()]:
                    self._running.pop(one)
                    one.result()
            breaking.cancel()
            self._outcome.seconds = time.monotonic() - began
            await self._haunt()
        await asyncio.to_thread(self._check)
        return self._outcome

    def _begin(self, member: Agent, seed: int) -> None:
        rng = random.Random(f"{self._plan.seed} {member.handle} {seed}")
        worker = Worker(member, self._office.server.mcp_url, rng, self._outcome, self._moved)
        self._running[asyncio.ensure_future(worker.work())] = worker

    async def _break_things(self) -> None:
        """At random moments of the work, which the ledger tells."""
        kinds = ["server"] * self._plan.server_kills + ["agent"] * self._plan.agent_kills
        self._rng.shuffle(kinds)
        moments = sorted(self._rng.sample(range(1, max(2, self._plan.tasks * 8 // 10)), len(kinds)))
        for moment, kind in zip(moments, kinds, strict=True):
            async with self._moved:
                await self._moved.wait_for(functools.partial(self._reached, moment))
            if kind == "server":
                await asyncio.to_thread(self._office.server.kill)
                await asyncio.to_thread(self._office.server.start)
            else:
                await self._kill_agent()

    async def _kill_agent(self) -> None:
        """One that holds something: it is gone in the middle, and starts anew knowing nothing."""
        async with self._moved:
            await self._moved.wait_for(lambda: bool(self._at_work()))
            running, worker = self._rng.choice(self._at_work())
            self._begin(worker.member, self._outcome.claims)
            self._running.pop(running)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)  # it ends as it likes
        if worker.holds is not None:
            self._ghosts.append(Ghost(worker, *worker.holds))
            if not self._plan.patient:
                await asyncio.to_thread(self._release, worker.holds[0])

    def _reached(self, claims: int) -> bool:
        return self._outcome.claims >= claims

    def _at_work(self) -> list[tuple[asyncio.Task[None], Worker]]:
        return [(running, one) for running, one in self._running.items() if one.holds]

    def _release(self, task: str) -> None:
        try:
            call(self._office.server, "POST", f"/api/tasks/{task}/release/", self._token, {})
        except RuntimeError as refused:
            if " 409 " not in str(refused):  # done before it was killed
                raise

    async def _haunt(self) -> None:
        """Each ghost finishes what it held, long after that was somebody else's."""
        for ghost in self._ghosts:
            body = {"result": "By a ghost.", "token": ghost.token}
            path = f"/api/tasks/{ghost.task}/complete/"
            try:
                await asyncio.to_thread(
                    call, self._office.server, "POST", path, ghost.worker.member.token, body
                )
                self._outcome.faults.append(f"the late write of {ghost.task} was taken")
            except RuntimeError as refused:
                self._outcome.late_refused += " 409 " in str(refused)

    def _check(self) -> None:
        with self._office.database() as rows:
            self._outcome.faults += _faults(rows, self._plan.tasks)
            self._outcome.expired, self._outcome.longest_freeing = _expiries(rows)
        if self._outcome.late_refused != len(self._ghosts):
            self._outcome.faults.append("a late write was not refused as a conflict")
        if self._outcome.longest_freeing > FREED_WITHIN and not self._plan.server_kills:
            self._outcome.faults.append("a lease was freed too late")
        try:
            self._office.server.manage("verify_audit")
        except RuntimeError as damaged:
            self._outcome.faults.append(str(damaged))


def _faults(rows: sqlite3.Connection, count: int) -> Iterator[str]:
    """What the database and the ledger say against it."""
    states = Counter(status for (status,) in rows.execute("SELECT status FROM tasks_task"))
    if states != {"done": count}:
        yield f"{dict(states)} in place of {count} done"
    events = rows.execute(
        "SELECT seq, kind, json_extract(data, '$.task'), json_extract(data, '$.is.token')"
        " FROM audit_event WHERE kind IN ('task.completed', 'task.claimed') ORDER BY seq"
    ).fetchall()
    completed: dict[int, int] = {}
    claimed: dict[int, int] = {}
    tokens: dict[int, int] = {}
    for seq, kind, task, token in events:
        if task in completed:
            yield f"T-{task}: {kind} after it was done"
        if kind == "task.claimed":
            claimed.setdefault(task, seq)
            if token <= tokens.get(task, 0):
                yield f"T-{task} was claimed under a token that is not higher"
            tokens[task] = token
        else:
            completed[task] = seq
            if token != tokens.get(task):
                yield f"T-{task} was done under an old token"
    yield from _too_early(rows, claimed, completed)


def _too_early(
    rows: sqlite3.Connection, claimed: dict[int, int], completed: dict[int, int]
) -> Iterator[str]:
    for task, need in rows.execute("SELECT task_id, prerequisite_id FROM tasks_dependency"):
        if claimed.get(task, 0) < completed.get(need, 0):
            yield f"T-{task} was begun before T-{need} was done"
    (haunted,) = rows.execute(
        "SELECT COUNT(*) FROM tasks_task WHERE result LIKE '%ghost%'"
    ).fetchone()
    if haunted:
        yield f"{haunted} results are those of ghosts"


def _expiries(rows: sqlite3.Connection) -> tuple[int, float]:
    """How many leases ran out, and the longest that one took to be freed."""
    (found,) = rows.execute(
        "SELECT json_group_array((julianday(at) - julianday(json_extract(data, '$.ended_at')))"
        " * 86400) FROM audit_event WHERE kind = 'task.expired'"
    ).fetchone()
    late = json.loads(found)
    return len(late), max(late, default=0.0)


def run_work(plan: Plan) -> Outcome:
    """Empty one list on a server of its own."""
    with Office(plan.agents) as office:
        foreman = Foreman(plan, office)
        foreman.write_list()
        return asyncio.run(foreman.direct())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agents", type=int, default=29)
    parser.add_argument("--tasks", type=int, default=500)
    parser.add_argument("--server-kills", type=int, default=3)
    parser.add_argument("--agent-kills", type=int, default=12)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    wanted = {name: value for name, value in vars(options).items() if name != "json"}
    outcome = run_work(Plan(**wanted))
    figures = outcome.figures()
    lines = (f"{name.replace('_', ' '):32} {value}" for name, value in figures.items())
    print(json.dumps(figures) if options.json else "\n".join(lines))
    if outcome.faults:
        sys.exit(1)


if __name__ == "__main__":
    main()
