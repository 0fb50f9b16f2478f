"""What goes in and out of questions to people."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen, MinLen

from approvals.models.questions import DETAILS_LIMIT, OPTION_LIMIT, TEXT_LIMIT
from approvals.schemas.rules import Group
from teammcp.core.schemas import Out

QuestionRef = Annotated[str, MinLen(1), MaxLen(20)]
"""The name of a question: "Q-7", or its number."""
Wording = Annotated[str, MinLen(1), MaxLen(TEXT_LIMIT)]
Details = Annotated[str, MaxLen(DETAILS_LIMIT)]
Why = Annotated[str, MaxLen(TEXT_LIMIT)]
Option = Annotated[str, MinLen(1), MaxLen(OPTION_LIMIT)]
Options = Annotated[list[Option], MaxLen(8)]
AskedGroups = Annotated[list[Group], MinLen(1), MaxLen(20)]
Default = Annotated[str, MaxLen(OPTION_LIMIT)]
AnswerMinutes = Annotated[int, Ge(1), Le(60 * 24 * 90)]
Cost = Literal["low", "medium", "high"]
QuestionStatus = Literal["open", "answered", "defaulted", "unanswered", "withdrawn"]


class ShowingOut(Out):
    """When somebody was first shown the request or question."""

    member: str
    face: str
    at: datetime


class AskOut(Out):
    """A question to people, in a list."""

    id: str
    status: QuestionStatus
    text: str
    asker: str
    asked: list[str]
    """whom, as the question names them"""
    options: list[str]
    """none: any text answers it"""
    default: str
    """what holds at `answer_by` if nobody answers; empty: nothing does"""
    answer_by: datetime
    cost: Cost
    """of waiting; what waits for you is sorted by it"""
    cost_reason: str
    seen: bool
    """whether anybody whom it is for was ever shown it"""
    may_answer: bool
    """whether you may answer now"""
    answer: str
    answered_by: str | None
    """nobody where the default was taken"""
    created_at: datetime
    closed_at: datetime | None
    reason: str


class AskPage(Out):
    items: list[AskOut]
    remaining: int
    cursor: str | None


class AskDetail(AskOut):
    """A question to people: what is asked, what holds otherwise, and how it ended."""

    details: str
    """Markdown"""
    about_action: str | None
    """what the asker means to do with the answer; answering does not run it"""
    arguments: dict[str, Any]
    waits_for: list[str]
    """who may answer now"""
    comment: str
    answering_for: str | None
    """whose place it was, where somebody stood in"""
    answer_face: str
    showings: list[ShowingOut]
