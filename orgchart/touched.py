"""What actions of the org chart speak of: members, departments, credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orgchart.models import Credential, Department, Member
from orgchart.selectors import access_credential, access_department, access_member
from teammcp.core.touched import Arguments, Touched, state_of, touching

ENTRY = (
    "handle", "name", "title", "charter", "capabilities", "tools", "languages", "model",
    "authority", "status", "department_id", "manager_id",
)  # fmt: skip


def member_touched(member: Member) -> Touched:
    """A member, as their entry is now."""
    return Touched(f"member:{member.pk}", state_of(member, *ENTRY), f"@{member.handle}")


def department_touched(row: Department) -> Touched:
    version = state_of(row, "slug", "name", "parent_id", "head_id")
    return Touched(f"department:{row.pk}", version, f"department:{row.slug}")


@touching(
    "update_member", "set_manager", "move_member", "pause_member", "unpause_member",
    "retire_member", "issue_credential", "renew_invitation", "set_wake_route", "set_webhook",
    "remove_webhook",
)  # fmt: skip
def the_member(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Whose entry it is: the actor's own where nobody is named."""
    named = str(arguments.get("member") or "")
    yield member_touched(
        access_member(actor=actor, handle=named) if named else Member.objects.get(pk=actor.pk)
    )


@touching("set_manager", "update_member", "retire_member", "register_agent")
def others(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Who is named beside: only that it is they counts, not how they are."""
    for field in ("manager", "successor"):
        if named := str(arguments.get(field) or ""):
            row = access_member(actor=actor, handle=named)
            yield Touched(f"member:{row.pk}", "", f"@{row.handle}")


@touching("update_department", "remove_department", "move_member", "register_agent")
def the_department(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    if named := str(arguments.get("department") or ""):
        row = access_department(slug=named)
        yield department_touched(row)


@touching("rotate_credential", "revoke_credential")
def the_credential(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row: Credential = access_credential(
        actor=actor, credential_id=int(arguments.get("credential_id") or 0)
    )
    version = state_of(row, "scopes", "expires_at", "revoked_at")
    yield Touched(f"credential:{row.pk}", version, f"@{row.member.handle}")
