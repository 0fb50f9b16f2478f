"""A worker process: `python -m benchmarks.timekeeping.worker MODE CLOCK`.

prepare   make a company with schedules, say as JSON which, and end
run       do what is due at the time in the file CLOCK, again and again
hold      do what is due once, say so, and keep the transaction open until killed
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import django

PAUSE = 0.01


def main(mode: str, clock: Path) -> None:
    django.setup()
    modes: dict[str, Callable[[Path], None]] = {"prepare": prepare, "run": run, "hold": hold}
    modes[mode](clock)


def read_clock(clock: Path) -> datetime:
    return datetime.fromisoformat(clock.read_text())


def run(clock: Path) -> None:
    from messaging.services.running import run_due

    print("ready", flush=True)
    while True:
        run_due(read_clock(clock))
        time.sleep(PAUSE)


def hold(clock: Path) -> None:
    from django.db import transaction

    from messaging.services.running import run_due

    with transaction.atomic():
        print(f"holds {run_due(read_clock(clock))}", flush=True)
        time.sleep(600)


RULES = ("* * * * *", "*/2 * * * *", "*/3 * * * *", "1-59/2 * * * *", "0,5,10,15 * * * *")


def prepare(clock: Path) -> None:
    """As many schedules as CLOCK asks for, and one that is refused and one that is damaged."""
    from messaging.models import Schedule
    from messaging.services import create_channel, schedule_message, update_channel
    from orgchart.models import Member
    from orgchart.services import register_agent
    from orgchart.services.company import found_company

    found_company()
    owner = Member.objects.get(handle="owner")
    register_agent(actor=owner, name="Lin", handle="lin")
    lin = Member.objects.get(handle="lin")
    create_channel(actor=lin, name="attic")
    first = (datetime.now(UTC) + timedelta(minutes=1)).replace(second=0, microsecond=0)
    made: list[tuple[int, str, str]] = []
    for number in range(int(clock.read_text())):
        cron = RULES[number % len(RULES)]
        row = schedule_message(actor=lin, to="#general", body=f"Schedule {number}.", cron=cron)
        made.append((row.id, cron, row.next_runs[0].isoformat()))
    at = (first + timedelta(minutes=3)).isoformat()
    once = schedule_message(actor=lin, to="@owner", body="Once.", at=at)
    refused = schedule_message(actor=lin, to="#attic", body="Refused.", cron="* * * * *")
    damaged = schedule_message(actor=lin, to="#general", body="Damaged.", cron="* * * * *")
    update_channel(actor=lin, channel="#attic", archived=True)
    Schedule.objects.filter(pk=damaged.id).update(cron="nonsense")
    facts = {
        "first": first.isoformat(), "rules": made, "once": [once.id, at],
        "bad": [refused.id, damaged.id],
    }  # fmt: skip
    print(json.dumps(facts))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
