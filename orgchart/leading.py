"""What whoever leads holds: the members who report to them, the departments they head."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import Count, F

from audit.ledger import record
from orgchart import events
from orgchart.chart import line_above
from orgchart.holdings import HandOver, Holding, HoldingKind, holding_kind
from orgchart.models import Department, Member, Project
from orgchart.placing import change_project
from orgchart.walls import seen_by, visible_projects


def _reports(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = Member.objects.filter(manager=member).exclude(status=Member.Status.RETIRED)
    rows = rows.filter(seen_by(viewer))
    return [
        Holding(
            "report", row.handle, f"@{row.handle} {row.title}".strip(), f"/people/{row.handle}/"
        )
        for row in rows.order_by("handle")[:limit]
    ]


def _count_reports(member_ids: Collection[int]) -> dict[int, int]:
    rows = Member.objects.filter(manager__in=member_ids).exclude(status=Member.Status.RETIRED)
    counted = rows.order_by().values_list("manager").annotate(number=Count("pk"))
    return dict(counted)


def _pass_reports_on(over: HandOver) -> None:
    """All who reported to the member report to the successor. One who stood below takes the
    member's own place first, so that no loop can come of it."""
    if over.member.pk in line_above(over.successor.pk):
        place_under(over.actor, over.successor, over.member.manager)
    rows = Member.objects.filter(manager=over.member).exclude(status=Member.Status.RETIRED)
    for report in rows.exclude(pk=over.successor.pk).order_by("pk"):
        place_under(over.actor, report, over.successor)


def place_under(actor: Member, member: Member, manager: Member | None) -> None:
    """Write down a change of the reporting line, with before and after. For actions only, which
    have looked at the rules."""
    before = member.manager
    member.manager = manager
    member.save(update_fields=["manager"])
    touched = {f"member-{who.pk}" for who in (member, before, manager) if who is not None}
    record(
        events.MANAGER_SET,
        actor=actor,
        target=f"member:{member.pk}",
        topics=["company", *sorted(touched)],
        data={
            "handle": member.handle,
            "to": f"@{manager.handle}" if manager else "nobody",
            "changed": {
                "manager": [
                    before.handle if before else None,
                    manager.handle if manager else None,
                ]
            },
        },
    )


def _departments(member: Member, viewer: Member, limit: int) -> list[Holding]:
    rows = Department.objects.filter(head=member).order_by("slug")[:limit]
    return [Holding("department", row.slug, row.name, "/chart/") for row in rows]


def _count_departments(member_ids: Collection[int]) -> dict[int, int]:
    rows = Department.objects.filter(head__in=member_ids).order_by()
    return dict(rows.values_list(F("head")).annotate(number=Count("pk")))


def _pass_departments_on(over: HandOver) -> None:
    for department in Department.objects.filter(head=over.member).order_by("pk"):
        set_head(over.actor, department, over.successor)


def heads(*named: object) -> list[str]:
    """The topics of the members among these: an event that names them is about them."""
    return [f"member-{who.pk}" for who in named if isinstance(who, Member)]


def set_head(actor: Member, department: Department, head: Member | None) -> None:
    """Write down who heads a department. For actions only."""
    before, department.head = department.head, head
    department.save(update_fields=["head"])
    record(
        events.DEPARTMENT_UPDATED,
        actor=actor,
        target=f"department:{department.pk}",
        topics=["company", *heads(before, head)],
        data={
            "slug": department.slug,
            "name": department.name,
            "changed": {"head": [before.handle if before else None, head.handle if head else None]},
        },
    )


def pass_projects_on(actor: Member, member: Member, heir: Member | None) -> list[str]:
    """Name who leads the projects of a member that retires: the successor, where they belong to it
    or run the company, for nobody walks through a wall by inheriting; else nobody, until an admin
    does. Gives the sentences that say so. Asked at retiring only: no list of what somebody holds
    pays for it."""
    notes = []
    for project in Project.objects.filter(lead=member).order_by("pk"):
        inside = heir is not None and visible_projects(heir).filter(pk=project.pk).exists()
        change_project(actor, project, {"lead": heir if inside else None})
        notes.append(
            f"@{heir.handle} leads {project.name} now."
            if heir is not None and inside
            else "A project has no lead now; an admin names one: update_project."
        )
    return notes


REPORTS = holding_kind(
    HoldingKind(
        "report", one="report", many="reports", load=False,
        items=_reports, count=_count_reports, pass_on=_pass_reports_on,
    )
)  # fmt: skip
DEPARTMENTS = holding_kind(
    HoldingKind(
        "department", one="department", many="departments", load=False,
        items=_departments, count=_count_departments, pass_on=_pass_departments_on,
    )
)  # fmt: skip
