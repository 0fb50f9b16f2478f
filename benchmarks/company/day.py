"""The day itself: who works, what goes wrong meanwhile, and what came of it."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from benchmarks.company.agent import Agent, Scene
from benchmarks.company.books import check_books, offer_times, remembered
from benchmarks.company.follower import Follower
from benchmarks.company.talk import Speaker
from benchmarks.company.window import Window, open_window
from benchmarks.figures import Spread
from benchmarks.office import Agent as Hired
from benchmarks.office import Office, call

CHANNELS = {  # name: (kind, part of the staff that is in it)
    "#general": ("public", 1.0),
    "#releases": ("public", 1.0),
    "#engineering": ("public", 0.6),
    "#support": ("public", 0.4),
    "#incidents": ("private", 0.5),
    "#board": ("private", 0.3),
}
WATCHED = "#general"
PATIENCE = 20.0
# A day of agents among themselves, who also call whole channels: what guards against that is tested
# by itself (test_loops, test_broadcast) and would end the day here.
UNGUARDED = {"TEAMMCP_AGENT_TURNS": "100000", "TEAMMCP_BROADCAST_MEMBERS": "1000"}
AFTERMATH = 3.0  # seconds after a restart in which a connection may still turn out to be broken


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a day is."""

    agents: int = 29
    messages: int = 3_000
    kills: int = 5
    seed: int = 1
    chromium: str | None = None
    """the browser that watches; None: nobody watches"""
    limit: float = 900.0
    """seconds after which the day has failed"""


@dataclass(frozen=True, slots=True)
class Outage:
    """One SIGKILL of everything: when, after how many messages, until it answered again."""

    at: float
    accepted: int
    ready: float


@dataclass
class Day:
    """What came of it."""

    seconds: float = 0.0
    messages: int = 0
    deliveries: int = 0
    events: int = 0
    outages: list[Outage] = field(default_factory=list)
    recoveries: list[float] = field(default_factory=list)
    """seconds from each kill to the next accepted message"""
    repeated: int = 0
    """sends that were repeated because their answer never came"""
    remembered: int = 0
    """of these, how many had been committed: their repetition got the first answer"""
    connections: int = 0
    offers: Spread = field(default_factory=lambda: Spread.of([]))
    """from send to offer, per delivery"""
    faults: list[str] = field(default_factory=list)
    """what should not have happened; empty on a good day"""
    browser: bool | None = None
    """whether the page showed the last message without a reload; None: nobody watched"""

    def figures(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 1),
            "messages": self.messages,
            "deliveries": self.deliveries,
            "events": self.events,
            "kills": len(self.outages),
            "restart_seconds": [round(one.ready - one.at, 1) for one in self.outages],
            "recovery_seconds": [round(seconds, 1) for seconds in self.recoveries],
            "connections": self.connections,
            "repeated_sends": self.repeated,
            "of_these_committed_before": self.remembered,
            "send_to_offer_ms": self.offers.as_dict(),
            "browser_saw_the_last_message": self.browser,
            "faults": self.faults,
        }


def run_day(plan: Plan) -> Day:
    """Live through one day on a server of its own."""
    with Office(plan.agents, env=UNGUARDED) as office:
        return asyncio.run(_Director(plan, office).direct())


