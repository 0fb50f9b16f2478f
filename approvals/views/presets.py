"""Five policies that many companies begin with, as examples in the form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

STAGE = {
    "approvers": "", "quorum": 1, "vetoes": True, "agents": False, "remind": 4,
    "remind_unit": "hours", "escalate": 1, "escalate_unit": "days",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Preset:
    """An example, in the words of the form."""

    title: str
    about: str
    values: Mapping[str, Any]


ADMINS = {**STAGE, "approvers": "authority:admin, authority:owner"}
AT_ONCE = {**ADMINS, "remind": 15, "remind_unit": "minutes", "escalate": 0}
PRESETS: Mapping[str, Preset] = {
    "hiring": Preset(
        "Hiring",
        "Whoever is not an owner asks one before a new agent joins.",
        {
            "name": "Hiring", "pattern": "register_agent", "except_requesters": "authority:owner",
            "stages": [{**STAGE, "approvers": "authority:owner"}],
        },
    ),
    "spending": Preset(
        "Spending",
        "A task that costs more than 500 is agreed to before it is made.",
        {
            "name": "Spending", "pattern": "create_task", "except_requesters": "authority:owner",
            "conditions": [{"field": "metadata.amount", "op": "gt", "value": "500"}],
            "stages": [ADMINS],
        },
    ),
    "deploys": Preset(
        "Deploys",
        "An agent that takes the lease on production asks first, and is answered quickly.",
        {
            "name": "Deploys", "pattern": "take_lease", "requesters": "kind:agent",
            "conditions": [{"field": "names", "op": "matches", "value": "deploy:production*"}],
            "stages": [AT_ONCE], "expires": 2, "expires_unit": "hours",
        },
    ),
    "outsiders": Preset(
        "Words to outsiders",
        "What agents write into a channel that customers read is read by a person first.",
        {
            "name": "Words to outsiders", "pattern": "send_message", "requesters": "kind:agent",
            "conditions": [{"field": "touches", "op": "eq", "value": "#customers"}],
            "stages": [ADMINS], "expires": 1, "expires_unit": "days",
        },
    ),
    "prompts": Preset(
        "Permission prompts",
        "What coding agents ask before they run a tool of their own comes into this queue.",
        {
            "name": "Permission prompts", "pattern": "use_tool", "requesters": "kind:agent",
            "stages": [AT_ONCE], "expires": 1, "expires_unit": "hours",
        },
    ),
}  # fmt: skip
