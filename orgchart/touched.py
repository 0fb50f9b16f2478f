"""What actions of the org chart speak of: members, departments, projects, credentials."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orgchart.models import Credential, Department, Member, Project
from orgchart.projects import access_project
from orgchart.selectors import access_credential, access_department, access_member
from teammcp.core.touched import Arguments, Touched, state_of, touching

COMPANY = "company"  # what stands for no project at all
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
    "remove_webhook", "set_mail_address",
)  # fmt: skip
def the_member(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Whose entry it is: the actor's own where nobody is named."""
    named = str(arguments.get("member") or "")
    yield member_touched(
        access_member(actor=actor, handle=named) if named else Member.objects.get(pk=actor.pk)
    )


def members_touched(actor: Any, arguments: Arguments, *fields: str) -> Iterator[Touched]:
    """Who is named beside, also several: only that it is they counts, not how they are."""
    for field in fields:
        said = arguments.get(field) or []
        for named in said if isinstance(said, list) else [said]:
            one = actor.handle if named == "me" else str(named)
            row = access_member(actor=actor, handle=one)
            yield Touched(f"member:{row.pk}", "", f"@{row.handle}")


@touching(
    "set_manager", "retire_member", "register_agent", "create_department",
    "update_department", "create_project", "update_project", "add_to_project",
    "remove_from_project",
)  # fmt: skip
def others(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    named = ("manager", "successor", "head", "lead", "members", "member")
    yield from members_touched(actor, arguments, *named)


@touching("update_department", "remove_department", "move_member", "register_agent")
def the_department(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    if named := str(arguments.get("department") or ""):
        row = access_department(slug=named)
        yield department_touched(row)


@touching("create_department", "update_department")
def the_department_above(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    if named := str(arguments.get("parent") or ""):
        row = access_department(slug=named)
        yield Touched(f"department:{row.pk}", "", f"department:{row.slug}")


def project_touched(row: Project, *, whole: bool = False) -> Touched:
    """A project; `whole` with what it is like, for what changes it."""
    version = state_of(row, "name", "purpose", "lead_id", "archived_at") if whole else ""
    return Touched(f"project:{row.pk}", version, f"project:{row.slug}")


@touching("update_project", "add_to_project", "remove_from_project")
def the_project(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_project(actor=actor, project=str(arguments.get("project") or ""))
    yield project_touched(row, whole=True)


@touching("register_agent", "invite_person", "create_channel", "open_bridge", "move_channel")
def the_project_around(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    named = str(arguments.get("project") or "")
    if named and named.strip().lower() != COMPANY:
        yield project_touched(access_project(actor=actor, project=named))


@touching("rotate_credential", "revoke_credential")
def the_credential(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row: Credential = access_credential(
        actor=actor, credential_id=int(arguments.get("credential_id") or 0)
    )
    version = state_of(row, "scopes", "expires_at", "revoked_at")
    yield Touched(f"credential:{row.pk}", version, f"@{row.member.handle}")
