"""Keeping a call that was held."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from approvals import events
from approvals.chart import Company
from approvals.gating import (
    Why,
    check_keepable,
    kept_arguments,
    plain_arguments,
    request_digest,
    stages_of,
)
from approvals.models import ApprovalRequest
from approvals.naming import named_for
from approvals.rules import Rule
from approvals.services.asking import note, open_stage
from approvals.timing import silent
from orgchart.models import Member
from teammcp.core.context import current_call
from teammcp.core.errors import AppError, Conflict, Held
from teammcp.core.gate import Act, Need, Trial
from teammcp.core.touched import touched_by

Status = ApprovalRequest.Status
LIVE = (Status.OPEN, Status.CHANGES_REQUESTED, Status.APPROVED)


def known(act: Act) -> AppError | None:
    """The answer for a call that is kept already. A key says so for good; without one the same
    call, as long as it waits."""
    rows = ApprovalRequest.objects.filter(requester_id=act.actor.pk)
    if act.key:
        row = rows.filter(client_key=act.key).first()
        if row is not None and row.key_digest != act.key_digest:
            raise Conflict(
                "This client_key was used before, for a call with other content.",
                next="Use a new client_key for a new call; repeat a call with its arguments"
                " unchanged.",
                client_key=act.key,
            )
    else:
        arguments = plain_arguments(act.action, act.values)
        touched = touched_by(act.action.name, act.actor, arguments)
        digest = request_digest(act.action.name, arguments, touched)
        row = rows.filter(digest=digest, status__in=LIVE, client_key="").order_by("-pk").first()
    if row is None:
        return None
    return held(row) if row.status in LIVE else _ended(row)


def _ended(row: ApprovalRequest) -> AppError:
    return Conflict(
        f"This call was held as {row.name}, which is {row.status}"
        f"{f': {row.reason}' if row.reason else ''}. Nothing was done now.",
        next=f"show_request(request='{row.name}') tells how it ended; to ask again, use a new"
        " client_key.",
        request=row.name,
        status=row.status,
    )


def held(row: ApprovalRequest, company: Company | None = None) -> Held:
    """The answer to a call that waits."""
    company = company or Company.load()
    waits_for = named_for(
        company.members[row.requester_id], [f"@{one.handle}" for one in silent(row, company)]
    )
    names = list(dict.fromkeys(name for _, name, _ in row.policies))
    return Held(
        f"{row.action} was not run: it waits for approval as {row.name}, by the policy"
        f" “{'”, “'.join(names)}”.",
        next=f"Go on with other work: the decision comes into your inbox."
        f" wait_for_approval(request='{row.name}') tells how it stands;"
        f" withdraw_request(request='{row.name}') takes it back.",
        request=row.name,
        waits_for=waits_for,
        deadline=row.deadline.isoformat(),
        policies=names,
    )


def file(act: Act, found: Trial) -> Held:
    """Keep a call with what its trial found, and ask the first people. Within the transaction that
    keeps it. Raises Conflict for what cannot wait."""
    check_keepable(act.action, act.values, found)
    row = ApprovalRequest(
        requester_id=act.actor.pk,
        face=current_call().face,
        credential_id=current_call().credential_id,
        client_key=act.key,
        key_digest=act.key_digest,
        action=act.action.name,
        created_at=timezone.now(),
    )
    row.deadline = row.created_at + timedelta(
        minutes=min(r.expires_minutes for r in rules_in(found))
    )
    describe(row, act, found)
    row.stage_at = row.created_at
    row.save()
    company = Company.load()
    note(
        events.HELD, row, actor=company.members[row.requester_id], policy=_policies(row),
        face=row.face, deadline=row.deadline.isoformat(), **asked_for(row),
    )  # fmt: skip
    open_stage(row, company)
    return held(row, company)


def describe(row: ApprovalRequest, act: Act, found: Trial) -> None:
    """Set what the request is about: the call, what it speaks of, what it would do, and who has to
    agree to that. Raises Conflict where the call cannot be kept."""
    row.arguments = kept_arguments(act.action, act.values)
    touched = touched_by(act.action.name, act.actor, row.arguments)
    row.touched = [list(thing) for thing in touched]
    row.acts = [[need.act.action.name, _why(need).digest] for need in found.needs]
    row.preview = found.seen or []
    row.digest = request_digest(row.action, row.arguments, touched)
    rules = rules_in(found)
    row.policies = [[rule.id, rule.name, rule.version] for rule in rules]
    row.stages = stages_of(rules)
    row.without_registrar = any(rule.without_registrar for rule in rules)
    row.on_behalf_of = _beneficiary(act, found.needs)


def asked_for(row: ApprovalRequest) -> dict[str, Any]:
    """What the ledger keeps of a round: enough to prove later, from the ledger alone, that those
    whom it took have agreed."""
    return {
        "round": row.round, "acts": row.acts, "touched": row.touched, "stages": row.stages,
        "without_registrar": row.without_registrar, "beneficiary": row.on_behalf_of_id,
    }  # fmt: skip


def _why(need: Need) -> Why:
    assert isinstance(need.why, Why)
    return need.why


def rules_in(found: Trial) -> list[Rule]:
    """The policies that hold anything of a call, each once."""
    rules = {rule.id: rule for need in found.needs for rule in _why(need).rules}
    return list(rules.values())


def _beneficiary(act: Act, needs: list[Need]) -> Member | None:
    """For whom it would be done, where that is somebody else than who asks."""
    for need in needs:
        other: Any = _why(need).beneficiary or need.act.actor
        if other.pk != act.actor.pk and other.kind != Member.Kind.SYSTEM:
            return Member.objects.get(pk=other.pk)
    return None


def _policies(row: ApprovalRequest) -> str:
    return "”, “".join(dict.fromkeys(name for _, name, _ in row.policies))
