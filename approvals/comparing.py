"""Approvals against what the ledger says of them: what was asked and how far it came, who decided
what, which rules held, and what was agreed to beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from approvals import events
from approvals.models import ApprovalRequest, Decision, Policy, StandIn, StandingApproval
from audit import kinds
from audit.comparing import (
    Damage,
    FactsAsRecorded,
    RowsAsRecorded,
    compared,
    content_digest,
)
from audit.entries import Entry


def facts_of(row: ApprovalRequest) -> dict[str, Any]:
    """What every event about a request says of it: enough to find a row that was changed unseen."""
    return {
        "status": str(row.status),
        "digest": row.digest,
        "stage": row.stage,
        "round": row.round,
        "requester": row.requester_id,
        "sha256": content_digest([row.action, row.arguments, row.acts, row.policies, row.stages]),
    }


def facts_of_policy(row: Policy) -> dict[str, Any]:
    """The same of a policy."""
    content = [
        row.name, row.pattern, row.requesters, row.except_requesters, row.arguments, row.stages,
        row.expires_minutes, row.without_registrar,
    ]  # fmt: skip
    return {
        "version": row.version, "enabled": row.enabled, "sha256": content_digest(content),
    }  # fmt: skip


def facts_of_standing(row: StandingApproval) -> dict[str, Any]:
    """The same of an approval that was given beforehand."""
    content = [row.policy_id, row.requester_id, row.pattern, row.arguments, _utc(row.until)]
    return {
        "left": row.uses_left,
        "uses": row.uses,
        "ended": row.ended_at is not None,
        "sha256": content_digest(content),
    }


def facts_of_stand_in(row: StandIn) -> dict[str, Any]:
    """The same of a stand-in."""
    return {
        "member": row.member_id,
        "absent": row.absent_id,
        "pattern": row.pattern,
        "begins": _utc(row.begins_at),
        "ends": _utc(row.ends_at),
        "ended": row.ended_at is not None,
    }


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()


def _kinds_of(prefix: str) -> frozenset[str]:
    return frozenset(name for name in kinds.registry if name.startswith(prefix))


@compared
class RequestRows(FactsAsRecorded):
    kinds = _kinds_of("approval.")
    model, key, one, many = ApprovalRequest, "approval", "request A-{pk}", "requests"
    created = frozenset({events.HELD})

    def facts(self, row: ApprovalRequest) -> dict[str, Any]:
        return facts_of(row)


@compared
class PolicyRows(FactsAsRecorded):
    kinds = frozenset({events.POLICY_CREATED, events.POLICY_CHANGED})
    model, key, one, many = Policy, "policy", "policy {pk}", "policies"
    created = frozenset({events.POLICY_CREATED})
    said = "stands"

    def number(self, entry: Entry) -> int:
        return int(entry.target.removeprefix("policy:"))

    def facts(self, row: Policy) -> dict[str, Any]:
        return facts_of_policy(row)


@compared
class StandingRows(FactsAsRecorded):
    kinds = _kinds_of("standing.")
    model, key, one = StandingApproval, "standing", "standing approval {pk}"
    many = "standing approvals"
    created = frozenset({events.STANDING_GRANTED})

    def facts(self, row: StandingApproval) -> dict[str, Any]:
        return facts_of_standing(row)


@compared
class StandInRows(FactsAsRecorded):
    kinds = _kinds_of("stand_in.")
    model, key, one, many = StandIn, "stand_in", "stand-in {pk}", "stand-ins"
    created = frozenset({events.STAND_IN_SET})

    def facts(self, row: StandIn) -> dict[str, Any]:
        return facts_of_stand_in(row)


@compared
class DecisionRows(RowsAsRecorded):
    """Nothing changes a decision, so each is compared with the event that recorded it."""

    kinds = frozenset({events.DECIDED})
    model, one, many = Decision, "decision {pk}", "decisions"

    def look(self, events: Sequence[Entry]) -> None:
        asked = {entry.data["approval"] for entry in events}
        rows = {
            (row.request_id, row.round, row.member_id): row
            for row in Decision.objects.filter(request__in=asked)
        }
        for entry in events:
            self.count(1)
            said = entry.data
            row = rows.get((said["approval"], said["round"], entry.actor_id))
            told = (said["verdict"], said["comment"], said["stage"], said["seat"])
            if row is None or told != (row.verdict, row.comment, row.stage + 1, row.seat_id):
                raise Damage(
                    entry.seq, f"what a member decided on {said['name']} is not what was recorded"
                )
