"""Reading about projects: what lies behind one's own walls."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.db.models import Count, Q, QuerySet

from orgchart.models import Member, Project, ProjectMember
from orgchart.project_schemas import ProjectDetails, ProjectList, ProjectOut, ProjectPlace
from orgchart.walls import visible_projects
from teammcp.core.actions import query
from teammcp.core.errors import Conflict, NotFound


@query(scope="org:read")
def list_projects(*, actor: Member, archived: bool = False) -> ProjectList:
    """The projects that you belong to; for admins all. Nobody else knows that they exist.

    What belongs to a project (members, channels, tasks, files) is found by its members only.
    """
    rows = visible_projects(actor).select_related("lead").order_by("slug")
    if not archived:
        rows = rows.filter(archived_at=None)
    return ProjectList(items=projects_out(actor, rows))


def projects_out(actor: Member, rows: QuerySet[Project]) -> list[ProjectOut]:
    """Projects with how many present members each has."""
    present = Count("places", filter=~Q(places__member__status=Member.Status.RETIRED))
    return [
        ProjectOut.of(row, members=row.present, leads=may_lead(actor, row))
        for row in rows.annotate(present=present)
    ]


def may_lead(actor: Member, project: Project) -> bool:
    """Whether this member may say who belongs to the project: its lead and admins."""
    led = project.lead_id == actor.pk and actor.has_scope("team:write")
    return led or actor.has_scope("org:write")


def access_project(*, actor: Member, project: str) -> Project:
    """A project by its slug, for its members and admins. Raises NotFound."""
    slug = project.strip().removeprefix("project:").lower()
    rows = visible_projects(actor).select_related("lead")
    found = rows.filter(slug=slug).first()
    if found is None:
        raise NotFound(
            f"There is no project {project[:40]}.",
            next="list_projects shows those that you belong to.",
        )
    return found


def open_project(actor: Member, slug: str) -> Project | None:
    """The project that newcomers are to belong to; None for an empty slug. Raises NotFound, or
    Conflict for one that is archived."""
    if not slug:
        return None
    row = access_project(actor=actor, project=slug)
    if row.archived_at is not None:
        raise Conflict(f"{row.name} is archived and takes nobody.", next="Leave project out.")
    return row


@query(scope="org:read")
def show_project(*, actor: Member, project: Annotated[str, MaxLen(60)]) -> ProjectDetails:
    """A project that you belong to, with its members."""
    row = access_project(actor=actor, project=project)
    places = ProjectMember.objects.filter(project=row).select_related("member", "added_by")
    places = places.exclude(member__status=Member.Status.RETIRED).order_by("member__handle")
    known = [
        ProjectPlace(handle=one.member.handle, name=one.member.name, kind=one.member.kind,
                     title=one.member.title, since=one.since)
        for one in places
    ]  # fmt: skip
    base = ProjectOut.of(row, members=len(known), leads=may_lead(actor, row))
    return ProjectDetails(**base.model_dump(), people=known)
