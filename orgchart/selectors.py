"""Reading the org chart: who is who, and who is calling."""

from __future__ import annotations

import json
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from django.db import connection
from django.db.models import Count, Q, QuerySet

from orgchart import activity, hot, tokens
from orgchart.models import Credential, Department, Handle, Member
from orgchart.schemas import (
    CredentialList,
    CredentialOut,
    DepartmentList,
    DepartmentOut,
    MemberOut,
    MemberPage,
)
from teammcp.core.actions import query
from teammcp.core.errors import NotFound


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a token speaks for."""

    member: Member
    credential_id: int


def authenticate(token: str) -> Authenticated | None:
    """The member of a usable token, else None. Looked up at every call, so that a revocation
    counts from the next one."""
    if not token.startswith(tokens.CREDENTIAL):
        return None
    found = hot.find_credential(tokens.digest_of(token))
    if found is None or not found.usable:
        return None
    member = found.member
    if found.scopes is not None:
        member.credential_scopes = frozenset(found.scopes)
    activity.touch(member.pk, found.pk)
    return Authenticated(member, found.pk)


def system_member() -> Member:
    """The server's own member, in whose name it acts."""
    return Member.objects.get(kind=Member.Kind.SYSTEM)


def visible_members(actor: Member) -> QuerySet[Member]:
    """Everybody in the company; colleagues are not hidden from each other."""
    return Member.objects.exclude(kind=Member.Kind.SYSTEM)


def access_member(*, actor: Member, handle: str, lock: bool = False) -> Member:
    """The member that this handle names, or named once. Raises NotFound with near matches."""
    wanted = handle.strip().removeprefix("@").lower()
    rows = visible_members(actor).select_related("department", "manager")
    if lock and connection.features.has_select_for_update:
        rows = rows.select_for_update(of=("self",))
    found = rows.filter(handles__handle=wanted).first()
    if found is None:
        raise NotFound(
            f"There is no member @{wanted[:40]}.",
            next=_suggestion(actor, wanted),
            near=near_handles(actor, wanted),
        )
    return found


def near_handles(actor: Member, wanted: str) -> list[str]:
    """Handles of present members that look like what was written, by handle or by name."""
    rows = visible_members(actor).exclude(status=Member.Status.RETIRED)
    names: dict[str, str] = {}
    for handle, name in rows.values_list("handle", "name"):
        names[handle] = names[name.lower()] = handle
    close = get_close_matches(wanted, names, n=6, cutoff=0.5)
    return [f"@{handle}" for handle in dict.fromkeys(names[match] for match in close)][:3]


def _suggestion(actor: Member, wanted: str) -> str:
    near = near_handles(actor, wanted)
    if near:
        return f"Did you mean {' or '.join(near)}? find_people lists everybody."
    return "Call find_people to see who is there."


@query(scope="org:read")
def find_people(
    *,
    actor: Member,
    query: Annotated[str, MaxLen(200)] = "",
    department: Annotated[str, MaxLen(40)] = "",
    limit: Annotated[int, Ge(1), Le(100)] = 20,
    after: Annotated[str, MaxLen(40)] = "",
) -> MemberPage:
    """Find colleagues by name, handle, title, skill or charter; no query lists everybody.

    Each hit says what they do, whether they are a person or an agent, and their presence. Every
    word of the query must match. Retired members are not listed.
    """
    rows = visible_members(actor).exclude(status=Member.Status.RETIRED)
    for word in query.split():
        rows = rows.filter(
            Q(handle__icontains=word.removeprefix("@"))
            | Q(name__icontains=word)
            | Q(title__icontains=word)
            | Q(charter__icontains=word)
            | _skilled(word)
        )
    if department:
        rows = rows.filter(department__slug=department)
    total = rows.filter(handle__gt=after).count()
    page = list(
        rows.filter(handle__gt=after)
        .select_related("department", "manager")
        .order_by("handle")[:limit]
    )
    more = total > len(page)
    return MemberPage(
        items=[MemberOut.of(member) for member in page],
        remaining=total - len(page),
        cursor=page[-1].handle if more else None,
    )


def _skilled(word: str) -> Q:
    """By a skill. They are kept as JSON: its own signs match nothing, SQLite escapes letters."""
    if not any(sign.isalnum() for sign in word):
        return Q()
    escaped = json.dumps(word)[1:-1]
    return Q(capabilities__icontains=word) | Q(capabilities__icontains=escaped)


@query(scope="org:read")
def show_member(*, actor: Member, member: Annotated[str, MaxLen(40)] = "") -> MemberOut:
    """One colleague by handle, retired ones and old handles included; yourself without one."""
    return MemberOut.of(access_member(actor=actor, handle=member or actor.handle))


@query(scope="org:read")
def list_departments(*, actor: Member) -> DepartmentList:
    """The departments of the company, with how many present members each has."""
    present = Count("members", filter=~Q(members__status=Member.Status.RETIRED))
    rows = Department.objects.annotate(present=present).order_by("slug")
    return DepartmentList(
        items=[DepartmentOut(slug=row.slug, name=row.name, members=row.present) for row in rows]
    )


def access_department(*, slug: str) -> Department:
    """A department by its slug. Raises NotFound."""
    found = Department.objects.filter(slug=slug.strip().removeprefix("dept:").lower()).first()
    if found is None:
        raise NotFound(
            f"There is no department {slug[:40]}.", next="Call list_departments to see them."
        )
    return found


@query(scope="org:read")
def list_credentials(*, actor: Member, member: Annotated[str, MaxLen(40)] = "") -> CredentialList:
    """The credentials of a member (yours without one), newest first, without their secrets."""
    owner = access_own_or_administered(actor=actor, handle=member)
    rows = Credential.objects.filter(member=owner).order_by("-id")[:200]
    return CredentialList(items=[CredentialOut.of(row) for row in rows])


def access_own_or_administered(*, actor: Member, handle: str) -> Member:
    """The actor, or for those with the admin scope any member. Otherwise as if absent."""
    if not handle or handle.removeprefix("@").lower() == actor.handle:
        return actor
    if not actor.has_scope("admin"):
        raise NotFound(
            "There is no such credential.", next="Call list_credentials to see your own."
        )
    return access_member(actor=actor, handle=handle)


def access_credential(*, actor: Member, credential_id: int) -> Credential:
    """A credential of one's own; with the admin scope, of any member."""
    rows = Credential.objects.select_related("member")
    if not actor.has_scope("admin"):
        rows = rows.filter(member=actor)
    found = rows.filter(pk=credential_id).first()
    if found is None:
        raise NotFound(
            "There is no such credential.", next="Call list_credentials to see your own."
        )
    return found


def resolve_handles(handles: list[str]) -> dict[str, Member]:
    """Members by the handles that name them, old handles included."""
    rows = Handle.objects.filter(handle__in=handles).select_related("member")
    return {row.handle: row.member for row in rows}
