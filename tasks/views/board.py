"""All tasks that one may see: as a board, a list, a calendar."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse

from tasks import selectors
from tasks.schemas import ColumnOut
from tasks.selectors.listing import order_in
from tasks.transitions import CLOSED
from tasks.views.filters import ORDERS, VIEWS, WHICH, Filters, filters_of
from tasks.views.month import WEEKDAYS, month_of
from tasks.views.words import COLUMNS, PRIORITIES, Card, cards_of
from teammcp.core.cursors import number_in
from teammcp.core.errors import AppError
from teammcp.core.web import WebRequest, fragment, page, refused_by, signed_in

COLUMN, CLOSED_COLUMN, MOST = 25, 8, 200
LINES = 50


@dataclass(frozen=True, slots=True)
class Column:
    """A status on the board."""

    status: str
    words: str
    count: int
    cards: list[Card]
    more: str
    """the query that shows more of it; a list from some size on"""

    @property
    def closed(self) -> bool:
        return self.status in CLOSED


@signed_in
def browse(request: WebRequest) -> HttpResponse:
    """The page, or for htmx the part of it that follows the tasks."""
    filters = filters_of(request.GET)
    context: dict[str, Any] = {
        "filters": filters,
        "views": {name: (words, filters.address(view=name)) for name, words in VIEWS.items()},
        "whiches": {
            name: (words, filters.address(which=name)) for name, words in _choices(filters)
        },
        "statuses": COLUMNS,
        "priorities": PRIORITIES,
        "here_query": request.GET.urlencode(),
        "may_write": request.user.has_scope("tasks:write"),
    }
    status = 200
    try:
        context |= SHOWN[filters.view](request, filters)
    except AppError as error:
        context["refused"], status = refused_by(error), 422
    template = f"tasks/_{filters.view}.html"
    if request.htmx:
        return fragment(request, template, context)
    return page(request, "tasks/tasks.html", {**context, "part": template}, status=status)


def _choices(filters: Filters) -> list[tuple[str, str]]:
    """A board shows what is open beside what is closed."""
    return [one for one in WHICH.items() if filters.view == "list" or one[0] != "open"]


def _board(request: WebRequest, filters: Filters) -> dict[str, Any]:
    asked = {**filters.arguments, "which": filters.which, "per_column": COLUMN}
    board = selectors.show_board.call(request.user, asked)
    found = [_extended(request, filters, column) for column in board.columns]
    cards = {card.task.id: card for card in cards_of(t for column in found for t in column.items)}
    columns = [_column(request, filters, column, cards) for column in found]
    return {"columns": columns, "total": sum(column.count for column in columns)}


def _wanted(request: WebRequest, status: str) -> int:
    """How many of a column its reader has asked for: `?todo=50`."""
    usual = CLOSED_COLUMN if status in CLOSED else COLUMN
    return max(usual, min(number_in(request.GET.get(status, "")) or usual, MOST))


def _extended(request: WebRequest, filters: Filters, column: ColumnOut) -> ColumnOut:
    """The column with the further pages that were asked for."""
    wanted, shown = _wanted(request, column.status), len(column.items)
    if wanted <= shown:
        items = column.items[:wanted]
        return column.model_copy(update={"items": items})
    if column.cursor is None or filters.which != "all":
        return column
    asked = {
        **filters.arguments,
        "which": column.status,
        "limit": wanted - shown,
        "after": column.cursor,
        "order": order_in(column.status),
    }
    further = selectors.list_tasks.call(request.user, asked).items
    return column.model_copy(update={"items": [*column.items, *further]})


def _column(
    request: WebRequest, filters: Filters, column: ColumnOut, cards: dict[str, Card]
) -> Column:
    shown = len(column.items)
    more = _more(request, filters, column.status, shown) if column.count > shown else ""
    return Column(
        status=column.status,
        words=COLUMNS[column.status],
        count=column.count,
        cards=[cards[line.id] for line in column.items],
        more=more,
    )


def _more(request: WebRequest, filters: Filters, status: str, shown: int) -> str:
    """The query that shows more of a column: of a long one, and of a choice, the list."""
    if filters.which != "all":
        return filters.address(view="list")
    if shown >= MOST:
        return filters.address(view="list", which=status, order=order_in(status))
    widths = {name: request.GET.get(name, "") for name in COLUMNS}
    return filters.address(**{**widths, status: str(shown + COLUMN)})


def _list(request: WebRequest, filters: Filters) -> dict[str, Any]:
    asked = {**filters.arguments, "which": filters.which, "order": filters.order, "limit": LINES}
    asked["after"] = request.GET.get("after", "")[:40]
    found = selectors.list_tasks.call(request.user, asked)
    orders = {name: (words, filters.address(order=name)) for name, words in ORDERS.items()}
    more = filters.address(after=found.cursor) if found.cursor else ""
    return {"cards": cards_of(found.items), "more": more, "orders": orders}


def _calendar(request: WebRequest, filters: Filters) -> dict[str, Any]:
    month = month_of(request.GET.get("month", ""))
    asked = {**filters.arguments, "which": filters.which, "since": month.since,
             "until": month.until}  # fmt: skip
    asked.pop("parent", None)
    found = selectors.list_dated_tasks.call(request.user, asked)
    return {
        "month": month.filled(cards_of(found.items)),
        "weekdays": WEEKDAYS,
        "more": found.more,
        "earlier": filters.address(month=month.before),
        "later": filters.address(month=month.after),
        "now": filters.address(),
    }


SHOWN = {"board": _board, "list": _list, "calendar": _calendar}
