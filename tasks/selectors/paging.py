"""Pages of tasks by position: the orders that a list can have, and their cursors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from django.db.models import Q, QuerySet
from django.db.models.expressions import RawSQL

from tasks.models import Task
from teammcp.core.cursors import number_in
from teammcp.core.errors import InvalidInput

Order = Literal["urgency", "newest", "changed", "due"]
"""The most urgent first, then the oldest; by number; by the last change; by due_at, of those that
are due."""
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class _Sorting:
    """By a field, then by number; both in the same direction."""

    field: str
    newest_first: bool = False
    indexed: bool = True

    def terms(self) -> list[str]:
        sign = "-" if self.newest_first else ""
        return [f"{sign}{name}" for name in (self.field, "pk") if name]

    def key(self, task: Task) -> tuple[Any, ...]:
        """The same for rows that are fetched."""
        return tuple(getattr(task, name) for name in (self.field, "pk") if name)

    def beyond(self, rows: QuerySet[Task], cursor: str) -> QuerySet[Task]:
        """What comes after this position, in words that an index can use."""
        side = "lt" if self.newest_first else "gt"
        first, _, second = cursor.rpartition("-")
        pk = number_in(second)
        if pk is None or bool(first) != bool(self.field):
            raise _damaged(cursor)
        if not self.field:
            return rows.filter(**{f"pk__{side}": pk})
        value = self._value(first, cursor)
        equal = Q(**{self.field: value, f"pk__{side}": pk})
        rows = rows.filter(equal | Q(**{f"{self.field}__{side}": value}))
        return rows.filter(**{f"{self.field}__{side}e": value})

    def _value(self, text: str, cursor: str) -> Any:
        number = number_in(text)
        if number is None or (self.field == "priority" and number > max(Task.Priority)):
            raise _damaged(cursor)
        if self.field == "priority":
            return number
        try:
            return EPOCH + number * MICROSECOND
        except OverflowError:
            raise _damaged(cursor) from None

    def cursor(self, task: Task) -> str:
        if not self.field:
            return str(task.pk)
        value = getattr(task, self.field)
        number = (value - EPOCH) // MICROSECOND if isinstance(value, datetime) else int(value)
        return f"{number}-{task.pk}"


_SORTINGS: dict[Order, _Sorting] = {
    "urgency": _Sorting("priority"),
    "newest": _Sorting("", newest_first=True),
    "changed": _Sorting("updated_at", newest_first=True, indexed=False),
    "due": _Sorting("due_at", indexed=False),
}
_OWN = (
    "title", "status", "priority", "assignee_id", "reviewer_id", "blocked_on_id", "blocked_action",
    "home_id", "parent_id", "progress", "points", "start_after", "due_at", "holder_id",
    "expires_at", "heartbeat_at", "created_at", "updated_at",
)  # fmt: skip


def page_of(
    rows: QuerySet[Task], limit: int, after: str, order: Order = "urgency"
) -> tuple[list[Task], str | None]:
    """So many tasks after a cursor, and the cursor for the next ones. Raises InvalidInput."""
    sorting = _SORTINGS[order]
    if order == "due":
        rows = rows.filter(due_at__isnull=False)
    if after:
        rows = sorting.beyond(rows, after)
    rows = rows.order_by(*sorting.terms())
    if not sorting.indexed:  # then what is sorted are numbers, and not whole tasks
        rows = Task.objects.filter(pk__in=rows.values("pk")[: limit + 1]).order_by(*sorting.terms())
    found = list(for_lines(rows)[: limit + 1])
    page = found[:limit]
    return page, sorting.cursor(page[-1]) if len(found) > limit else None


def pages_of(
    columns: Mapping[str, tuple[QuerySet[Task], Order]], limit: int
) -> dict[str, tuple[list[Task], str | None]]:
    """The first page of each status out of rows that have it, as `page_of` would give it: all in
    one query, because putting queries together is most of what a board takes."""
    firsts = [
        rows.order_by(*_SORTINGS[order].terms()).values("pk")[: limit + 1]
        for rows, order in columns.values()
    ]
    if not firsts:
        return {}
    parts = [first.query.sql_with_params() for first in firsts]
    union = " UNION ALL ".join(f"SELECT * FROM ({sql}) AS part" for sql, _ in parts)  # noqa: S608
    numbers = RawSQL(union, [value for _, values in parts for value in values])  # noqa: S611
    found: dict[str, list[Task]] = {status: [] for status in columns}
    for task in for_lines(Task.objects.filter(pk__in=numbers)):
        found[task.status].append(task)
    return {
        status: _first_page(found[status], limit, _SORTINGS[order])
        for status, (_, order) in columns.items()
    }


def _first_page(tasks: list[Task], limit: int, sorting: _Sorting) -> tuple[list[Task], str | None]:
    tasks.sort(key=sorting.key, reverse=sorting.newest_first)
    page = tasks[:limit]
    return page, sorting.cursor(page[-1]) if len(tasks) > limit else None


def for_lines(rows: QuerySet[Task]) -> QuerySet[Task]:
    """With what a line of a list shows of a task, and no more: texts are long. Whom and what a line
    names is fetched for all lines together: `lines_of`."""
    return rows.only(*_OWN)


def _damaged(cursor: str) -> InvalidInput:
    return InvalidInput(
        f"{cursor[:30]!r} is no cursor.",
        fields={"after": "damaged cursor"},
        next="Pass the cursor of the page before, or none for the first tasks.",
    )
