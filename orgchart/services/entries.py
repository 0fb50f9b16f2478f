"""Changing what is said of a member: the directory entry, the handle, the authority."""

from __future__ import annotations

from typing import Any, Literal

from audit.ledger import record
from orgchart import events
from orgchart.chart import manages, refused_order
from orgchart.handles import checked_handle, skeleton
from orgchart.models import Handle, Member
from orgchart.schemas import MemberOut
from orgchart.selectors import access_member
from orgchart.services.members import HandleText, Words, clean_entry
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import Charter, Line


@action(scope="profile:write")
def update_member(
    *,
    actor: Member,
    member: HandleText = "",
    name: Line | None = None,
    title: Line | None = None,
    charter: Charter | None = None,
    capabilities: Words | None = None,
    tools: Words | None = None,
    languages: Words | None = None,
    model: Line | None = None,
    handle: HandleText | None = None,
    authority: Literal["owner", "admin", "member", "observer"] | None = None,
) -> MemberOut:
    """Change a member's directory entry: your own without `member`, or that of one below you.

    You say yourself what you are called, are for, can do and run on; your title is given by those
    above you. Handle and authority are for admins, what concerns an owner for owners. A renamed
    member keeps the old handle for ever; the last owner who is a person cannot be demoted.
    """
    target = access_member(actor=actor, handle=member or actor.handle, lock=True)
    _check_may_update(actor, target, title=title, handle=handle, authority=authority)
    said = {
        "name": name, "title": title, "charter": charter, "capabilities": capabilities,
        "tools": tools, "languages": languages, "model": model,
    }  # fmt: skip
    changes = clean_entry({key: value for key, value in said.items() if value is not None})
    if authority is not None:
        changes["authority"] = authority
    if handle is not None and handle.strip().removeprefix("@").lower() != target.handle:
        changes["handle"] = _new_handle(target, handle)
    before = {key: getattr(target, key) for key in changes}
    changed = {key: value for key, value in changes.items() if before[key] != value}
    if changed:
        apply_changes(actor, target, before, changed)
    return MemberOut.of(target)


def _check_may_update(
    actor: Member, target: Member, *, title: str | None, handle: str | None, authority: str | None
) -> None:
    own = actor.pk == target.pk
    if not own and not (actor.has_scope("team:write") and manages(actor, target)):
        raise refused_order(actor, target, "change the entry of")
    if own and title is not None and title != target.title and not actor.has_scope("admin"):
        raise refused_order(actor, target, "give a title to")
    if (handle or authority) and not actor.has_scope("admin"):
        raise Forbidden("Handles and authority are for admins.", next="Ask an owner or admin.")
    _check_authority(actor, target, authority)
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired.", next="Register a new member instead.")
    if target.authority == "owner" and authority not in (None, "owner"):
        check_not_last_owner(target)


def _check_authority(actor: Member, target: Member, authority: str | None) -> None:
    if authority is None or actor.has_scope("owner"):
        return
    if "owner" in (target.authority, authority):
        raise Forbidden("Only an owner can change this about an owner.", next="Ask an owner.")
    if authority == "admin":
        raise Forbidden("Only an owner can appoint admins.", next="Ask an owner.")


def check_not_last_owner(target: Member) -> None:
    """A company never loses its last active owner, nor the last one who is a person."""
    owners = Member.objects.filter(authority=Member.Authority.OWNER, status=Member.Status.ACTIVE)
    present = dict(owners.values_list("pk", "kind"))
    people = {pk for pk, kind in present.items() if kind == Member.Kind.HUMAN}
    if (people or present.keys()) == {target.pk}:
        raise Conflict(
            f"@{target.handle} is the last owner who is a person.",
            next="Make somebody else an owner first, who is a person.",
        )


def _new_handle(target: Member, wanted: str) -> str:
    plain = wanted.strip().removeprefix("@").lower()
    if Handle.objects.filter(handle=plain, member=target).exists():
        return plain  # back to a handle that was theirs already
    new = checked_handle(wanted)
    Handle.objects.create(handle=new, skeleton=skeleton(new), member=target)
    return new


def apply_changes(
    actor: Member, target: Member, before: dict[str, Any], changed: dict[str, Any]
) -> None:
    """Write down what changes about a member. For actions of this app only."""
    for key, value in changed.items():
        setattr(target, key, value)
    target.save(update_fields=list(changed))
    record(
        events.UPDATED,
        actor=actor,
        target=f"member:{target.pk}",
        topics=["company", f"member-{target.pk}"],
        data={
            "handle": target.handle,
            "changed": {key: [before[key], value] for key, value in changed.items()},
        },
    )
