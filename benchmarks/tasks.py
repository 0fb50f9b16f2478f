"""How fast tasks are with a long past: `python -m benchmarks.tasks`.

A company of 30 agents is filled with 1,000, then 10,000 tasks in 12 homes: six in ten are done, the
others in every state; a third has labels, a fifth waits for another one. Each call is measured as a
call of the service in this process; reads also over REST, against `manage.py up`.
"""

from __future__ import annotations

import argparse
import functools
import itertools
import json
import random
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from benchmarks.figures import table
from benchmarks.office import Office
from benchmarks.sizes import Caller, opened, timed

STAFF = 30
SIZES = (1_000, 10_000)
_VERBS = "Rotate Write Paint Review Port Measure Explain Remove Split Rename Translate Test"
_THINGS = "keys manual door parser figures queue index budget contract page archive ledger"
_PLACES = "of the north;for spring;in the cellar;on Linux;with Kay;before noon;at last"
VERBS, THINGS, PLACES = _VERBS.split(), _THINGS.split(), _PLACES.split(";")
LABELS = ("security", "docs", "bug", "idea", "ops")


def fill(size: int, members: Sequence[int], homes: Sequence[int]) -> None:
    """Tasks up to this number, written as rows: what is measured is reading and single writes."""
    from django.utils import timezone

    from tasks.models import Dependency, Label, Task

    chance, now, start = random.Random(size), timezone.now(), Task.objects.count()
    rows = [_row(chance, number, members, homes, now) for number in range(start, size)]
    made = Task.objects.bulk_create(rows, batch_size=500)
    labels = [Label(task=task, name=chance.choice(LABELS)) for task in made[::3]]
    Label.objects.bulk_create(labels, batch_size=500)
    needs = [
        Dependency(task=task, prerequisite=chance.choice(made[: number * 5 + 1]), created_at=now)
        for number, task in enumerate(made[1::5])
    ]
    Dependency.objects.bulk_create(needs, batch_size=500, ignore_conflicts=True)


def _row(
    chance: random.Random, number: int, members: Sequence[int], homes: Sequence[int], now: Any
) -> Any:
    from tasks.models import Task

    kinds = ["done"] * 12 + ["todo"] * 5 + ["in_progress", "blocked", "in_review"]
    status, somebody = chance.choice(kinds), chance.choice(members)
    fields: dict[str, Any] = {}
    if status == "done":
        fields = {"closed_at": now}
    if status == "in_progress":
        hour = now + timedelta(hours=1)
        fields = {"holder_id": somebody, "claimed_at": now, "expires_at": hour, "token": 1}
    if status == "blocked":
        fields = {"blocked_on_id": chance.choice(members), "blocked_action": "Act."}
    words = (chance.choice(some) for some in (VERBS, THINGS, PLACES))
    return Task(
        title=f"{' '.join(words)} {number}",
        description=" ".join(chance.choices(THINGS, k=30)),
        status=status,
        priority=chance.choice([0, 1, 2, 2, 2, 3]),
        creator_id=chance.choice(members),
        assignee_id=somebody if status != "todo" or chance.random() < 0.3 else None,
        reviewer_id=chance.choice(members) if status == "in_review" else None,
        home_id=chance.choice([None, None, *homes]),
        created_at=now,
        updated_at=now,
        **fields,
    )


def reads_of(reader: Any, newest: str) -> Iterator[tuple[str, str, dict[str, Any], Any]]:
    from messaging.services import check_inbox, resume
    from tasks import selectors

    lists = {
        "open": {},
        "free": {"which": "free"},
        "mine": {"which": "mine"},
        "all, a page further back": {"which": "all", "after": "2-500"},
        "done": {"which": "done"},
        "by assignee": {"which": "all", "assignee": "me"},
        "by label": {"label": "security"},
        "by a common word": {"text": "keys"},
        "by a rare word": {"text": "nowhere"},
        "by priority": {"priority": "low"},
    }
    for name, query in lists.items():
        call = lambda query=query: selectors.list_tasks(actor=reader, **query)  # noqa: E731
        yield f"list: {name}", "tasks/", query, call
    yield "board", "tasks/board/", {}, lambda: selectors.show_board(actor=reader)
    yield (
        "a task",
        f"tasks/{newest}/",
        {},
        lambda: selectors.show_task(actor=reader, task=newest),
    )
    yield "what one holds", "tasks/mine/", {}, lambda: selectors.show_work(actor=reader)
    yield "resume", "resume/", {}, lambda: resume(actor=reader)
    yield "inbox", "inbox/", {}, lambda: check_inbox(actor=reader)


def writes_of(reader: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    from tasks import services

    words = itertools.count()
    make = functools.partial(services.create_task, actor=reader)
    free = (make(title=f"Free number {next(words)}").task.id for _ in words)
    yield "create", lambda: make(title=f"Rotate the keys {next(words)}")
    yield "create and claim", lambda: services.claim_task(actor=reader, task=next(free))
    yield "claim the next", lambda: services.claim_task(actor=reader)


def measure(office: Office, size: int, rounds: int, only: str) -> Iterator[dict[str, Any]]:
    from orgchart.models import Member
    from tasks.models import Task

    reader = Member.objects.get(pk=office.agents[0].id)
    newest = Task.objects.filter(home=None).latest("pk").name
    with Caller(office.server.port, office.agents[0]) as caller:
        for name, path, query, call in reads_of(reader, newest):
            if only in name:
                alone = timed(call, rounds)
                rest = timed(lambda: caller.get(path, query), rounds)  # noqa: B023
                yield {
                    "tasks": size, "call": name, "service p50": alone.p50,
                    "service p99": alone.p99, "rest p50": rest.p50, "rest p99": rest.p99,
                }  # fmt: skip
    for name, write in writes_of(reader):
        if only in name:
            alone = timed(write, rounds)
            yield {
                "tasks": size, "call": name, "service p50": alone.p50,
                "service p99": alone.p99, "rest p50": "", "rest p99": "",
            }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=50, help="calls per figure (50)")
    parser.add_argument("--only", default="", help="calls whose name has this")
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    with Office(STAFF) as office, opened(office) as filled:
        from messaging.models import Channel

        homes = list(Channel.objects.exclude(name=None).values_list("pk", flat=True)[:12])
        for size in sorted(options.sizes):
            began = time.monotonic()
            fill(size, filled.cast.members, homes)
            print(f"{size:,} tasks after {time.monotonic() - began:.0f} s", file=sys.stderr)
            found += measure(office, size, options.rounds, options.only)
    if options.json:
        print("\n".join(map(json.dumps, found)))
    else:
        print(table(list(found[0]), [list(row.values()) for row in found]))


if __name__ == "__main__":
    main()
