"""Retiring a member: for good, and everything that it holds passes to a successor."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.utils import timezone

from audit.ledger import record
from orgchart import events, implied
from orgchart.handovers import chosen_successor, default_successor, without_holder
from orgchart.holdings import HandOver, counted, hand_over, holding_kinds, remaining
from orgchart.leading import pass_projects_on
from orgchart.models import Credential, Member
from orgchart.schemas import MemberOut, Retirement
from orgchart.selectors import access_member, check_may_retire
from orgchart.services.entries import check_not_last_owner
from orgchart.services.members import HandleText
from teammcp.core.actions import action
from teammcp.core.errors import Conflict
from teammcp.core.texts import clean_line


@action(
    scope="org:write",
    implies={
        "assign_task": implied.work_passed_on,
        "set_manager": implied.reports_passed_on,
        "update_department": implied.departments_passed_on,
    },
)
def retire_member(
    *,
    actor: Member,
    member: HandleText,
    successor: HandleText = "",
    reason: Annotated[str, MaxLen(300)] = "",
) -> Retirement:
    """Retire a member for good: its credentials end at once, its handle and history stay.

    Everything it holds and owes passes to the successor in the same step; without one named, to its
    nearest manager at work. Refused while anything would be left without a holder.
    preview_hand_over lists it first.
    """
    reason = clean_line("reason", reason)
    target = access_member(actor=actor, handle=member, lock=True)
    check_may_retire(actor, target)
    if target.authority == Member.Authority.OWNER:
        check_not_last_owner(target)
    heir = chosen_successor(actor, target, successor) if successor else default_successor(target)
    over = HandOver(actor, target, heir) if heir else None
    passed = hand_over(over) if over else {}
    notes = [*(over.notes if over else []), *pass_projects_on(actor, target, heir)]
    refuse_left_over(target, heir)
    _end(target, heir)
    _record(actor, target, heir, passed, reason)
    words = [counted(kind, passed[kind.name]) for kind in holding_kinds() if kind.name in passed]
    shown = MemberOut.of(target).model_dump()
    return Retirement(**shown, handed_over=words, notes=notes)


def refuse_left_over(target: Member, heir: Member | None) -> None:
    """Raise Conflict, naming it, if anything of the member's has found no other holder."""
    left = remaining(target)
    if not left:
        return
    if heir is None:
        raise Conflict(
            without_holder(target, left),
            next=f"Name who does: retire_member(member='@{target.handle}', successor='@…').",
            left=left,
        )
    raise Conflict(
        f"@{heir.handle} cannot take over {', '.join(left)} of @{target.handle}.",
        next="Name another successor, or give these to somebody first.",
        left=left,
    )


def _end(target: Member, heir: Member | None) -> None:
    now = timezone.now()
    target.status, target.successor, target.retired_at = Member.Status.RETIRED, heir, now
    target.save(update_fields=["status", "successor", "retired_at"])
    Credential.objects.filter(member=target, revoked_at=None).update(revoked_at=now)


def _record(
    actor: Member, target: Member, heir: Member | None, passed: dict[str, int], reason: str
) -> None:
    topics = ["company", f"member-{target.pk}", *([f"member-{heir.pk}"] if heir else [])]
    record(
        events.RETIRED,
        actor=actor,
        target=f"member:{target.pk}",
        topics=topics,
        data={
            "handle": target.handle,
            "successor": heir.handle if heir else None,
            "handed_over": passed,
            **({"reason": reason} if reason else {}),
        },
    )
