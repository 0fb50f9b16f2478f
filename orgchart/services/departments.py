"""Departments: parts of the company that can be mentioned together as `@dept:slug`."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.utils.text import slugify

from audit.ledger import record
from orgchart import events
from orgchart.models import Department, Member
from orgchart.schemas import DepartmentOut, MemberOut
from orgchart.selectors import access_department, access_member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import Line, clean_line


@action(scope="org:write")
def create_department(*, actor: Member, name: Line) -> DepartmentOut:
    """Make a department. Its members are mentioned together as @dept:slug."""
    name = clean_line("name", name, required=True)
    slug = slugify(name)[:40].strip("-")
    if not slug or not slug[0].isalpha():
        raise InvalidInput(
            f"No slug can be made from {name!r}.",
            fields={"name": "needs a letter first"},
            next="Begin the name with a Latin letter, such as 'Platform'.",
        )
    if Department.objects.filter(slug=slug).exists():
        raise Conflict(
            f"There is a department {slug} already.", next="Call list_departments to see it."
        )
    department = Department.objects.create(slug=slug, name=name)
    record(
        events.DEPARTMENT_CREATED,
        actor=actor,
        target=f"department:{department.pk}",
        topics=["company"],
        data={"slug": slug, "name": name},
    )
    return DepartmentOut(slug=slug, name=name, members=0)


@action(scope="org:write")
def move_member(
    *,
    actor: Member,
    member: Annotated[str, MaxLen(60)],
    department: Annotated[str, MaxLen(40)] = "",
) -> MemberOut:
    """Put a member into a department, by its slug; without one, take them out of theirs."""
    target = access_member(actor=actor, handle=member, lock=True)
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired.", next="Move somebody who is at work.")
    new = access_department(slug=department) if department else None
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
