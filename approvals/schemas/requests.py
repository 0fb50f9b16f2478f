"""Requests and decisions as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from approvals.schemas.questions import AskOut, ShowingOut
from approvals.schemas.rules import Verdict
from teammcp.core.schemas import Out


class DecisionOut(Out):
    """What somebody said."""

    member: str
    deciding_for: str | None
    """whose seat it was, where somebody stood in"""
    verdict: Verdict
    comment: str
    stage: int
    round: int
    face: str
    at: datetime


class CommentOut(Out):
    member: str
    body: str
    at: datetime


class StageOut(Out):
    """A stage of a request, as it stands now."""

    number: int
    """from 1"""
    policy: str
    approvers: list[str]
    """as the policy names them"""
    quorum: int
    approved: int
    state: Literal["waiting", "open", "done"]
    who: list[str]
    """who may decide now, and has not; of the open stage"""


class ChangeOut(Out):
    """One thing that the call would do, as the trial run of it recorded it."""

    kind: str
    sentence: str
    target: str
    changed: dict[str, Any]
    """fields with before and after"""


class GlassOut(Out):
    """That it was run at once, and the review of that."""

    request: str
    action: str
    member: str
    reason: str
    at: datetime
    closed_by: str | None
    finding: str
    justified: bool | None
    closed_at: datetime | None


class GlassPage(Out):
    items: list[GlassOut]


class RequestOut(Out):
    """A request in a list."""

    id: str
    status: str
    action: str
    requester: str
    about: str
    """the call in one line"""
    policies: list[str]
    stage: int
    stages: int
    waits_for: list[str]
    seen: bool
    """whether anybody who may decide was ever shown it"""
    may_decide: bool
    """whether you may decide now"""
    created_at: datetime
    deadline: datetime
    closed_at: datetime | None
    reason: str


class RequestPage(Out):
    items: list[RequestOut]
    remaining: int
    cursor: str | None
    questions: list[AskOut] = Field(default_factory=list)
    """to people, on the first page, the most pressing ones"""
    more_questions: int = 0
    """list_asked_questions has them all"""


class RequestDetail(Out):
    """A request: exactly what will run, who has to agree, and how far it has come."""

    id: str
    status: str
    action: str
    arguments: dict[str, Any]
    before: dict[str, Any] | None
    """the arguments in the round before, where they were changed"""
    requester: str
    on_behalf_of: str | None
    face: str
    policies: list[str]
    digest: str
    """what is decided on: pass it to `decide` to be sure that it is what you saw"""
    changes: list[ChangeOut]
    touches: list[str]
    stage: int
    """the open one, from 1"""
    round: int
    stages: list[StageOut]
    decisions: list[DecisionOut]
    comments: list[CommentOut]
    showings: list[ShowingOut]
    may_decide: bool
    deadline: datetime
    created_at: datetime
    closed_at: datetime | None
    reason: str
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    """why it could not run after all"""
    broken_glass: GlassOut | None


class Progress(Out):
    """How a request stands, for who waits for it."""

    id: str
    status: str
    open: bool
    """whether it still waits for somebody, or is about to run"""
    action: str
    stage: int
    stages: int
    waits_for: list[str]
    seen: bool
    deadline: datetime
    reason: str
    comments: list[str]
    result: dict[str, Any] | None
    error: dict[str, Any] | None
    head: int