class _Director:
    """Opens the company, lets everybody work, breaks the server, and looks into the books."""

    def __init__(self, plan: Plan, office: Office) -> None:
        self._plan = plan
        self._office = office
        self._rng = random.Random(plan.seed)
        self._scene = Scene(office.server.mcp_url, talking=plan.agents)
        self._day = Day()
        self._agents = self._employ(office.agents, self._open_channels(office.agents))

    def _open_channels(self, staff: Sequence[Hired]) -> dict[str, list[str]]:
        channels = {}
        for name, (kind, part) in CHANNELS.items():
            inside = self._rng.sample(list(staff), max(2, round(part * len(staff))))
            if name != "#general":
                self._office.open_channel(name.removeprefix("#"), inside, kind=kind)
            channels[name] = [member.handle for member in inside]
        return channels

    def _employ(self, staff: Sequence[Hired], channels: dict[str, list[str]]) -> list[Agent]:
        handles = [member.handle for member in staff]
        quotas = [len(part) for part in _shares(self._plan.messages, len(staff))]
        return [
            Agent(
                token=member.token,
                era="session" if number % 3 == 2 else "modern",
                quota=quotas[number],
                speaker=Speaker(
                    handle=member.handle,
                    channels={
                        name: inside for name, inside in channels.items() if member.handle in inside
                    },
                    colleagues=handles,
                    rng=random.Random(f"{self._plan.seed} {member.handle}"),
                ),
                scene=self._scene,
            )
            for number, member in enumerate(staff)
        ]

    async def direct(self) -> Day:
        async with asyncio.timeout(self._plan.limit), self._window() as window:
            head = await asyncio.to_thread(lambda: self._get("/api/events/?limit=1")["head"])
            follower = Follower(self._office.server.url, self._agents[0].token, after=head)
            following = asyncio.ensure_future(follower.follow())
            began = time.monotonic()
            async with asyncio.TaskGroup() as group:
                group.create_task(self._break_things())
                for agent in self._agents:
                    group.create_task(agent.work())
            self._day.seconds = time.monotonic() - began
            await self._look_into_the_books()
            await self._ask_the_follower(follower)
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            if window is not None:
                await self._ask_the_window(window)
        return self._day

    @contextlib.asynccontextmanager
    async def _window(self) -> AsyncIterator[Window | None]:
        if self._plan.chromium is None:
            yield None
            return
        async with open_window(self._plan.chromium) as window:
            server = self._office.server
            page = f"{server.url}/channels/{WATCHED.removeprefix('#')}/"
            await window.open(server.sign_in_url, page)
            yield window

    async def _break_things(self) -> None:
        """SIGKILL for everything, at random moments of the conversation, and a new start."""
        total = self._plan.messages
        moments = sorted(self._rng.sample(range(total // 20, total * 19 // 20), self._plan.kills))
        for moment in moments:
            await self._scene.reached(moment)
            at, accepted = time.monotonic(), self._scene.accepted
            await asyncio.to_thread(self._office.server.kill)
            await asyncio.to_thread(self._office.server.start)
            self._day.outages.append(Outage(at, accepted, time.monotonic()))
            await self._scene.reached(self._scene.accepted + 1)
            self._day.recoveries.append(time.monotonic() - at)

    async def _look_into_the_books(self) -> None:
        day, agents = self._day, self._agents
        day.repeated = sum(agent.repeated for agent in agents)
        day.connections = sum(agent.connections for agent in agents)
        day.faults += self._unexplained_failures()
        day.faults += await asyncio.to_thread(check_books, self._office, agents)
        day.faults += await asyncio.to_thread(self._verify_audit)
        with self._office.database() as rows:
            day.messages, day.deliveries, day.events = (
                rows.execute(f"SELECT COUNT(*) FROM {name}").fetchone()[0]  # noqa: S608
                for name in ("messaging_message", "messaging_delivery", "audit_event")
            )
            day.offers = Spread.of(offer_times(rows))
            day.remembered = remembered(rows, agents)

    def _verify_audit(self) -> list[str]:
        try:
            self._office.server.manage("verify_audit")
        except RuntimeError as damaged:
            return [str(damaged)]
        return []

    def _unexplained_failures(self) -> list[str]:
        """Connections that broke while nobody had broken the server."""
        return [
            f"@{agent.handle} was cut off while the server lived: {failure.reason}"
            for agent in self._agents
            for failure in agent.failures
            if not any(
                outage.at <= failure.at <= outage.ready + AFTERMATH for outage in self._day.outages
            )
        ]

    async def _ask_the_follower(self, follower: Follower) -> None:
        """The program on the event stream must have seen what the feed says it may see."""
        wanted = await asyncio.to_thread(lambda: list(self._feed(follower.after)))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await follower.reached(wanted[-1])
        if follower.seqs != wanted:
            seen = len(follower.seqs)
            self._day.faults.append(f"the stream brought {seen} events, the feed {len(wanted)}")

    def _feed(self, after: int) -> Iterator[int]:
        """The seqs of all events that the first agent may see, by the REST feed."""
        more = True
        while more:
            page = self._get(f"/api/events/?limit=500&after={after}")
            yield from (event["seq"] for event in page["items"])
            after, more = page["cursor"], page["more"]

    def _get(self, path: str) -> Any:
        return call(self._office.server, "GET", path, self._agents[0].token)

    async def _ask_the_window(self, window: Window) -> None:
        """The page must show the last message of its channel, and all before it without a gap."""
        page = await asyncio.to_thread(self._get, f"/api/messages/?where={quote(WATCHED)}&limit=1")
        last = page["items"][-1]
        self._day.browser = await window.shows(last["id"])
        shown = await window.messages()
        if shown != list(range(shown[0], last["seq"] + 1)):
            self._day.faults.append(f"the page shows {len(shown)} of {last['seq']} with gaps")
        self._day.faults += [f"the page met an error: {error}" for error in window.errors]


def _shares(count: int, parts: int) -> list[range]:
    """`count` things dealt out as evenly as possible."""
    return [range(number, count, parts) for number in range(parts)]
