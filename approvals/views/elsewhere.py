"""Approvals on other pages: the place in the sidebar, and what changed things say now."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from approvals.presenting import Arguments, presenting
from approvals.selectors import show_policy
from approvals.waiting import count_waiting
from messaging.selectors import show_message
from orgchart.models import Member
from teammcp.core.web import WebRequest, shell_part


@dataclass(frozen=True, slots=True)
class Place:
    url: str
    icon: str
    name: str
    count: int = 0
    counted: str = "waiting for you to decide or answer"


@shell_part
def around(request: WebRequest) -> dict[str, Any]:
    actor: Member = request.user
    waiting = count_waiting(actor) if actor.has_scope("approvals:write") else 0
    return {"links": [Place("/approvals/", "circle-check", "Approvals", waiting)]}


@presenting("update_policy")
def policy_now(viewer: Member, arguments: Arguments) -> Mapping[str, Any]:
    return show_policy(actor=viewer, policy=str(arguments["policy"])).model_dump(mode="json")


@presenting("edit_message")
def message_now(viewer: Member, arguments: Arguments) -> Mapping[str, Any]:
    message = show_message(actor=viewer, message_id=int(arguments["message_id"]))
    return {"body": message.body}
