"""What is answered about projects, on every face."""

from __future__ import annotations

from datetime import datetime

from orgchart.models import Project
from teammcp.core.schemas import Out


class ProjectOut(Out):
    """Work behind a wall."""

    id: int
    slug: str
    name: str
    purpose: str
    lead: str | None
    archived: bool
    members: int
    leads: bool
    """whether you may say who belongs to it"""

    @classmethod
    def of(cls, project: Project, *, members: int, leads: bool) -> ProjectOut:
        return cls(
            id=project.pk,
            slug=project.slug,
            name=project.name,
            purpose=project.purpose,
            lead=project.lead.handle if project.lead else None,
            archived=project.archived_at is not None,
            members=members,
            leads=leads,
        )


class ProjectList(Out):
    items: list[ProjectOut]


class ProjectPlace(Out):
    """Somebody who belongs to a project."""

    handle: str
    name: str
    kind: str
    title: str
    since: datetime


class ProjectDetails(ProjectOut):
    """A project and who belongs to it."""

    people: list[ProjectPlace]
