"""Reading the org chart: who is who, and who is calling."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Annotated, Any, TypeVar

from annotated_types import MaxLen
from django.db.models import Count, Q, QuerySet

from audit.live import hub
from orgchart import activity, hot, tokens
from orgchart.chart import require_above
from orgchart.models import Credential, Department, Member
from orgchart.schemas import (
    CredentialList,
    CredentialOut,
    DepartmentList,
    DepartmentOut,
    MailOut,
    MemberHit,
    MemberOut,
)
from orgchart.walls import bound, seen_by, seen_handles
from teammcp.core.actions import query
from teammcp.core.errors import Conflict, Forbidden, NotFound, no_token

Confirm = Callable[[Any], Any]
Shown = TypeVar("Shown", MemberOut, MemberHit)


SHOWN = ("department", "manager", "paused_by")


@dataclass(frozen=True, slots=True)
class Authenticated:
    """Who a token speaks for."""

    member: Member
    credential_id: int
    digest: str
    confirm: Confirm


def authenticate(token: str) -> Authenticated | None:
    """The member of a usable token, else None. Looked up at every call, so that a revocation
    counts from the next one."""
    if not token.startswith(tokens.CREDENTIAL):
        return None
    digest = tokens.digest_of(token)
    confirm = confirming_credential(digest)  # before the look-up, as it says
    found = _usable(digest)
    if found is None:
        return None
    activity.touch(found.member_id, found.pk)
    return Authenticated(found.member, found.pk, digest, confirm)


def _usable(digest: str) -> Credential | None:
    """A usable credential, with its member, who has the scopes that it leaves."""
    found = hot.find_credential(digest)
    if found is None or not found.usable:
        return None
    if found.scopes is not None:
        found.member.credential_scopes = frozenset(found.scopes)
    return found


def confirming_credential(digest: str) -> Confirm:
    """`confirming` for a call that came with a credential."""

    def look_up() -> Member | None:
        found = _usable(digest)
        return found.member if found else None

    return confirming(look_up)


def confirming(look_up: Callable[[], Member | None]) -> Confirm:
    """For the context of a call: gives the actor as they are when the write's turn has come, looked
    up again only if anybody's access changed since this was made. Make it before the first look."""
    mark = hub.access_mark

    def confirm(actor: Any) -> Any:
        if hub.access_mark == mark:
            return actor
        found = look_up()
        if found is None:
            raise no_token()
        return found if found.pk == actor.pk else actor

    return confirm


def system_member() -> Member:
    """The server's own member, in whose name it acts."""
    return Member.objects.get(kind=Member.Kind.SYSTEM)


def visible_members(actor: Member) -> QuerySet[Member]:
    """The colleagues whom this member may know of: everybody, but for those whom the walls between
    projects hide. See `orgchart.walls`."""
    return Member.objects.exclude(kind=Member.Kind.SYSTEM).filter(seen_by(actor))


def awaited_people(actor: Member) -> list[Member]:
    """Persons who were invited and have not come yet, the newest first."""
    rows = visible_members(actor).filter(kind=Member.Kind.HUMAN, welcomed_at=None)
    rows = rows.exclude(registered_by=None).exclude(status=Member.Status.RETIRED)
    return list(rows.order_by("-pk")[:50])


def access_member(*, actor: Member, handle: str, lock: bool = False) -> Member:
    """The member that this handle names, or named once. Raises NotFound with near matches."""
    wanted = handle.strip().removeprefix("@").lower()
    rows = visible_members(actor).select_related(*SHOWN)
    if lock:
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


def near_words(wanted: str, known: Iterable[str]) -> list[str]:
    """Those of the known words that look like what was written."""
    plain = {word.lower(): word for word in known}
    return [plain[found] for found in get_close_matches(wanted, plain, n=3, cutoff=0.6)]


def _suggestion(actor: Member, wanted: str) -> str:
    near = near_handles(actor, wanted)
    if near:
        return f"Did you mean {' or '.join(near)}? find_people lists everybody."
    return "Call find_people to see who is there."


@query(scope="org:read")
def show_member(*, actor: Member, member: Annotated[str, MaxLen(40)] = "") -> MemberOut:
    """One colleague by handle, retired ones and old handles included; yourself without one."""
    found = access_member(actor=actor, handle=member or actor.handle)
    return veiled(actor, [MemberOut.of(found)])[0]


def veiled(actor: Member, shown: list[Shown]) -> list[Shown]:
    """The same without the names that the reader may not know, of managers and successors. One
    query for all of them together, none unless the reader is bound."""
    if not bound(actor):
        return shown
    known = seen_handles(actor, [name for one in shown for name in one.named().values()])
    return [
        one.model_copy(update={k: None for k, name in one.named().items() if name not in known})
        for one in shown
    ]


def check_may_retire(actor: Member, target: Member, order: str = "retire") -> None:
    """Raise Forbidden unless the actor stands above the member, or resigns; Conflict for one who
    has retired."""
    if target.pk != actor.pk:
        require_above(actor, target, order)
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired already.", next="Nothing is left to do.")


@query(scope="org:read")
def list_departments(*, actor: Member) -> DepartmentList:
    """The departments of the company, with how many present members each has."""
    present = ~Q(members__status=Member.Status.RETIRED)
    if bound(actor):
        present &= Q(members__in=visible_members(actor))
    rows = Department.objects.annotate(present=Count("members", filter=present)).order_by("slug")
    items = [
        DepartmentOut.of(row, members=row.present) for row in rows.select_related("parent", "head")
    ]
    known = seen_handles(actor, [item.head for item in items])
    return DepartmentList(
        items=[
            item if item.head in known else item.model_copy(update={"head": None}) for item in items
        ]
    )


def access_department(*, slug: str) -> Department:
    """A department by its slug. Raises NotFound."""
    rows = Department.objects.select_related("parent", "head")
    found = rows.filter(slug=slug.strip().removeprefix("dept:").lower()).first()
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


@query(scope="org:read")
def show_mail_address(*, actor: Member, member: Annotated[str, MaxLen(40)] = "") -> MailOut:
    """Where you get mail about what waits for you; with `member` a colleague, for admins."""
    target = access_member(actor=actor, handle=member or actor.handle)
    check_may_know(actor, target)
    return MailOut(member=target.handle, address=target.mail_address)


def check_may_know(actor: Member, target: Member) -> None:
    """Raises Forbidden for where somebody else gets mail, which is for themselves and admins."""
    if actor.pk != target.pk and not actor.has_scope("admin"):
        raise Forbidden(
            "Where somebody gets mail is for themselves and admins.", next="Send them a message."
        )


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
