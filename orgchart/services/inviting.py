"""Inviting people: a place in the company, and a one-time link with which they take it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import MaxLen
from django.conf import settings
from django.utils import timezone

from audit.ledger import record
from orgchart import events, implied, registered
from orgchart.handles import checked_handle, handle_from
from orgchart.models import Member, SignInLink
from orgchart.placing import place_in
from orgchart.projects import open_project
from orgchart.schemas import Invitation, MemberOut
from orgchart.selectors import access_member
from orgchart.services.access import make_sign_in_link
from orgchart.services.members import REGISTRATIONS_A_MINUTE, HandleText, create_member
from teammcp.core import limits
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import Line, clean_line

INVITED_FOR = timedelta(days=7)


@action(
    scope="org:write",
    implies={"update_member": implied.given_authority, "add_to_project": implied.let_in},
)
def invite_person(
    *,
    actor: Member,
    name: Line,
    handle: HandleText = "",
    title: Line = "",
    project: Annotated[str, MaxLen(60)] = "",
    authority: Literal["member", "observer", "admin", "owner"] = "member",
) -> Invitation:
    """Invite a person and get a one-time sign-in link for them, shown once, good for a week.

    They choose their password when they first open it. Without a handle one is made from the name.
    With a `project` they begin behind that wall. Only an owner can invite an admin or an owner.
    renew_invitation replaces a link that was lost.
    """
    limits.spend("register", per_minute=REGISTRATIONS_A_MINUTE)
    _check_may_invite(actor, authority)
    name, walls = clean_line("name", name, required=True), open_project(actor, project)
    member = create_member(
        handle=checked_handle(handle or handle_from(name)),
        name=name,
        title=clean_line("title", title),
        kind=Member.Kind.HUMAN,
        authority=authority,
        registered_by=actor,
    )
    if walls is not None:  # before anything is said of them, so that nobody beyond hears it
        place_in(actor, walls, [member])
    record(
        events.INVITED,
        actor=actor,
        target=f"member:{member.pk}",
        topics=["company", f"member-{member.pk}"],
        data={"handle": member.handle, "name": member.name, "authority": member.authority},
    )
    registered.announce(member)
    return _invitation(actor, member)


@action(scope="org:write")
def renew_invitation(*, actor: Member, member: HandleText) -> Invitation:
    """A fresh one-time link for a person who was invited and has not come yet. Earlier ones end."""
    target = access_member(actor=actor, handle=member, lock=True)
    _check_may_invite(actor, target.authority)
    if target.kind != Member.Kind.HUMAN or target.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{target.handle} is nobody who could sign in.", next="Invite a person instead."
        )
    if target.welcomed_at is not None:
        raise Conflict(
            f"@{target.handle} has come already.", next="They sign in with their password."
        )
    now = timezone.now()
    links = SignInLink.objects.filter(member=target, used_at=None, expires_at__gt=now)
    links.update(expires_at=now)
    return _invitation(actor, target)


def _check_may_invite(actor: Member, authority: str) -> None:
    if authority in {"admin", "owner"} and not actor.has_scope("owner"):
        raise Forbidden(
            "Only an owner can invite an admin or an owner.", next="Invite them as a member."
        )


def _invitation(actor: Member, member: Member) -> Invitation:
    token = make_sign_in_link(member, actor=actor, lasting=INVITED_FOR)
    return Invitation(
        member=MemberOut.of(member),
        sign_in_url=f"{settings.PUBLIC_URL}/sign-in/{token}/",
        expires_at=timezone.now() + INVITED_FOR,
    )
