"""The words that calls are written in, and rules as they are written and shown."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import BaseModel, ConfigDict, StrictBool, StrictFloat, StrictInt, StrictStr

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
Which = Literal["", "mine", "waiting"]
Wanted = Literal["", "open", "closed"]
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
