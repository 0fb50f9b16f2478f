"""Departments: parts of the company, and parts of those; mentioned together as `@dept:slug`."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MaxLen

from audit.ledger import record
from orgchart import events, implied
from orgchart.chart import manages, refused_order, require_above
from orgchart.leading import heads
from orgchart.models import Department, Member
from orgchart.schemas import DepartmentOut, MemberOut
from orgchart.selectors import access_department, access_member
from orgchart.services.members import HandleText
from orgchart.services.slugs import slug_of
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import Line, clean_line

Slug = Annotated[str, MaxLen(60)]
LEVELS = 20  # of departments within departments


@action(scope="org:write", implies={"update_department": implied.placed})
def create_department(
    *, actor: Member, name: Line, parent: Slug = "", head: HandleText = ""
) -> DepartmentOut:
    """Make a department, on its own or within a `parent`. Its members are mentioned together as
    @dept:slug.

    A head is who answers for it; orders follow the reporting lines all the same.
    """
    name, slug = _named(name)
    above = access_department(slug=parent) if parent else None
    _check_depth(above)
    leader = _leader(actor, head) if head else None
    department = Department.objects.create(slug=slug, name=name, parent=above, head=leader)
    record(
        events.DEPARTMENT_CREATED,
        actor=actor,
        target=f"department:{department.pk}",
        topics=["company", *heads(leader)],
        data={
            "slug": slug,
            "name": name,
            "parent": above.slug if above else None,
            "head": leader.handle if leader else None,
        },
    )
    return DepartmentOut.of(department, members=0)


def _named(name: str) -> tuple[str, str]:
    """A name and the slug made of it. Raises InvalidInput, or Conflict for one that is taken."""
    name = clean_line("name", name, required=True)
    slug = slug_of(name, Department.objects.all(), what="department", look="list_departments")
    return name, slug


def _leader(actor: Member, handle: str) -> Member:
    found = access_member(actor=actor, handle=handle)
    if found.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{found.handle} is retired and heads nothing.", next="Name a head who is at work."
        )
    return found


@action(scope="org:write")
def update_department(
    *,
    actor: Member,
    department: Slug,
    name: Line | None = None,
    parent: Slug | None = None,
    head: HandleText | None = None,
) -> DepartmentOut:
    """Rename a department, put it within another, or name its head; an empty text takes away.

    The slug stays, so that old mentions keep working. Refused: a department within itself.
    """
    row = access_department(slug=department)
    new: dict[str, Any] = {}
    if name is not None:
        new["name"] = clean_line("name", name, required=True)
    if parent is not None:
        new["parent"] = _parent(row, parent)
    if head is not None:
        new["head"] = _leader(actor, head) if head else None
    before = {field: getattr(row, field) for field in new}
    changed = {field: value for field, value in new.items() if before[field] != value}
    if changed:
        _change(actor, row, before, changed)
    return DepartmentOut.of(row, members=_present(row))


def _parent(row: Department, slug: str) -> Department | None:
    if not slug:
        return None
    above = access_department(slug=slug)
    if row.pk in {each.pk for each in line_of(above)}:
        raise Conflict(
            f"{above.slug} lies within {row.slug}: that would make a loop.",
            next=f"Move {above.slug} elsewhere first.",
        )
    _check_depth(above)
    return above


def line_of(department: Department | None) -> list[Department]:
    """A department and those around it, the innermost first."""
    line: list[Department] = []
    while department is not None and len(line) <= LEVELS:
        line.append(department)
        department = department.parent
    return line


def _check_depth(above: Department | None) -> None:
    if len(line_of(above)) >= LEVELS:
        raise Conflict(
            f"Departments lie within each other {LEVELS} deep at most.",
            next="Choose a parent further up.",
        )


def _change(
    actor: Member, row: Department, before: dict[str, Any], changed: dict[str, Any]
) -> None:
    for field, value in changed.items():
        setattr(row, field, value)
    row.save(update_fields=list(changed))
    record(
        events.DEPARTMENT_UPDATED,
        actor=actor,
        target=f"department:{row.pk}",
        topics=["company", *heads(before.get("head"), changed.get("head"))],
        data={
            "slug": row.slug,
            "name": row.name,
            "changed": {
                field: [_plain(before[field]), _plain(value)] for field, value in changed.items()
            },
        },
    )


def _plain(value: Any) -> str | None:
    """A changed field as the ledger keeps it: slugs and handles."""
    if isinstance(value, Department):
        return value.slug
    return value.handle if isinstance(value, Member) else value


def _present(row: Department) -> int:
    return row.members.exclude(status=Member.Status.RETIRED).count()


@action(scope="org:write")
def remove_department(*, actor: Member, department: Slug) -> DepartmentOut:
    """Remove an empty department. Refused while members or other departments are in it."""
    row = access_department(slug=department)
    inside, parts = _present(row), list(row.parts.order_by("slug"))
    if inside or parts:
        found = [f"{inside} members"] * bool(inside) + [part.slug for part in parts]
        raise Conflict(
            f"{row.name} is not empty: {', '.join(found[:10])}.",
            next="Move them first: move_member, update_department.",
        )
    answer = DepartmentOut.of(row, members=0)
    record(
        events.DEPARTMENT_REMOVED,
        actor=actor,
        target=f"department:{row.pk}",
        topics=["company"],
        data={"slug": row.slug, "name": row.name},
    )
    row.delete()
    return answer


@action(scope="team:write")
def move_member(*, actor: Member, member: HandleText, department: Slug = "") -> MemberOut:
    """Put a member who stands below you into a department, by its slug; without one, take them out.

    Admins into any; others into their own, or one whose head they are or lead.
    """
    target = access_member(actor=actor, handle=member, lock=True)
    if not (actor.pk == target.pk and actor.has_scope("admin")):
        require_above(actor, target, "move")
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired.", next="Move somebody who is at work.")
    new = access_department(slug=department) if department else None
    _check_within_reach(actor, new)
    old, target.department = target.department, new
    target.save(update_fields=["department"])
    record(
        events.MOVED,
        actor=actor,
        target=f"member:{target.pk}",
        topics=["company", f"member-{target.pk}"],
        data={
            "handle": target.handle,
            "to": new.name if new else "no department",
            "changed": {"department": [old.slug if old else None, new.slug if new else None]},
        },
    )
    return MemberOut.of(target)


def _check_within_reach(actor: Member, new: Department | None) -> None:
    """A place in a department can be a voice in its approvals, so nobody gives away those of
    others."""
    if new is None or actor.has_scope("admin") or new.pk == actor.department_id:
        return
    if new.head is None:
        raise Forbidden(
            f"{new.name} has no head, and is not your department.", next="Ask an owner or admin."
        )
    if new.head.pk != actor.pk and not manages(actor, new.head):
        raise refused_order(actor, new.head, "put somebody into the department of")
