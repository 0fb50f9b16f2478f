"""Projects: who works behind which wall. docs/projects.md has what follows from it."""

from __future__ import annotations

from typing import Annotated, Any

from annotated_types import MaxLen, MinLen
from django.utils import timezone

from orgchart import events, implied
from orgchart.models import Member, Project, ProjectMember
from orgchart.placing import change_project, place_in, record_project
from orgchart.project_schemas import ProjectDetails
from orgchart.projects import access_project, may_lead, show_project
from orgchart.registered import project_hooks
from orgchart.selectors import access_member
from orgchart.services.members import HandleText
from orgchart.services.slugs import slug_of
from orgchart.walls import set_walled
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import Line, clean_line

Slug = Annotated[str, MaxLen(60)]
Purpose = Annotated[str, MaxLen(250)]
Handles = Annotated[list[HandleText], MinLen(1), MaxLen(100)]


@action(
    scope="org:write",
    implies={"update_project": implied.led, "add_to_project": implied.lead_let_in},
)
def create_project(
    *, actor: Member, name: Line, purpose: Purpose = "", lead: HandleText = ""
) -> ProjectDetails:
    """Begin a project behind a wall, with a channel of its own. Whoever does not belong to it finds
    nothing of it: not its name, members, channels, messages, files or tasks.

    The lead belongs to it and says who else does: add_to_project. So do admins.
    """
    name = clean_line("name", name, required=True)
    project = Project.objects.create(
        slug=slug_of(name, Project.objects.all(), what="project", look="list_projects"),
        name=name,
        purpose=clean_line("purpose", purpose),
        created_by=actor,
        created_at=timezone.now(),
    )
    leader = _leader(actor, lead) if lead else None
    record_project(events.PROJECT_CREATED, actor, project, lead=leader.handle if leader else None)
    for hook in project_hooks():
        hook.opened(actor, project)
    if leader is not None:
        place_in(actor, project, [leader])
        project.lead = leader
        project.save(update_fields=["lead"])
    return show_project(actor=actor, project=project.slug)


@action(scope="org:write", implies={"add_to_project": implied.lead_let_in})
def update_project(
    *,
    actor: Member,
    project: Slug,
    name: Line | None = None,
    purpose: Purpose | None = None,
    lead: HandleText | None = None,
    archived: bool | None = None,
) -> ProjectDetails:
    """Rename a project, say what it is for, name its lead ("" for none), or archive it.

    The slug stays. A lead who does not belong to it yet does then. An archived project takes nobody
    and nothing new; its wall stands, so that what was hidden stays hidden.
    """
    row = access_project(actor=actor, project=project)
    new: dict[str, Any] = {}
    if name is not None:
        new["name"] = clean_line("name", name, required=True)
    if purpose is not None:
        new["purpose"] = clean_line("purpose", purpose)
    if archived is not None and archived != (row.archived_at is not None):
        new["archived_at"] = timezone.now() if archived else None
    if lead is not None:
        new["lead"] = _leader(actor, lead) if lead else None
    changed = {field: value for field, value in new.items() if getattr(row, field) != value}
    if changed:
        change_project(actor, row, changed)
    return show_project(actor=actor, project=row.slug)


def _leader(actor: Member, handle: str) -> Member:
    found = access_member(actor=actor, handle=handle)
    if found.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{found.handle} is retired and leads nothing.", next="Name somebody who is at work."
        )
    return found


@action(scope="team:write")
def add_to_project(*, actor: Member, project: Slug, members: Handles) -> ProjectDetails:
    """Let colleagues into a project, by handle. For its lead and for admins.

    From then on they see the project, and of other projects and their members nothing. A lead takes
    in who belongs to no project; only an admin lets somebody belong to two.
    """
    row = _led(actor, project)
    if row.archived_at is not None:
        raise Conflict(
            f"{row.name} is archived and takes nobody.",
            next=f"update_project(project='{row.slug}', archived=false) opens it again.",
        )
    people = [_newcomer(actor, row, handle) for handle in members]
    place_in(actor, row, people)
    return show_project(actor=actor, project=row.slug)


def _newcomer(actor: Member, project: Project, handle: str) -> Member:
    member = access_member(actor=actor, handle=handle)
    if member.status == Member.Status.RETIRED:
        raise Conflict(f"@{member.handle} is retired.", next="Name somebody who is at work.")
    inside = ProjectMember.objects.filter(project=project, member=member).exists()
    if member.walled and not inside and not actor.has_scope("org:write"):
        raise Forbidden(
            f"Only an admin can let @{member.handle} belong to {project.name}.",
            next="Ask an owner or admin.",
        )
    return member


@action(scope="team:write")
def remove_from_project(*, actor: Member, project: Slug, member: HandleText) -> ProjectDetails:
    """Take a colleague out of a project. For its lead and for admins.

    They find nothing of it from the next call on; what they said there stays. Who belongs to no
    other project is company staff again.
    """
    row = _led(actor, project)
    target = access_member(actor=actor, handle=member)
    if row.lead_id == target.pk:
        raise Conflict(
            f"@{target.handle} leads {row.name}.",
            next=f"Name another lead first: update_project(project='{row.slug}', lead=...).",
        )
    deleted, _ = ProjectMember.objects.filter(project=row, member=target).delete()
    if not deleted:
        raise Conflict(
            f"@{target.handle} does not belong to {row.name}.", next="Nothing is left to do."
        )
    set_walled([target.pk])
    record_project(events.PROJECT_LEFT, actor, row, member=target.pk, handle=target.handle)
    for hook in project_hooks():
        hook.left(actor, row, target)
    return show_project(actor=actor, project=row.slug)


def _led(actor: Member, project: str) -> Project:
    row = access_project(actor=actor, project=project)
    if not may_lead(actor, row):
        ask = f"@{row.lead.handle}, who leads it," if row.lead else "an owner or admin"
        raise Forbidden(f"Only its lead or an admin says who belongs to {row.name}.",
                        next=f"Ask {ask}.")  # fmt: skip
    return row
