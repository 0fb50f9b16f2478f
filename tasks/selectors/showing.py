"""Tasks as answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Protocol

from django.db.models import QuerySet
from django.utils import timezone

from messaging.access import direct_labels
from messaging.models import Channel
from orgchart.models import Member
from orgchart.presence import AWAY_FOR
from orgchart.recent import last_seen
from tasks.access import Ref, access_task, visible_tasks
from tasks.models import Dependency, Follower, Label, Task, Touched
from tasks.rules import moves_of
from tasks.schemas import BlockOut, LeaseOut, NeedOut, PointOut, TaskLine, TaskOut
from tasks.transitions import OPEN
from teammcp.core.actions import query

# What a line shows: a page of whole rows, with all that they hold as JSON, takes twice the time.
RELATED = 50  # tasks of one relation that are shown


@query(scope="tasks:read")
def show_task(*, actor: Member, task: Ref) -> TaskOut:
    """One task with all that is known of it, and what you may do with it now."""
    return task_out(actor, access_task(actor=actor, task=task))


def task_out(actor: Member, task: Task) -> TaskOut:
    """A task, fetched whole, as this reader sees it."""
    followed = Follower.objects.filter(task=task, member=actor).exists()
    return TaskOut(
        id=task.name,
        title=task.title,
        description=task.description,
        status=task.status,
        priority=task.urgency,
        labels=sorted(Label.objects.filter(task=task).values_list("name", flat=True)),
        creator=task.creator.handle,
        assignee=_handle(task.assignee),
        unresponsive=is_unresponsive(task) or None,
        reviewer=_handle(task.reviewer),
        needs_review=task.needs_review,
        lease=lease_out(actor, task),
        blocked=_block_out(task),
        needs=_related(visible_tasks(actor).filter(needed_by__task=task)),
        needed_by=_related(visible_tasks(actor).filter(needs__prerequisite=task)),
        parent=f"T-{task.parent_id}" if task.parent_id else None,
        subtasks=_related(Task.objects.filter(parent=task)),
        home=homes_of(actor, [task]).get(task.home_id or 0),
        discussion=f"#t-{task.pk}",
        origin=task.origin_id,
        progress=task.progress,
        points=[PointOut(**point) for point in task.points],
        result=task.result,
        evidence=task.evidence,
        skills=task.skills,
        read_only=task.read_only,
        touches=sorted(Touched.objects.filter(task=task).values_list("path", flat=True)),
        metadata=task.metadata,
        start_after=task.start_after,
        due_at=task.due_at,
        follow_up_at=task.follow_up_at,
        check_in_minutes=task.check_in_minutes,
        version=task.version,
        created_at=task.created_at,
        updated_at=task.updated_at,
        closed_at=task.closed_at,
        moves=moves_of(actor, task),
        following=followed or None,
    )


def lines_of(actor: Member, tasks: Iterable[Task]) -> list[TaskLine]:
    """Tasks of a list: four further queries for all together."""
    tasks = list(tasks)
    if not tasks:
        return []
    _attach(tasks)
    labels: dict[int, list[str]] = {}
    rows = Label.objects.filter(task__in=[task.pk for task in tasks]).order_by("name")
    for pk, name in rows.values_list("task_id", "name"):
        labels.setdefault(pk, []).append(name)
    waits = _waits(tasks)
    homes = homes_of(actor, tasks)
    return [_line(task, labels, waits, homes) for task in tasks]


def _attach(tasks: list[Task]) -> None:
    """Members and homes that the lines name, each fetched once, however many tasks have them."""
    people = {
        pk for task in tasks for pk in (task.assignee_id, task.reviewer_id, task.blocked_on_id)
    }
    known = Member.objects.only("handle", "kind", "status", "created_at", "last_active_at")
    members = known.in_bulk(pk for pk in people if pk)
    places = {task.home_id for task in tasks if task.home_id}
    homes = Channel.objects.only("kind", "name").in_bulk(places)
    for task in tasks:
        task.assignee = members.get(task.assignee_id or 0)
        task.reviewer = members.get(task.reviewer_id or 0)
        task.blocked_on = members.get(task.blocked_on_id or 0)
        task.home = homes.get(task.home_id or 0)


def _waits(tasks: list[Task]) -> Counter[int]:
    """How many open prerequisites each has. Counted here: asked for open ones only, SQLite begins
    with all open tasks of the company."""
    edges = Dependency.objects.filter(task__in=[task.pk for task in tasks])
    found = edges.values_list("task_id", "prerequisite__status")
    return Counter(pk for pk, status in found if status in OPEN)


def _line(
    task: Task, labels: dict[int, list[str]], waits: Counter[int], homes: dict[int, str]
) -> TaskLine:
    return TaskLine(
        id=task.name,
        title=task.title,
        status=task.status,
        priority=task.urgency,
        assignee=_handle(task.assignee),
        held_until=task.expires_at if task.is_held() else None,
        unresponsive=is_unresponsive(task) or None,
        waits=waits[task.pk] or None,
        blocked_on=_handle(task.blocked_on),
        blocked_action=task.blocked_action or None,
        reviewer=_handle(task.reviewer),
        labels=labels.get(task.pk, []),
        home=homes.get(task.home_id or 0),
        parent=f"T-{task.parent_id}" if task.parent_id else None,
        progress=task.progress or None,
        points=_points(task),
        start_after=task.start_after,
        due_at=task.due_at,
    )


def _points(task: Task) -> str | None:
    met = len(task.points) - len(task.open_points)
    return f"{met}/{len(task.points)}" if task.points else None


def lease_out(actor: Member, task: Task) -> LeaseOut | None:
    """The lease of a task; nothing once it is over."""
    if not task.is_held() or task.holder is None or not task.claimed_at or not task.expires_at:
        return None
    return LeaseOut(
        holder=task.holder.handle,
        since=task.claimed_at,
        until=task.expires_at,
        heartbeat_at=task.heartbeat_at,
        token=task.token if task.holder_id == actor.pk else None,
    )


def _block_out(task: Task) -> BlockOut | None:
    if task.blocked_on is None or task.blocked_at is None:
        return None
    return BlockOut(on=task.blocked_on.handle, action=task.blocked_action, since=task.blocked_at)


def is_unresponsive(task: Task) -> bool:
    """Whether an agent has the task and has shown no sign of life for half an hour. People have
    evenings."""
    member = task.assignee
    if member is None or task.status not in OPEN or member.kind != Member.Kind.AGENT:
        return False
    if member.status != Member.Status.ACTIVE:
        return True
    signs = (member.last_active_at, last_seen(member.pk), task.heartbeat_at)
    last = max(filter(None, signs), default=None)
    since = last or max(member.created_at, task.updated_at)
    return timezone.now() - since > AWAY_FOR


class AtHome(Protocol):
    """What has a home: a task, a goal, a lease."""

    home: Any
    home_id: Any


def homes_of(actor: Member, things: Iterable[AtHome]) -> dict[int, str]:
    """The names of the homes of these, as the reader calls them."""
    return named_homes(actor, [one.home for one in things if one.home_id])


def named_homes(actor: Member, channels: Iterable[Channel]) -> dict[int, str]:
    """The names of these channels, as the reader calls them: one query, if any is direct."""
    homes = {home.pk: home for home in channels}
    direct = [home for home in homes.values() if home.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    return {pk: labels.get(pk) or f"#{home.name}" for pk, home in homes.items()}


def _related(rows: QuerySet[Task]) -> list[NeedOut]:
    found = rows.order_by("pk").values_list("pk", "title", "status")[:RELATED]
    return [NeedOut(id=f"T-{pk}", title=title, status=status) for pk, title, status in found]


def _handle(member: Member | None) -> str | None:
    return member.handle if member else None
