"""Lists of tasks: filters, pages, the board."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from django.db.models import Count, Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone
from pydantic import AwareDatetime

from messaging.access import access_channel
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import search
from tasks.access import access_task, visible_tasks
from tasks.models import Label, Task
from tasks.relations import open_needs
from tasks.schemas import Board, ColumnOut, DatedTasks, TaskLine, TaskPage
from tasks.selectors.paging import Order, for_lines, page_of, pages_of
from tasks.selectors.showing import lines_of
from tasks.transitions import CLOSED, Status
from teammcp.core.actions import query
from teammcp.core.errors import InvalidInput

Which = Literal[
    "open", "free", "mine", "all", "todo", "in_progress", "blocked", "in_review", "done",
    "cancelled",
]  # fmt: skip
Who = Annotated[str, MaxLen(60)]
Words = Annotated[str, MaxLen(200)]
Place = Annotated[str, MaxLen(400)]
Priority = Literal["urgent", "high", "normal", "low"]
DATED = 400  # tasks of a calendar
LONGEST_SPAN = timedelta(days=62)


@query(scope="tasks:read")
def list_tasks(
    *,
    actor: Member,
    which: Which = "open",
    text: Words = "",
    assignee: Who = "",
    label: Annotated[str, MaxLen(40)] = "",
    priority: Priority | None = None,
    home: Place = "",
    parent: Annotated[str, MaxLen(20)] = "",
    order: Order = "urgency",
    limit: Annotated[int, Ge(1), Le(200)] = 20,
    after: Annotated[str, MaxLen(40)] = "",
) -> TaskPage:
    """Tasks that you may see, the most urgent first, then the oldest.

    `which`: a status, or "open", "all", "free" (you could claim it), "mine" (assigned to you, or
    waiting for your review or act). `text` finds words; `home` is a channel.
    """
    rows = _filtered(actor, text, assignee, label, priority, home, parent)
    page, cursor = page_of(_of(actor, rows, which), limit, after, order)
    return TaskPage(items=lines_of(actor, page), more=cursor is not None, cursor=cursor)


@query(scope="tasks:read")
def show_board(
    *,
    actor: Member,
    which: Literal["all", "open", "free", "mine"] = "all",
    text: Words = "",
    assignee: Who = "",
    label: Annotated[str, MaxLen(40)] = "",
    priority: Priority | None = None,
    home: Place = "",
    parent: Annotated[str, MaxLen(20)] = "",
    per_column: Annotated[int, Ge(1), Le(100)] = 20,
) -> Board:
    """Tasks by status: how many there are of each, and the first of them. What is open has the most
    urgent first, what is closed the latest change."""
    rows = _of(actor, _filtered(actor, text, assignee, label, priority, home, parent), which)
    counts = dict(rows.order_by().values_list("status").annotate(count=Count("pk")))
    present = [status.value for status in Status if counts.get(status.value)]
    parts = {status: (rows.filter(status=status), order_in(status)) for status in present}
    pages = pages_of(parts, per_column)
    found = [task for page, _ in pages.values() for task in page]
    lines = {line.id: line for line in lines_of(actor, found)}
    columns = (_column(one, counts, lines, *pages.get(one.value, ([], None))) for one in Status)
    return Board(columns=list(columns))


def order_in(status: str) -> Order:
    """How a column of the board is sorted."""
    return "changed" if status in CLOSED else "urgency"


def _column(
    status: Status,
    counts: dict[str, int],
    lines: dict[str, TaskLine],
    page: list[Task],
    cursor: str | None,
) -> ColumnOut:
    return ColumnOut(
        status=status.value,
        count=counts.get(status.value, 0),
        items=[lines[task.name] for task in page],
        cursor=cursor,
    )


@query(scope="tasks:read")
def list_dated_tasks(
    *,
    actor: Member,
    since: AwareDatetime,
    until: AwareDatetime,
    which: Which = "all",
    text: Words = "",
    assignee: Who = "",
    label: Annotated[str, MaxLen(40)] = "",
    priority: Priority | None = None,
    home: Place = "",
) -> DatedTasks:
    """Tasks that are due or may begin between two points in time, at most 62 days apart: for a
    calendar. At most 400, the earliest first."""
    if not timedelta(0) < until - since <= LONGEST_SPAN:
        raise InvalidInput(
            "until must be after since, by at most 62 days.",
            fields={"until": "not within 62 days after since"},
            next="Ask for one month after the other.",
        )
    rows = _of(actor, _filtered(actor, text, assignee, label, priority, home, ""), which)
    due = Q(due_at__gte=since, due_at__lt=until)
    rows = rows.filter(due | Q(start_after__gte=since, start_after__lt=until))
    first = Coalesce("due_at", "start_after")
    found = list(for_lines(rows).order_by(first, "pk")[: DATED + 1])
    return DatedTasks(items=lines_of(actor, found[:DATED]), more=len(found) > DATED)


def _filtered(
    actor: Member,
    text: str,
    assignee: str,
    label: str,
    priority: str | None,
    home: str,
    parent: str,
) -> QuerySet[Task]:
    rows = visible_tasks(actor)
    if text:
        rows = search.having(rows, text)
    if assignee == "none":
        rows = rows.filter(assignee=None)
    elif assignee:
        rows = rows.filter(assignee=_member(actor, assignee))
    if label:
        named = Label.objects.filter(task=OuterRef("pk"), name=label.strip().lower())
        rows = rows.filter(Exists(named))
    if priority:
        rows = rows.filter(priority=Task.Priority[priority.upper()])
    if home:
        rows = rows.filter(home=access_channel(actor=actor, channel=home).channel)
    if parent:
        rows = rows.filter(parent=access_task(actor=actor, task=parent))
    return rows


def _member(actor: Member, named: str) -> Member:
    return actor if named == "me" else access_member(actor=actor, handle=named)


def _of(actor: Member, rows: QuerySet[Task], which: str) -> QuerySet[Task]:
    if which == "all":
        return rows
    if which == "open":
        return rows.filter(closed_at=None)  # as the index of open tasks has it
    if which == "free":
        return free_for(actor, rows)
    if which == "mine":
        return rows.filter(concerning(actor), closed_at=None)
    return rows.filter(status=which)


def concerning(member: Member) -> Q:
    """Open tasks that a member holds or owes something to."""
    return (
        Q(assignee=member)
        | Q(reviewer=member, status=Status.IN_REVIEW.value)
        | Q(blocked_on=member)
    )


def free_for(actor: Member, rows: QuerySet[Task]) -> QuerySet[Task]:
    """What the actor could claim now: nobody else's, begun, waiting for nothing."""
    rows = rows.filter(status=Status.TODO.value).filter(Q(assignee=None) | Q(assignee=actor))
    rows = rows.filter(Q(start_after=None) | Q(start_after__lte=timezone.now()))
    rows = rows.filter(~Exists(open_needs().filter(task=OuterRef("pk"))))
    return rows.exclude(reviewer=actor)
