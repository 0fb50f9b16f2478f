"""Who takes over from a member that retires, and what."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen

from orgchart.chart import escalation_line
from orgchart.holdings import HeldOfKind, Holding, held_by
from orgchart.models import Member
from orgchart.schemas import HandOverPreview, HeldOut, HoldingOut
from orgchart.selectors import access_member, check_may_retire
from teammcp.core.actions import query
from teammcp.core.errors import Conflict

SHOWN = 50  # of each kind


@query(scope="org:read")
def preview_hand_over(
    *,
    actor: Member,
    member: Annotated[str, MaxLen(60)],
    successor: Annotated[str, MaxLen(60)] = "",
) -> HandOverPreview:
    """What would pass on, and to whom, if retire_member were called now with the same arguments.

    Of yourself, or of one below you. Lists what the member holds and owes; of things that you
    may not see only how many they are.
    """
    target = access_member(actor=actor, handle=member)
    check_may_retire(actor, target, "see the hand-over of")
    heir = chosen_successor(actor, target, successor) if successor else default_successor(target)
    held = held_by(target, viewer=actor, limit=SHOWN)
    problem = None if heir or not held else without_holder(target, [each.words for each in held])
    return HandOverPreview(
        member=target.handle,
        successor=heir.handle if heir else None,
        holds=held_out(held),
        problem=problem,
    )


def held_out(held: list[HeldOfKind]) -> list[HeldOut]:
    """What somebody holds, as answers show it."""
    return [
        HeldOut(
            kind=each.kind.name,
            words=each.words,
            total=each.total,
            owes=each.kind.relation == "owes",
            items=[_out(item) for item in each.items],
        )
        for each in held
    ]


def _out(item: Holding) -> HoldingOut:
    return HoldingOut(kind=item.kind, id=str(item.id), text=item.text, link=item.link, due=item.due)


def without_holder(member: Member, left: list[str]) -> str:
    """Why a member cannot retire who has nobody to take over."""
    return (
        f"@{member.handle} holds {', '.join(left)}, and has no manager at work who could take"
        " it over."
    )


def default_successor(member: Member) -> Member | None:
    """The nearest manager who is at work and may write; None above the top."""
    return next((above for above in escalation_line(member) if _can_hold(above)), None)


def chosen_successor(actor: Member, member: Member, handle: str) -> Member:
    """The successor that somebody named. Raises NotFound, or Conflict for one who could do nothing
    with what they get."""
    heir = access_member(actor=actor, handle=handle, lock=True)
    if heir.pk == member.pk:
        raise Conflict(
            f"@{heir.handle} cannot be the successor of themselves.", next="Name a colleague."
        )
    if not _can_hold(heir):
        state = heir.status if heir.status != Member.Status.ACTIVE else "an observer"
        raise Conflict(
            f"@{heir.handle} is {state} and can take nothing over.",
            next="Name somebody who is at work: find_people shows who is.",
        )
    return heir


def _can_hold(member: Member) -> bool:
    return member.status == Member.Status.ACTIVE and member.authority != Member.Authority.OBSERVER
