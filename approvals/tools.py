"""What agents get of approvals: what they asked for, and how it stands; deciding on demand."""

from __future__ import annotations

import json

from approvals import selectors, services
from approvals.schemas import PermissionOut
from audit.topics import inbox_topic
from teammcp.core.errors import AppError
from teammcp.core.tools import FULL, Plain, Tool
from teammcp.core.waiting import Waiter

WAIT_FOR_DECISION = Waiter(
    topic=lambda member: inbox_topic(member.pk), empty=lambda progress: progress.open
)
WAIT_FOR_PERMISSION = Waiter(
    topic=lambda member: inbox_topic(member.pk), empty=lambda answer: answer.behavior == "ask"
)
PROMPTS = frozenset({"prompts", "full"})
"""What a client connects to for its permission prompts alone: `/mcp?profile=prompts`."""


def _permission(answer: PermissionOut) -> str:
    """As Claude Code reads it."""
    if answer.behavior == "allow":
        return json.dumps({"behavior": "allow", "updatedInput": answer.input})
    return json.dumps({"behavior": "deny", "message": answer.message})


def _denied(error: AppError) -> str:
    return json.dumps({"behavior": "deny", "message": error.as_text()})


TOOLS = [
    Tool(selectors.list_approvals),
    Tool(selectors.wait_for_approval, wait=WAIT_FOR_DECISION),
    Tool(selectors.check_action, profiles=FULL),
    Tool(selectors.who_may, profiles=FULL),
    Tool(services.show_request, profiles=FULL),
    Tool(services.decide, profiles=FULL),
    Tool(services.comment_request, profiles=FULL),
    Tool(services.withdraw_request, profiles=FULL, destructive=True, idempotent=True),
    Tool(services.revise_request, profiles=FULL),
    Tool(services.break_glass, profiles=FULL, destructive=True),
    Tool(services.review_break_glass, profiles=FULL),
    Tool(selectors.list_broken_glass, profiles=FULL),
    Tool(services.ask_question),
    Tool(selectors.list_asked_questions, profiles=FULL),
    Tool(services.show_question, profiles=FULL),
    Tool(services.answer_question, profiles=FULL),
    Tool(services.withdraw_question, profiles=FULL, destructive=True, idempotent=True),
    Tool(selectors.list_policies, profiles=FULL),
    Tool(selectors.show_policy, profiles=FULL),
    Tool(services.create_policy, profiles=FULL),
    Tool(services.update_policy, profiles=FULL, idempotent=True),
    Tool(selectors.list_stand_ins, profiles=FULL),
    Tool(services.set_stand_in, profiles=FULL),
    Tool(services.end_stand_in, profiles=FULL, idempotent=True),
    Tool(selectors.list_standing, profiles=FULL),
    Tool(selectors.show_standing, profiles=FULL),
    Tool(services.grant_standing, profiles=FULL),
    Tool(services.end_standing, profiles=FULL, idempotent=True),
    Tool(
        services.ask_permission,
        name="permission_prompt",
        profiles=PROMPTS,
        defaults={"wait_seconds": 50},
        wait=WAIT_FOR_PERMISSION,
        plain=Plain(_permission, _denied),
    ),
]
EXEMPT = {
    "use_tool": "it is what permission_prompt asks for, and means nothing by itself",
}
