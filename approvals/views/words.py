"""Approvals in the words of people."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from teammcp.core.actions import registry

STATUSES = {
    "open": "Open",
    "changes_requested": "Changes asked for",
    "approved": "Approved, about to run",
    "executed": "Approved and done",
    "failed": "Approved, but could not run",
    "declined": "Declined",
    "withdrawn": "Withdrawn",
    "expired": "Expired",
    "never_seen": "Ended unseen",
    "superseded": "Overtaken",
}
ASK_STATUSES = {
    "open": "Open",
    "answered": "Answered",
    "defaulted": "Default taken",
    "unanswered": "Unanswered",
    "withdrawn": "Withdrawn",
}
VERDICTS = {
    "approve": "approved",
    "decline": "declined",
    "request_changes": "asked for changes",
}
FACES = {"dashboard": "at the dashboard", "rest": "over REST", "mcp": "over MCP",
         "admin": "in the admin", "system": "by the server", "schedule": "on schedule",
         "job": "by the server"}  # fmt: skip
_SAID = {
    "use_tool": "use a tool of its client",
    "ask_question": "ask people something",
    "grant_standing": "approve beforehand",
    "send_message": "send a message",
    "register_agent": "register an agent",
    "edit_task": "edit a task",
    "update_policy": "change a policy",
}
_ONE = re.compile(
    r"^(create|update|edit|delete|cancel|claim|archive|retire|pause|invite|assign|approve|"
    r"complete|reopen|revoke|issue|schedule|upload|move|rename)_(\w+)$"
)
SOON = timedelta(hours=4)


def action_words(name: str) -> str:
    """ "create_channel" as "create a channel": what comes after "asks to"."""
    if name in _SAID:
        return _SAID[name]
    parts = _ONE.match(name)
    if parts is None:
        return name.replace("_", " ")
    thing = parts[2].replace("_", " ")
    article = "" if thing.endswith("s") else "an " if thing[0] in "aeiou" else "a "
    return f"{parts[1]} {article}{thing}"


def about_action(name: str) -> str:
    """The first sentence of what the action says of itself."""
    action = registry.get(name)
    if action is None:
        return ""
    first = " ".join(action.description.split("\n\n")[0].split())
    return first.partition(". ")[0].rstrip(".") + "."


def left_until(at: datetime, now: datetime) -> str:
    """ "3 days", "2 h 10 min": how long until then; "over" afterwards."""
    minutes = int((at - now).total_seconds() // 60)
    if minutes < 0:
        return "over"
    days, rest = divmod(minutes, 1440)
    hours, minutes = divmod(rest, 60)
    if days:
        return f"{days} d {hours} h" if hours and days < 3 else f"{days} d"
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def in_minutes(minutes: int) -> str:
    """ "2 days", "4 hours", "90 minutes"; "never" for none."""
    for size, word in ((1440, "day"), (60, "hour"), (1, "minute")):
        if minutes and minutes % size == 0:
            count = minutes // size
            return f"{count} {word}{'' if count == 1 else 's'}"
    return "never"
