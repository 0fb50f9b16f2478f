"""Standing in: somebody decides for somebody who is away, from then to then."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.utils import timezone
from pydantic import AwareDatetime

from approvals import events
from approvals.chart import SCOPE
from approvals.comparing import facts_of_stand_in
from approvals.models import StandIn
from approvals.schemas import Handle, Pattern, StandInOut
from approvals.selectors.stand_ins import stand_in_out, visible_stand_ins
from audit.ledger import record
from messaging.services.notes import tell
from orgchart.models import Member
from orgchart.selectors import access_member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound

RowId = Annotated[int, Ge(1), Le(2**62)]


@action(scope="approvals:write")
def set_stand_in(
    *,
    actor: Member,
    member: Handle,
    ends_at: AwareDatetime,
    begins_at: AwareDatetime | None = None,
    pattern: Pattern = "*",
    absent: Handle = "",
) -> StandInOut:
    """Let a colleague decide on requests for you while you are away; it ends by itself.

    `pattern` limits it to actions ("edit_*"). Admins set it for `absent` others. Nobody stands in
    on what they ask for themselves, and a stand-in's own stand-ins do not count.
    """
    away = access_member(actor=actor, handle=absent) if absent.strip() else actor
    if away.pk != actor.pk and not actor.has_scope("admin"):
        raise Forbidden(
            "Only admins say who stands in for somebody else.", next="Leave `absent` out."
        )
    other = access_member(actor=actor, handle=member)
    if other.pk == actor.pk != away.pk:
        raise Forbidden("Nobody makes themselves a stand-in.", next="Ask another admin to do it.")
    begin = begins_at or timezone.now()
    _check(other, away, begin, ends_at)
    row = StandIn.objects.create(
        member=other, absent=away, pattern=pattern, begins_at=begin, ends_at=ends_at,
        created_by=actor, created_at=timezone.now(),
    )  # fmt: skip
    _record(events.STAND_IN_SET, actor, row, until=ends_at.isoformat(), pattern=pattern,
            begins=begin.isoformat())  # fmt: skip
    tell(
        other,
        f"You stand in for @{away.handle} on requests ({pattern}) from"
        f" {begin:%Y-%m-%d %H:%M %Z} to {ends_at:%Y-%m-%d %H:%M %Z}.",
    )
    return stand_in_out(row)


def _check(member: Member, absent: Member, begin: AwareDatetime, end: AwareDatetime) -> None:
    if member.pk == absent.pk:
        raise InvalidInput(
            "Nobody stands in for themselves.", fields={"member": "the same member"},
            next="Name a colleague.",
        )  # fmt: skip
    if end <= begin or end <= timezone.now():
        raise InvalidInput(
            "It would end before it begins, or has passed.", fields={"ends_at": "too early"},
            next="Give an ends_at to come, after begins_at.",
        )  # fmt: skip
    if member.status != Member.Status.ACTIVE or not member.has_scope(SCOPE):
        raise Conflict(
            f"@{member.handle} cannot decide on anything now.",
            next="Name somebody who is active and no observer: find_people.",
        )


@action(scope="approvals:write")
def end_stand_in(*, actor: Member, stand_in_id: RowId) -> StandInOut:
    """End a stand-in before its time: for both sides, and admins."""
    row = visible_stand_ins(actor).filter(pk=stand_in_id).first()
    if row is None:
        raise NotFound(f"There is no stand-in {stand_in_id}.", next="list_stand_ins shows them.")
    if row.ended_at is not None or row.ends_at <= timezone.now():
        raise Conflict("It has ended already.", next="Nothing is left to do.")
    row.ended_at = timezone.now()
    row.save(update_fields=["ended_at"])
    _record(events.STAND_IN_ENDED, actor, row)
    return stand_in_out(row)


def _record(kind: str, actor: Member, row: StandIn, **data: str) -> None:
    record(
        kind,
        actor=actor,
        target=f"stand_in:{row.pk}",
        topics=["approvals", "company"],
        data={
            "stand_in": row.pk,
            "member": row.member.handle,
            "absent": row.absent.handle,
            "is": facts_of_stand_in(row),
            **data,
        },
    )
