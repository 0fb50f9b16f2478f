"""The reporting line: who reports to whom."""

from __future__ import annotations

from orgchart.chart import line_above, manages, refused_order, require_above
from orgchart.leading import place_under
from orgchart.models import Member
from orgchart.schemas import MemberOut
from orgchart.selectors import access_member
from orgchart.services.members import HandleText
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(scope="team:write")
def set_manager(*, actor: Member, member: HandleText, manager: HandleText = "") -> MemberOut:
    """Put a member who stands below you under a manager: yourself, or somebody else below you.

    Without a manager they stand at the top of the chart. Admins may put those below their authority
    under anybody. Refused: loops, oneself or a retired member as manager.
    """
    target = access_member(actor=actor, handle=member, lock=True)
    _check_may_move(actor, target)
    new = access_member(actor=actor, handle=manager) if manager else None
    _check_reach(actor, target, new)
    _check_sound(target, new)
    if target.manager_id != (new.pk if new else None):
        place_under(actor, target, new)
    return MemberOut.of(target)


def _check_may_move(actor: Member, target: Member) -> None:
    own_place = actor.pk == target.pk and actor.has_scope("owner")
    if not own_place:
        require_above(actor, target, "move")
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired.", next="Move somebody who is at work.")


def _check_reach(actor: Member, target: Member, new: Member | None) -> None:
    """Within one's own branch, or with the admin scope anywhere. Otherwise a manager could put
    somebody on a colleague's hands, or out of everybody's."""
    if actor.has_scope("admin"):
        return
    if new is None:
        raise refused_order(actor, target, "take out of your own branch")
    if new.pk != actor.pk and not manages(actor, new):
        raise refused_order(actor, new, "put somebody under")


def _check_sound(target: Member, new: Member | None) -> None:
    if new is None:
        return
    if new.pk == target.pk:
        raise Conflict(
            f"@{target.handle} cannot report to themselves.", next="Name another manager."
        )
    if new.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{new.handle} is retired and leads nobody.", next="Name a manager who is at work."
        )
    if target.pk in line_above(new.pk):
        raise Conflict(
            f"@{new.handle} stands below @{target.handle}: that would make a loop.",
            next=f"Move @{new.handle} elsewhere first, or name a manager outside of that branch.",
        )
