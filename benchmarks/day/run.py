"""Running the day: staff, killer, watcher, reckoning."""

from __future__ import annotations

import asyncio
import random
import time
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmarks.day.colleague import Colleague
from benchmarks.day.plan import PRIVATE, WATCHED, Intent, Plan
from benchmarks.day.reckoning import Books
from benchmarks.day.watcher import Watcher, chromium_path
from benchmarks.figures import Spread
from benchmarks.office import Office

PAUSE_SECONDS = 0.1  # an agent's breath between two messages
LAST_WORDS = "day-end That was all for today."


@dataclass(frozen=True, slots=True)
class Day:
    """How large the day is."""

    agents: int = 29
    messages: int = 3_000
    kills: int = 5
    seed: int = 1
    browser: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `faults` is empty when every promise held."""

    faults: list[str]
    figures: dict[str, Any]


def spend(day: Day) -> Outcome:
    """One whole day on a server of its own."""
    with Office(day.agents) as office:
        handles = [agent.handle for agent in office.agents]
        plan = Plan.drawn(handles, day.messages, day.seed)
        for name, members in plan.members.items():
            if name != "general":
                inside = [agent for agent in office.agents if agent.handle in members]
                office.open_channel(name, inside, kind="private" if name in PRIVATE else "public")
        staff = [
            Colleague(
                agent.handle, agent.token, office.server.mcp_url, era=_era(number), seed=day.seed
            )
            for number, agent in enumerate(office.agents)
        ]
        return asyncio.run(_spend(day, office, plan, staff))


def _era(number: int) -> Literal["auto", "legacy"]:
    return "legacy" if number % 3 == 2 else "auto"


async def _spend(day: Day, office: Office, plan: Plan, staff: list[Colleague]) -> Outcome:
    begun = time.monotonic()
    async with AsyncExitStack() as stack:
        watcher = await _watcher(stack, office) if day.browser else None
        over = asyncio.Event()
        listening = [asyncio.ensure_future(member.listen(over)) for member in staff]
        speaking = [
            asyncio.ensure_future(member.speak(plan.intents[member.handle], PAUSE_SECONDS))
            for member in staff
        ]
        killing = asyncio.ensure_future(_kill(day, office, staff))
        await _all(speaking, listening, killing)
        downtimes = await killing
        seen = await _last_words(plan, staff[0], watcher)
        over.set()
        await asyncio.gather(*listening)
    return _outcome(day, office, plan, staff, downtimes, time.monotonic() - begun, seen)


async def _all(speaking: list[Any], listening: list[Any], killing: Any) -> None:
    """Wait until everything is said and every kill is done; a failure of anybody ends the day."""
    waiting = {*speaking, killing}
    while waiting:
        done, _ = await asyncio.wait(
            {*waiting, *listening}, return_when=asyncio.FIRST_COMPLETED, timeout=1
        )
        for task in done:
            task.result()
        waiting -= done


async def _watcher(stack: AsyncExitStack, office: Office) -> Watcher:
    path = chromium_path()
    if path is None:
        raise RuntimeError("no Chromium on this machine; use --no-browser")
    url = f"{office.server.url}/channels/{WATCHED}/"
    return await stack.enter_async_context(Watcher(path, office.server.sign_in_url, url))


async def _kill(day: Day, office: Office, staff: list[Colleague]) -> list[float]:
    """Kill the process group at random moments of the day and start it again; the downtimes."""
    chance = random.Random(day.seed)
    moments = sorted(chance.uniform(0.05, 0.95) * day.messages for _ in range(day.kills))
    downtimes = []
    for moment in moments:
        while sum(len(member.record.accepted) for member in staff) < moment:  # noqa: ASYNC110 - many records
            await asyncio.sleep(0.005)
        await asyncio.sleep(chance.uniform(0, 0.1))  # anywhere between two commits
        begun = time.monotonic()
        await asyncio.to_thread(office.server.kill)
        await asyncio.to_thread(office.server.start)
        downtimes.append(time.monotonic() - begun)
    return downtimes


async def _last_words(plan: Plan, speaker: Colleague, watcher: Watcher | None) -> float | None:
    last = Intent("day-end", f"#{WATCHED}", LAST_WORDS)
    plan.intents[speaker.handle].append(last)
    await speaker.speak([last], 0)
    return await watcher.sees(LAST_WORDS) if watcher is not None else None


def _outcome(
    day: Day,
    office: Office,
    plan: Plan,
    staff: list[Colleague],
    downtimes: list[float],
    seconds: float,
    seen: float | None,
) -> Outcome:
    with office.database() as database:
        books = Books(database, plan, staff)
        faults = books.audit()
        offers, counts = Spread.of(books.offer_seconds()), books.counts()
    verdict = office.server.manage("verify_audit").strip()
    records = [member.record for member in staff]
    figures = {
        **asdict(day),
        "seconds": round(seconds, 1),
        "downtime_seconds": [round(downtime, 2) for downtime in downtimes],
        "calls_repeated": sum(record.repeated for record in records),
        "reconnects": sum(record.reconnects for record in records),
        "send_ms": Spread.of(s for record in records for s in record.answer_seconds).as_dict(),
        "stored_to_offered_ms": offers.as_dict(),
        "last_message_seen_seconds": None if seen is None else round(seen, 2),
        "stored": counts,
        "verify_audit": verdict,
    }
    return Outcome(faults, figures)
