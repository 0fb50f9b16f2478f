"""Moving the clock, killing workers, and counting in the end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from tests.live import (
    DATABASE,
    ROOT,
    LiveServer,
    clean_environment,
    copy_migrated,
    wait_until,
)

PATIENCE = 60.0  # seconds until what is due must be done
LONGEST_LIFE = 0.05  # seconds from a new minute to a kill
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is to be proved."""

    schedules: int = 40
    minutes: int = 10
    workers: int = 2
    kills: int = 8
    held: int = 3
    """kills between the claim and the commit"""
    seed: int = 1


@dataclass(slots=True)
class Proof:
    """What was found."""

    expected: int
    sent: int
    killed: int
    held: int
    seconds: float
    faults: list[str] = field(default_factory=list)

    def figures(self) -> dict[str, Any]:
        return asdict(self)


def prove(plan: Plan) -> Proof:
    """Run the plan in a folder of its own."""
    with (
        tempfile.TemporaryDirectory(prefix="teammcp-time-") as folder,
        Workshop(Path(folder), plan) as workshop,
    ):
        return workshop.prove()


class Workshop:
    """One database, its clocks, and the processes that work on it."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        self._plan = plan
        self._folder = folder
        self._random = random.Random(plan.seed)
        self._env = clean_environment() | {
            "TEAMMCP_DATA_DIR": str(folder / "data"),
            "DJANGO_SETTINGS_MODULE": "teammcp.settings",
        }
        self._clock = folder / "clock"
        self._workers: list[subprocess.Popen[str]] = []
        self._killed = self._held = 0

    def __enter__(self) -> Workshop:
        if not copy_migrated(LiveServer.migrated, self._folder / "data" / DATABASE):
            (self._folder / "data").mkdir()
            self._call("django", "migrate", "-v", "0")
        return self

    def __exit__(self, *error: object) -> None:
        for worker in self._workers:
            _kill(worker)

    def prove(self) -> Proof:
        began = time.monotonic()
        facts = self._prepare()
        first = datetime.fromisoformat(facts["first"])
        self._set_clock(self._clock, first - MINUTE)
        for _ in range(self._plan.workers):
            self._start_worker()
        for worker in self._workers:
            _line_of(worker)
        for number in range(self._plan.minutes):
            self._one_minute(first + number * MINUTE, number)
        return self._accounts(facts, first, time.monotonic() - began)

    # Minutes

    def _one_minute(self, now: datetime, number: int) -> None:
        if number % max(1, self._plan.minutes // max(1, self._plan.held)) == 1:
            self._die_holding(now)
        self._set_clock(self._clock, now)
        if self._killed < self._plan.kills * (number + 1) // self._plan.minutes:
            time.sleep(self._random.uniform(0, LONGEST_LIFE))
            self._kill_one()
        wait_until(lambda: not self._due(now), f"{now} is done", seconds=PATIENCE)

    def _die_holding(self, now: datetime) -> None:
        """A further worker is early by a moment, does everything, and dies before its commit."""
        early = self._folder / "early"
        self._set_clock(early, now)
        holder = self._start("hold", early)
        said = _line_of(holder)
        _kill(holder)
        assert int(said.split()[1]) > 0, f"the holder found nothing to hold: {said}"
        self._held += 1

    def _kill_one(self) -> None:
        worker = self._random.choice(self._workers)
        _kill(worker)
        self._workers.remove(worker)
        self._killed += 1
        self._start_worker()

    def _due(self, now: datetime) -> int:
        condition = "state = 'active' AND due_at <= ?"
        (count,) = self._one(f"SELECT count(*) FROM messaging_schedule WHERE {condition}", now)  # noqa: S608
        return int(count)

    def _set_clock(self, clock: Path, now: datetime) -> None:
        fresh = clock.with_suffix(".new")
        fresh.write_text(now.isoformat())
        fresh.replace(clock)

    # Processes

    def _start_worker(self) -> None:
        self._workers.append(self._start("run", self._clock))

    def _start(self, mode: str, clock: Path) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "benchmarks.timekeeping.worker", mode, str(clock)]
        return subprocess.Popen(command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, text=True)

    def _call(self, module: str, *arguments: str) -> str:
        command = [sys.executable, "-m", module, *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=self._env, stdout=subprocess.PIPE, text=True, check=True
        )
        return done.stdout

    def _prepare(self) -> Any:
        self._clock.write_text(str(self._plan.schedules))
        return json.loads(self._call("benchmarks.timekeeping.worker", "prepare", str(self._clock)))

    # Accounts

    def _accounts(self, facts: Any, first: datetime, seconds: float) -> Proof:
        expected = sorted(_expected(facts, first, self._plan.minutes))
        sent = sorted(self._sent())
        proof = Proof(len(expected), len(sent), self._killed, self._held, seconds)
        proof.faults += [f"{run} was sent, but not expected" for run in {*sent} - {*expected}]
        proof.faults += [f"{run} was not sent" for run in {*expected} - {*sent}]
        counts = {
            "messages": "SELECT count(*) FROM messaging_message WHERE face = 'schedule'",
            "different messages": "SELECT count(DISTINCT message_id) FROM messaging_schedulerun"
            " WHERE outcome = 'sent'",
            "events": "SELECT count(*) FROM audit_event WHERE kind = 'schedule.ran'",
        }
        for what, query in counts.items():
            (count,) = self._one(query)
            if count != len(expected):
                proof.faults.append(f"{count} {what} instead of {len(expected)}")
        for pk in facts["bad"]:
            (failures,) = self._one("SELECT failures FROM messaging_schedule WHERE id = ?", pk)
            if failures < 2:  # it was tried, and tried again
                proof.faults.append(f"the bad schedule {pk} has failed {failures} times")
        with contextlib.suppress(subprocess.CalledProcessError):
            self._call("django", "verify_audit")
            return proof
        proof.faults.append("the ledger does not verify")
        return proof

    def _sent(self) -> Iterator[tuple[int, str]]:
        query = "SELECT schedule_id, planned_at FROM messaging_schedulerun WHERE outcome = 'sent'"
        with self._database() as database:
            for pk, planned in database.execute(query):
                yield pk, planned[:16]

    def _one(self, query: str, *values: Any) -> Any:
        given = [_as_stored(v) if isinstance(v, datetime) else v for v in values]
        with self._database() as database:
            return database.execute(query, given).fetchone()

    def _database(self) -> closing[sqlite3.Connection]:
        return closing(sqlite3.connect(self._folder / "data" / DATABASE, timeout=20))


def _expected(facts: Any, first: datetime, minutes: int) -> Iterator[tuple[int, str]]:
    """Worked out without the rules' own code."""
    for number in range(minutes):
        now = first + number * MINUTE
        for pk, cron, planned in facts["rules"]:
            begun = now >= datetime.fromisoformat(planned)
            if begun and _fits(cron.split()[0], now.minute):
                yield pk, _as_stored(now)[:16]
        pk, at = facts["once"]
        if datetime.fromisoformat(at) == now:
            yield pk, _as_stored(now)[:16]


def _fits(field: str, minute: int) -> bool:
    if field.startswith("*"):
        return minute % int(field[2:] or 1) == 0
    return minute % 2 == 1 if field == "1-59/2" else str(minute) in field.split(",")


def _as_stored(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")


def _line_of(worker: subprocess.Popen[str]) -> str:
    assert worker.stdout is not None
    line = worker.stdout.readline()
    assert line, "a worker ended before it said anything"
    return line


def _kill(worker: subprocess.Popen[str]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    if worker.stdout is not None:
        worker.stdout.close()
