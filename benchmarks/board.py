"""How fast tasks are with many of them: `python -m benchmarks.board --tasks 10000`.

A company of 30 agents and 20 channels, a fifth of them private, gets so many tasks, six in ten
closed, with labels, prerequisites, acceptance points and dates. Measured in this process: what the
actions take, and what the pages of the dashboard take from request to HTML. `processor` is the time
on the processor, which other work on the machine leaves as it is.
"""

from __future__ import annotations

import argparse
import functools
import os
import random
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from statistics import median
from typing import Any, Literal

from benchmarks.figures import table

STAFF, CHANNELS, REPEAT = 30, 20, 25
STATUSES = ("done",) * 11 + ("cancelled",) + ("todo",) * 5 + ("in_progress", "blocked", "in_review")
PARTS = ("ka", "lo", "mi", "nu", "re", "so", "ta", "vi", "ze", "ba", "do", "fe", "gu", "ha")
WORDS = [f"{one}{two}{three}" for one in PARTS for two in PARTS for three in PARTS]


def fill(count: int) -> Any:
    """The company; gives the reader, a person who is an admin and sees most channels."""
    from django.utils import timezone

    from messaging.models import Channel
    from messaging.services import create_channel
    from orgchart.models import Member
    from orgchart.services import register_agent
    from orgchart.services.company import found_company
    from tasks.models import Dependency, Label, Task

    dice = random.Random(7)
    found_company()
    owner = Member.objects.get(authority="owner")
    for number in range(STAFF):
        register_agent(actor=owner, name=f"Agent {number}", handle=f"agent{number}")
    staff = list(Member.objects.filter(kind="agent"))
    for number in range(CHANNELS):
        actor = owner if number % 10 else staff[0]
        kind: Literal["private", "public"] = "private" if number % 5 == 0 else "public"
        create_channel(actor=actor, name=f"c{number}", kind=kind)
    homes = [None, *Channel.objects.filter(kind__in=["public", "private"])]
    now = timezone.now()

    def task(number: int) -> Task:
        status = dice.choice(STATUSES)
        person = dice.choice(staff)
        held: dict[str, Any] = {}
        if status in ("done", "cancelled"):
            held = {"closed_at": now}
        if status == "in_progress":
            until = now + timedelta(hours=9)
            held = {"holder": person, "claimed_at": now, "expires_at": until, "token": 1}
        if status == "blocked":
            held = {"blocked_on": owner, "blocked_action": "Say yes.", "blocked_at": now}
        return Task(
            title=f"{' '.join(dice.choices(WORDS, k=6))} {number}",
            description=" ".join(dice.choices(WORDS, k=60)),
            status=status,
            priority=dice.choices(range(4), (1, 4, 12, 3))[0],
            creator=dice.choice(staff),
            assignee=person if status != "todo" or dice.random() < 0.5 else None,
            reviewer=owner if status == "in_review" else None,
            home=dice.choice(homes),
            points=[{"text": "It holds.", "done": bool(number % 2)}] if number % 3 == 0 else [],
            due_at=now + timedelta(days=dice.randint(-30, 60)) if number % 2 else None,
            created_at=now - timedelta(minutes=count - number),
            updated_at=now - timedelta(minutes=count - number),
            **held,
        )

    Task.objects.bulk_create([task(number) for number in range(count)], batch_size=500)
    ids = list(Task.objects.order_by("pk").values_list("pk", flat=True))
    labels = [Label(task_id=pk, name=f"l{pk % 40 + more}") for pk in ids for more in (0, 100)]
    Label.objects.bulk_create(labels, batch_size=1000)
    needs = [Dependency(task_id=pk, prerequisite_id=pk - 1, created_at=now) for pk in ids[9::10]]
    Dependency.objects.bulk_create(needs, batch_size=1000)
    return owner


def measured(reader: Any) -> Iterator[tuple[str, Callable[[], Any]]]:
    from django.test import Client

    from orgchart.models import Member
    from tasks import selectors, services
    from tasks.models import Task

    agent = Member.objects.filter(kind="agent").latest("pk")
    name = Task.objects.filter(status="in_review").latest("pk").name
    client = Client()
    client.force_login(reader, backend="orgchart.backends.MemberBackend")

    def claim_next() -> None:
        taken = services.claim_task(actor=agent).task.id
        undone.append(lambda: services.release_task(actor=agent, task=taken))

    def page(path: str, **headers: str) -> Callable[[], Any]:
        def get() -> None:
            assert client.get(path, headers=headers).status_code == 200, path

        return get

    yield "show_board", lambda: selectors.show_board(actor=reader)
    yield "show_board of a word", lambda: selectors.show_board(actor=reader, text="kalomi")
    yield "list_tasks, 20", lambda: selectors.list_tasks(actor=reader)
    yield "list_tasks, 20, free to claim", lambda: selectors.list_tasks(actor=agent, which="free")
    for order in ("newest", "changed", "due"):
        one: Any = order
        yield (
            f"list_tasks, 50, by {order}",
            functools.partial(selectors.list_tasks, actor=reader, which="all", order=one, limit=50),
        )
    yield "show_task", lambda: selectors.show_task(actor=reader, task=name)
    yield "claim_task, the best one", claim_next
    yield "page: board", page("/tasks/")
    yield "page: what follows of the board", page("/tasks/", **{"HX-Request": "true"})
    yield "page: list of 50", page("/tasks/?view=list")
    yield "page: calendar", page("/tasks/?view=calendar")
    yield "page: a task", page(f"/tasks/{name[2:]}/")


undone: list[Callable[[], Any]] = []


def timed(call: Callable[[], Any]) -> tuple[float, float, float]:
    """Median, worst and processor time in milliseconds, after a warm-up."""
    walls, busy = [], []
    for turn in range(REPEAT + 3):
        wall, cpu = time.perf_counter(), time.process_time()
        call()
        if turn >= 3:
            walls.append((time.perf_counter() - wall) * 1000)
            busy.append((time.process_time() - cpu) * 1000)
        while undone:
            undone.pop()()
    return round(median(walls), 2), round(max(walls), 2), round(median(busy), 2)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", type=int, default=10_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TEAMMCP_DATA_DIR"] = folder
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        settings.ALLOWED_HOSTS = ["testserver"]
        call_command("migrate", verbosity=0)
        reader = fill(given.tasks)
        rows = [(what, *timed(call)) for what, call in measured(reader)]
    heads = (f"{given.tasks} tasks, ms", "median", "longest", "processor")
    sys.stdout.write(table(heads, rows) + "\n")


if __name__ == "__main__":
    main()
