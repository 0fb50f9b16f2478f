"""What waits: for me, for others, and what is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from approvals import selectors
from approvals.schemas import RequestOut, RequestPage
from approvals.views.words import SOON, action_words, left_until
from orgchart.faces import faces_of
from teammcp.core.errors import AppError
from teammcp.core.web import WebRequest, fragment, page, refused_by, signed_in

TABS = {
    "waiting": "Waiting for you",
    "mine": "You asked",
    "all": "All open",
    "ended": "Ended",
}
ASKED = {
    "waiting": {"which": "waiting", "status": "open"},
    "mine": {"which": "mine", "status": "open"},
    "all": {"which": "", "status": "open"},
    "ended": {"which": "", "status": "closed"},
}
LINES = 50
QUEUE = 100  # what waits for one is sorted as a whole


@dataclass(frozen=True, slots=True)
class Row:
    """A request in the list."""

    request: RequestOut
    asks: str
    left: str
    soon: bool


@signed_in
def browse(request: WebRequest) -> HttpResponse:
    """The page, or for htmx the part of it that follows what waits."""
    tab = request.GET.get("show", "waiting")
    tab = tab if tab in TABS else "waiting"
    context: dict[str, Any] = {"tabs": TABS, "tab": tab, "rows": [], "faces": {}}
    status = 200
    try:
        found = _found(request, tab)
        context |= {"found": found, "rows": _rows(found, tab)}
        context["faces"] = faces_of(one.requester for one in found.items)
    except AppError as error:
        context["refused"], status = refused_by(error), 422
    if request.htmx:
        return fragment(request, "approvals/_queue.html", context)
    context["may_decide"] = request.user.has_scope("approvals:write")
    return page(request, "approvals/queue.html", context, status=status)


def _found(request: WebRequest, tab: str) -> RequestPage:
    asked: dict[str, Any] = {**ASKED[tab], "limit": QUEUE if tab == "waiting" else LINES}
    if after := request.GET.get("after", ""):
        asked["after"] = after
    found: RequestPage = selectors.list_approvals.call(request.user, asked)
    return found


def _rows(found: RequestPage, tab: str) -> list[Row]:
    now = timezone.now()
    items = sorted(found.items, key=_urgency) if tab == "waiting" else found.items
    return [
        Row(one, action_words(one.action), left_until(one.deadline, now), one.deadline - now < SOON)
        for one in items
    ]


def _urgency(one: RequestOut) -> tuple[datetime, int]:
    """What ends first; of those, what costs most while it waits, where somebody said so."""
    cost = getattr(one, "cost", 0)
    return one.deadline, -cost if isinstance(cost, int) else 0
