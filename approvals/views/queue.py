"""What waits: for me, for others, and what is over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from approvals import selectors
from approvals.schemas import AskOut, AskPage, RequestOut, RequestPage
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


RANKS = {"high": 0, "medium": 1, "low": 2}  # of what waiting costs; a held call is medium


@dataclass(frozen=True, slots=True)
class Row:
    """A request or a question in the list."""

    request: RequestOut | None
    question: AskOut | None
    asks: str
    left: str
    soon: bool
    rank: int
    until: datetime
    moved_at: datetime
    """when it ended, or was asked"""


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
        alone = "questions" in request.GET and found.questions
        context["older"] = found.questions[-1].id.removeprefix("Q-") if alone else ""
        who = [one.requester for one in found.items] + [one.asker for one in found.questions]
        context["faces"] = faces_of(who)
    except AppError as error:
        context["refused"], status = refused_by(error), 422
    if request.htmx:
        return fragment(request, "approvals/_queue.html", context)
    context["may_ask"] = request.user.has_scope("approvals:write")
    return page(request, "approvals/queue.html", context, status=status)


def _found(request: WebRequest, tab: str) -> RequestPage:
    """Requests with the questions beside them; after the first page one of the two at a time."""
    asked: dict[str, Any] = {**ASKED[tab], "limit": QUEUE if tab == "waiting" else LINES}
    if "questions" in request.GET:
        asked["after"] = request.GET["questions"]
        page_of: AskPage = selectors.list_asked_questions.call(request.user, asked)
        return RequestPage(
            items=[], remaining=0, cursor=None, questions=page_of.items,
            more_questions=page_of.remaining,
        )  # fmt: skip
    if after := request.GET.get("after", ""):
        asked["after"] = after
    found: RequestPage = selectors.list_approvals.call(request.user, asked)
    return found


def _rows(found: RequestPage, tab: str) -> list[Row]:
    now = timezone.now()
    rows = [_request(one, now) for one in found.items]
    rows += [_question(one, now) for one in found.questions]
    if tab == "waiting":
        return sorted(rows, key=lambda row: (row.rank, row.until))
    return sorted(rows, key=lambda row: row.moved_at, reverse=True)


def _request(one: RequestOut, now: datetime) -> Row:
    return Row(
        one, None, action_words(one.action), left_until(one.deadline, now),
        one.deadline - now < SOON, RANKS["medium"], one.deadline, one.closed_at or one.created_at,
    )  # fmt: skip


def _question(one: AskOut, now: datetime) -> Row:
    return Row(
        None, one, "", left_until(one.answer_by, now), one.answer_by - now < SOON,
        RANKS[one.cost], one.answer_by, one.closed_at or one.created_at,
    )  # fmt: skip
