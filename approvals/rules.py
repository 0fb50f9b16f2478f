"""The policies that hold now, as every write meets them.

They are few and change seldom, so a server keeps them in memory and looks again when the ledger has
an event that may have changed them, its own before that is committed, and at least once a second. A
process that does not follow the ledger reads them at each write.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from approvals.models import Policy
from approvals.schemas import Condition, Stage
from audit.live import hub
from teammcp.core.actions import Action, registry

KEPT_SECONDS = 1.0
_GOES_ON = (
    "decide", "withdraw_request", "comment_request", "revise_request", "break_glass",
    "review_break_glass", "end_standing", "end_stand_in", "answer_question", "withdraw_question",
)  # fmt: skip
_READ = ("ack", "mark_read", "report_wake")
UNGATED = {
    **dict.fromkeys(_GOES_ON, "it is how what was asked for goes on"),
    **dict.fromkeys(_READ, "it only says what somebody has read"),
}
"""Actions that no policy holds, and why."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A policy, read."""

    id: int
    name: str
    version: int
    pattern: str
    requesters: Sequence[str]
    but: Sequence[str]
    conditions: Sequence[Condition]
    stages: Sequence[Stage]
    expires_minutes: int
    without_registrar: bool

    @classmethod
    def of(cls, row: Policy) -> Rule:
        return cls(
            id=row.pk,
            name=row.name,
            version=row.version,
            pattern=row.pattern,
            requesters=tuple(row.requesters),
            but=tuple(row.except_requesters),
            conditions=tuple(Condition.model_validate(one) for one in row.arguments),
            stages=tuple(Stage.model_validate(one) for one in row.stages),
            expires_minutes=row.expires_minutes,
            without_registrar=row.without_registrar,
        )


def why_not_held(action: Action[Any, Any]) -> str | None:
    """Why no policy can hold this action; None for those that can wait."""
    if not action.writes:
        return "it only reads"
    if action.name in UNGATED:
        return UNGATED[action.name]
    if action.secrets:
        return f"{', '.join(sorted(action.secrets))} is a secret, of which nothing may be kept"
    if action.name == "upload_file":
        return "the bytes of a file are not kept while somebody thinks; hold what posts it"
    return None


def covered(pattern: str) -> tuple[list[str], list[str]]:
    """The actions that a pattern names: those that can wait, and the others with the reason."""
    names = sorted(name for name in registry if fnmatchcase(name, pattern))
    named = [(name, why_not_held(registry[name])) for name in names if registry[name].writes]
    return (
        [name for name, why in named if why is None],
        [f"{name}: {why}" for name, why in named if why is not None],
    )


class Rules:
    """The enabled policies, by the action that they hold."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Read them again at the next write."""
        self._mark: object = None
        self._until = 0.0
        self._rules: Sequence[Rule] = ()
        self._by_action: dict[str, Sequence[Rule]] = {}

    def any(self) -> bool:
        """Whether there is one. Every write asks."""
        self._look()
        return bool(self._rules)

    def for_action(self, action: Action[Any, Any]) -> Sequence[Rule]:
        self._look()
        found = self._by_action.get(action.name)
        if found is None:
            held = [r for r in self._rules if fnmatchcase(action.name, r.pattern)]
            found = () if not held or why_not_held(action) else tuple(held)
            self._by_action[action.name] = found
        return found

    def _look(self) -> None:
        mark, now = hub.access_mark, time.monotonic()
        if hub.follows and mark == self._mark and now < self._until:
            return
        rows = Policy.objects.filter(enabled=True).order_by("pk")
        self._rules = tuple(Rule.of(row) for row in rows)
        self._by_action = {}
        self._mark, self._until = mark, now + KEPT_SECONDS


rules = Rules()
