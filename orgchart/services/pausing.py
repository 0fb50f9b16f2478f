"""Pausing a member: it reads, and its messages wait for it, until it may go on."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen, MinLen
from django.utils import timezone

from audit.ledger import record
from orgchart import events
from orgchart.chart import require_above
from orgchart.models import Member
from orgchart.schemas import MemberOut
from orgchart.selectors import access_member
from orgchart.services.entries import check_not_last_owner
from orgchart.services.members import HandleText
from teammcp.core.actions import action
from teammcp.core.errors import Conflict
from teammcp.core.texts import clean_line

Reason = Annotated[str, MinLen(1), MaxLen(300)]


@action(scope="team:write")
def pause_member(*, actor: Member, member: HandleText, reason: Reason) -> MemberOut:
    """Stop a member who stands below you until unpause_member: it reads and acknowledges, and does
    nothing else.

    Every other call of it is refused, saying who paused it and why. Messages wait for it; what it
    holds stays with it.
    """
    reason = clean_line("reason", reason, required=True)
    target = access_member(actor=actor, handle=member, lock=True)
    require_above(actor, target, "pause")
    if target.status != Member.Status.ACTIVE:
        raise Conflict(
            f"@{target.handle} is {target.status} already.",
            next="Pause somebody who is at work.",
        )
    if target.authority == Member.Authority.OWNER:
        check_not_last_owner(target)
    target.status, target.paused_at = Member.Status.PAUSED, timezone.now()
    target.paused_by, target.paused_reason = actor, reason
    target.save(update_fields=["status", "paused_at", "paused_by", "paused_reason"])
    _record(events.PAUSED, actor, target, reason=reason)
    return MemberOut.of(target)


@action(scope="team:write")
def unpause_member(*, actor: Member, member: HandleText) -> MemberOut:
    """Let a paused member who stands below you go on: its next call works."""
    target = access_member(actor=actor, handle=member, lock=True)
    require_above(actor, target, "unpause")
    if target.status != Member.Status.PAUSED:
        raise Conflict(
            f"@{target.handle} is not paused, but {target.status}.", next="Nothing is left to do."
        )
    target.status, target.paused_at = Member.Status.ACTIVE, None
    target.paused_by, target.paused_reason = None, ""
    target.save(update_fields=["status", "paused_at", "paused_by", "paused_reason"])
    _record(events.UNPAUSED, actor, target)
    return MemberOut.of(target)


def _record(kind: str, actor: Member, target: Member, **more: str) -> None:
    record(
        kind,
        actor=actor,
        target=f"member:{target.pk}",
        topics=["company", f"member-{target.pk}"],
        data={"handle": target.handle, **more},
    )
