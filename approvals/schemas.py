"""What goes in and out: rules as they are written, requests and decisions as they are shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictFloat, StrictInt, StrictStr

from teammcp.core.schemas import Out

Ref = Annotated[str, MinLen(1), MaxLen(20)]
"""The name of a request: "A-12", or its number."""
PolicyRef = Annotated[str, MinLen(1), MaxLen(80)]
"""The name of a policy, or its number."""
Handle = Annotated[str, MaxLen(60)]
Text = Annotated[str, MaxLen(1_000)]
Reason = Annotated[str, MinLen(1), MaxLen(1_000)]
Pattern = Annotated[str, MinLen(1), MaxLen(80)]
Verdict = Literal["approve", "decline", "request_changes"]
Plain = StrictBool | StrictInt | StrictFloat | Annotated[StrictStr, MaxLen(300)]
Group = Annotated[str, MinLen(1), MaxLen(80)]
"""Whom a rule means: "@ada", "authority:admin", "kind:agent", "department:ops", "role:cto",
"skill:deploys", "below:@ada"; approvers also "manager", "manager+1"."""
Operator = Literal["eq", "ne", "in", "gt", "ge", "lt", "le", "matches", "present"]


class Condition(BaseModel):
    """One condition on the arguments of a call. All conditions of a policy must hold."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    field: Annotated[str, MinLen(1), MaxLen(80)]
    """an argument, "metadata.amount" within one, or "touches": the things that the call speaks of
    ("#general", "T-12", "@kay"), however they were spelled"""
    op: Operator = "eq"
    value: Plain | Annotated[list[Plain], MaxLen(100)] | None = None
    """a list for "in"; a pattern with * and ? for "matches"; true or false for "present" """


class Stage(BaseModel):
    """One step: who may decide, and how many of them must agree."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    approvers: Annotated[list[Group], MinLen(1), MaxLen(20)]
    """any of these"""
    quorum: Annotated[StrictInt, Ge(1), Le(20)] = 1
    vetoes: StrictBool = True
    """whether one decline ends it; else it ends when too few are left who could approve"""
    agents: StrictBool = False
    """whether agents count who are not named by handle"""
    remind_minutes: Annotated[StrictInt, Ge(0), Le(60 * 24 * 90)] = 240
    """after which those who have not decided are reminded, again and again; 0 never"""
    escalate_minutes: Annotated[StrictInt, Ge(0), Le(60 * 24 * 90)] = 1_440
    """after which the managers of the approvers may decide too, then theirs; 0 never"""


Stages = Annotated[list[Stage], MinLen(1), MaxLen(10)]
Groups = Annotated[list[Group], MaxLen(50)]
Conditions = Annotated[list[Condition], MaxLen(20)]
Minutes = Annotated[int, Ge(1), Le(60 * 24 * 366)]


class PolicyOut(Out):
    """A rule."""

    id: int
    name: str
    description: str
    pattern: str
    actions: list[str]
    """the actions that it holds now"""
    not_covered: list[str]
    """actions that the pattern names and that cannot wait, each with the reason"""
    requesters: list[str]
    except_requesters: list[str]
    arguments: list[Condition]
    stages: list[Stage]
    expires_minutes: int
    without_registrar: bool
    enabled: bool
    unfulfillable: str
    """why nobody could fulfil it any more, since the company changed; empty where somebody could"""
    version: int
    created_by: str
    updated_at: datetime


class PolicyPage(Out):
    items: list[PolicyOut]


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


class ShowingOut(Out):
    """When somebody was first shown the request."""

    member: str
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


class RequestDetail(Out):
    """A request: exactly what will run, who has to agree, and how far it has come."""

    id: str
    status: str
    action: str
    arguments: dict[str, Any]
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


class StandInOut(Out):
    id: int
    member: str
    absent: str
    pattern: str
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None


class StandInPage(Out):
    items: list[StandInOut]


class StandingUseOut(Out):
    action: str
    arguments: dict[str, Any]
    at: datetime


class StandingOut(Out):
    """An approval given beforehand, and each use of it."""

    id: int
    policy: str
    requester: str
    pattern: str
    arguments: list[Condition]
    uses_left: int
    uses: int
    until: datetime
    granted_by: str
    agreed_in: str | None
    reason: str
    ended_at: datetime | None
    used: list[StandingUseOut] = Field(default_factory=list)


class StandingPage(Out):
    items: list[StandingOut]


class NeedOut(Out):
    """What a policy would hold, and who would have to agree."""

    policy: str
    action: str
    stages: list[StageOut]


class CheckOut(Out):
    """What would happen to a call: nothing was done, and nobody was told."""

    action: str
    requester: str
    verdict: Literal["passes", "held", "refused"]
    needs: list[NeedOut]
    refused: dict[str, Any] | None
    """the error that the call would get"""
    changes: list[ChangeOut]
    """what it would do"""


class PermitOut(Out):
    """That a tool of a client may be used once."""

    tool_name: str


class PermissionOut(Out):
    """What a client hears that asks whether it may use one of its own tools."""

    behavior: Literal["allow", "deny", "ask"]
    """"ask": people have not decided yet"""
    message: str
    """why not, or what it waits for"""
    request: str | None
    input: dict[str, Any]
    """what may be run: exactly what was asked for"""
    head: int
