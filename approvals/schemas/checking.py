"""What would happen to a call, and what a client hears."""

from __future__ import annotations

from typing import Any, Literal

from approvals.schemas.requests import ChangeOut, StageOut
from teammcp.core.schemas import Out


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
