"""The day itself: the company with its policies, everybody at work, and what came of it."""

from __future__ import annotations

import asyncio
import json
import random
import sqlite3
import time
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from playwright.async_api import async_playwright

from benchmarks.figures import Spread
from benchmarks.gated.agent import Agent, Scene
from benchmarks.gated.desk import Desk
from benchmarks.gated.errands import (
    ENDS,
    POLICIES,
    SHORT_OF_TIME,
    UNDECIDED,
    Errand,
    dealt,
    planned,
)
from benchmarks.ledger.reading import Ledger
from benchmarks.ledger_check import faults_in, summary
from benchmarks.office import Agent as Hired
from benchmarks.office import Office, call
from tests.browser import ARGUMENTS

RECRUITERS = 3  # agents who may hire
PEOPLE = ("pia", "quin", "rosa")
ONE_MINUTE, ONE_DAY = 1, 1_440
LONGEST_CALL = 55.0
# A day of agents among themselves is not what is measured here.
UNGUARDED = {"TEAMMCP_AGENT_TURNS": "100000", "TEAMMCP_BROADCAST_MEMBERS": "1000"}


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a day is."""

    chromium: str
    agents: int = 29
    requests: int = 300
    seed: int = 1
    limit: float = 2_400.0
    """seconds after which the day has failed"""


@dataclass
class Day:
    """What came of it."""

    seconds: float = 0.0
    ends: Counter[str] = field(default_factory=Counter)
    ledger: dict[str, int] = field(default_factory=dict)
    seen: Spread = field(default_factory=lambda: Spread.of([]))
    decided: Spread = field(default_factory=lambda: Spread.of([]))
    woken: Spread = field(default_factory=lambda: Spread.of([]))
    calls: Spread = field(default_factory=lambda: Spread.of([]))
    late_clicks: int = 0
    other_calls: int = 0
    same_again: int = 0
    passes: int = 0
    faults: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return {
            "seconds": round(self.seconds, 1),
            "ledger": self.ledger,
            "ends": dict(self.ends),
            "held_to_visible_ms": self.seen.as_dict(),
            "click_to_decision_shown_ms": self.decided.as_dict(),
            "end_to_woken_agent_ms": self.woken.as_dict(),
            "agent_calls_ms": self.calls.as_dict(),
            "clicks_that_came_too_late": self.late_clicks,
            "calls_beside_all_that": self.other_calls,
            "the_same_call_again": self.same_again,
            "passed_by_standing_approval": self.passes,
            "faults": self.faults,
        }


def run_day(plan: Plan) -> Day:
    """Live through one day on a server of its own."""
    with Office(max(1, plan.agents - RECRUITERS), env=UNGUARDED) as office:
        director = _Director(plan, office)
        try:
            return asyncio.run(director.direct())
        except TimeoutError as late:
            raise RuntimeError(f"the day did not end: {director.unfinished()}") from late


class _Director:
    """Sets the company up, lets everybody work, and looks into the books."""

    def __init__(self, plan: Plan, office: Office) -> None:
        self._plan, self._office = plan, office
        self._rng = random.Random(plan.seed)
        self._owner = office.server.owner_token()
        self._scene = Scene(office.server.url)
        self._day = Day()
        self._staff = [*self._recruiters(), *office.agents][: plan.agents]
        self._links = self._invite()
        self._errands = planned(plan.requests, self._rng)
        hands = dealt(self._errands, len(self._staff), min(RECRUITERS, len(self._staff)))
        self._open_channels(hands)
        for policy in POLICIES:
            short = policy["name"] == SHORT_OF_TIME and self._undecided
            self._post("approvals/policies/", **policy,
                       expires_minutes=ONE_MINUTE if short else ONE_DAY)  # fmt: skip
        self._agents = [
            Agent(member, errands, self._scene, "legacy" if number % 3 == 2 else "auto",
                  random.Random(f"{plan.seed} {member.handle}"))
            for number, (member, errands) in enumerate(zip(self._staff, hands, strict=True))
        ]  # fmt: skip

    @property
    def _undecided(self) -> list[Errand]:
        return [errand for errand in self._errands if errand.fate in UNDECIDED]

    def _post(self, path: str, **body: Any) -> Any:
        return call(self._office.server, "POST", f"/api/{path}", self._owner, body)

    def _recruiters(self) -> list[Hired]:
        made = []
        for number in range(RECRUITERS):
            found = self._post("register/", name=f"Recruiter {number}", authority="admin")
            made.append(Hired(found["member"]["id"], found["member"]["handle"], found["token"]))
        return made

    def _invite(self) -> dict[str, str]:
        """Those who decide, each with a link to sign in by."""
        links = {"owner": self._office.server.sign_in_url}
        for handle in PEOPLE:
            invited = self._post(
                "invitations/", name=handle.title(), handle=handle, authority="admin"
            )
            links[handle] = invited["sign_in_url"]
        return links

    def _open_channels(self, hands: Sequence[Sequence[Errand]]) -> None:
        self._office.open_channel("customers", self._staff)
        for member, errands in zip(self._staff, hands, strict=True):
            for name in {errand.overtakes for errand in errands if errand.overtakes}:
                self._office.open_channel(name.removeprefix("#"), [member])

    async def direct(self) -> Day:
        async with asyncio.timeout(self._plan.limit), self._desks() as desks:
            began = time.monotonic()
            people = [asyncio.ensure_future(desk.sit()) for desk in desks.values()]
            people.append(asyncio.ensure_future(self._need(desks)))
            if self._undecided:
                await asyncio.gather(*(agent.early() for agent in self._agents))
                path = f"/api/approvals/policies/{quote(SHORT_OF_TIME)}/"
                change = {"expires_minutes": ONE_DAY}
                await asyncio.to_thread(
                    call, self._office.server, "PATCH", path, self._owner, change
                )
            work = asyncio.gather(*(agent.work() for agent in self._agents))
            ended: set[asyncio.Future[Any]] = {asyncio.ensure_future(work), *people[:-1]}
            await asyncio.wait(ended, return_when=asyncio.FIRST_COMPLETED)
            for one in people[:-1]:
                if one.done():
                    one.result()  # a person who has left has met an error
            await work
            await people[-1]
            self._day.seconds = time.monotonic() - began
            for one in people:
                one.cancel()
            await asyncio.gather(*people, return_exceptions=True)
            await self._measure(list(desks.values()))
        await asyncio.to_thread(self._look_into_the_books)
        return self._day

    @asynccontextmanager
    async def _desks(self) -> AsyncIterator[dict[str, Desk]]:
        by_mark = {errand.mark: errand for errand in self._errands}
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=self._plan.chromium, args=ARGUMENTS
            )
            desks = {}
            for place, (handle, link) in enumerate(self._links.items()):
                context = await browser.new_context()
                desk = Desk(
                    handle, place, len(self._links), context, self._office.server.url, by_mark
                )
                await desk.open(link)
                desks[handle] = desk
            try:
                yield desks
            finally:
                await browser.close()

    async def _need(self, desks: Mapping[str, Desk]) -> None:
        """The owner breaks the glass for one call, and Pia reviews that."""
        glass = next(errand for errand in self._errands if errand.fate == "glass")
        while not glass.request:  # noqa: ASYNC110 - as a person would look
            await asyncio.sleep(0.2)
        number = glass.request.removeprefix("A-")
        await desks["owner"].break_glass(number)
        await desks["pia"].review_glass(number)

    def unfinished(self) -> str:
        """What is still under way, and what went wrong until now."""
        left = [
            f"{one.request} {one.mark} {one.kind} {one.fate}"
            for one in self._errands
            if one.end != ENDS[one.fate]
        ]
        return "; ".join([*left, *self._scene.faults])

    # The books

    async def _measure(self, desks: Sequence[Desk]) -> None:
        """Times from the ledger's clock to those of pages and agents: it is one machine."""
        held, ended = await asyncio.to_thread(self._times)
        seen = [
            at - held[int(number)]
            for desk in desks
            for number, at in (await desk.seen()).items()
            if int(number) in held and self._first_to_see(desk.handle, int(number))
        ]
        day, scene = self._day, self._scene
        day.seen = Spread.of(seen)
        day.decided = Spread.of(ms / 1000 for desk in desks for ms in desk.decided)
        day.woken = Spread.of(
            at - ended[int(name[2:])]
            for name, at in scene.woken.items()
            if at >= ended.get(int(name[2:]), at + 1)
        )
        day.calls = Spread.of(scene.calls)
        self._looked = set().union(*(desk.looked for desk in desks))
        day.late_clicks, day.passes = sum(desk.late for desk in desks), scene.passes
        day.other_calls, day.same_again = scene.other_calls, scene.same_again

    def _first_to_see(self, handle: str, number: int) -> bool:
        """Whether it waited for this person from the beginning, not from a later stage."""
        deploys = {errand.request for errand in self._errands if errand.kind == "deploy"}
        return handle != "rosa" or f"A-{number}" not in deploys

    def _times(self) -> tuple[dict[int, float], dict[int, float]]:
        """When each request was held, and when it ended."""
        with self._office.database() as rows:
            return _first(rows, "approval.held"), _first(
                rows, *(f"approval.{end}" for end in set(ENDS.values()))
            )

    def _look_into_the_books(self) -> None:
        faults = self._day.faults = [*self._scene.faults]
        self._day.ends = Counter(errand.end for errand in self._errands)
        faults += [
            f"{errand.mark} ({errand.kind}, {errand.fate}) ended {errand.end}"
            for errand in self._errands
            if errand.end != ENDS[errand.fate] and not self._nobody_came(errand)
        ]
        ledger = Ledger.read(self._office.server.data_dir)
        self._day.ledger = summary(ledger)
        faults += faults_in(ledger, self._effects())
        if self._day.ledger["requests"] != len(self._errands):
            faults.append(f"{self._day.ledger['requests']} requests for {len(self._errands)}")
        if self._day.calls.longest > LONGEST_CALL * 1000:
            faults.append(f"a call took {self._day.calls.longest / 1000:.1f} s")
        try:
            self._office.server.manage("verify_audit")
        except RuntimeError as damaged:
            faults.append(str(damaged))

    def _nobody_came(self, errand: Errand) -> bool:
        """On a busy machine perhaps nobody looked within the minute: then it ends as never seen."""
        looked = errand.request.removeprefix("A-") in self._looked
        return (errand.fate, errand.end, looked) == ("looked", "never_seen", False)

    def _effects(self) -> list[str]:
        """What agents can do today with consent only."""
        with self._office.database() as rows:
            (customers,) = rows.execute(
                "SELECT id FROM messaging_channel WHERE name = 'customers'"
            ).fetchone()
        held = ("member.registered", "lease.taken", "permission.granted")
        return [*held, f"message.sent:channel-{customers}"]


def _first(rows: sqlite3.Connection, *kinds: str) -> dict[int, float]:
    """By request, when the first event of these kinds was recorded, as a clock time."""
    found = rows.execute(
        "SELECT json_extract(data, '$.approval'), MIN(at) FROM audit_event"
        " WHERE kind IN (SELECT value FROM json_each(?)) GROUP BY 1",
        [json.dumps(kinds)],
    )
    times = ((number, datetime.fromisoformat(at)) for number, at in found)
    return {number: at.replace(tzinfo=UTC).timestamp() for number, at in times}
