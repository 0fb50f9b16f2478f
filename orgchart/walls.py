"""The walls between projects: who may know of whom. One rule behind every face.

Who belongs to no project is company staff: seen by everybody, and seeing everybody. Somebody who
belongs to a project is *bound*: they see the staff, those who share a project with them, those
above and below them in the reporting line, and whoever runs the company. All others do not exist
for them. docs/projects.md has the rule as a table.

`Member.walled` comes with every member who calls, so that whoever is not bound pays nothing: the
functions here then give everything back without a query.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.expressions import RawSQL

from orgchart.models import Member, Project, ProjectMember

RUNS = (Member.Authority.OWNER, Member.Authority.ADMIN)
"""Whose authority is over the whole company: nobody's wall hides them."""

_LINE = """
WITH RECURSIVE above(id, manager_id) AS (
  SELECT id, manager_id FROM orgchart_member WHERE id = %s
  UNION
  SELECT m.id, m.manager_id FROM orgchart_member m JOIN above ON m.id = above.manager_id
), below(id) AS (
  SELECT id FROM orgchart_member WHERE manager_id = %s
  UNION
  SELECT m.id FROM orgchart_member m JOIN below ON m.manager_id = below.id
)
SELECT id FROM above UNION SELECT id FROM below
"""


def bound(actor: Member) -> bool:
    """Whether walls hold this member: of a project, without authority over the company."""
    return actor.walled and not actor.has_scope("admin")


def own_projects(actor: Member) -> QuerySet[Any, Any]:
    """The ids of the projects that a member belongs to, as a part of a query."""
    return ProjectMember.objects.filter(member=actor).values("project")


def seen_by(actor: Member) -> Q:
    """Which members this one may know of; everybody unless bound. No query of its own."""
    if not bound(actor):
        return Q()
    together = ProjectMember.objects.filter(member=OuterRef("pk"), project__in=own_projects(actor))
    line = RawSQL(_LINE, [actor.pk, actor.pk])  # noqa: S611 - ours, with parameters
    return Q(walled=False) | Q(authority__in=RUNS) | Q(Exists(together)) | Q(pk__in=line)


def hidden_from(actor: Member) -> QuerySet[Member]:
    """The members of whom a bound one must not hear."""
    rows = Member.objects.exclude(kind=Member.Kind.SYSTEM).exclude(pk=actor.pk)
    return rows.filter(~seen_by(actor)) if bound(actor) else rows.none()


def seen_among(actor: Member, members: Collection[int]) -> frozenset[int]:
    """Of these ids those whom the actor may know of. One query, none unless bound."""
    if not members or not bound(actor):
        return frozenset(members)
    rows = Member.objects.filter(seen_by(actor), pk__in=members)
    return frozenset(rows.values_list("pk", flat=True))


def seen_handles(actor: Member, handles: Iterable[str | None]) -> frozenset[str | None]:
    """The same for handles, of which None is always there."""
    named = frozenset(handles)
    if not bound(actor) or named == {None}:
        return named
    rows = Member.objects.filter(seen_by(actor), handle__in=[name for name in named if name])
    return frozenset([None, *rows.values_list("handle", flat=True)])


def visible_projects(actor: Member) -> QuerySet[Project]:
    """Those that one belongs to; all for whoever runs the company."""
    if actor.has_scope("admin"):
        return Project.objects.all()
    if not actor.walled:
        return Project.objects.none()
    return Project.objects.filter(pk__in=own_projects(actor))


def apart(members: Collection[Member]) -> tuple[Member, Member] | None:
    """Two of these who may not know of each other, if there are such. A query for each of them who
    is bound, and none in a company without projects."""
    for member in members:
        seen = seen_among(member, [other.pk for other in members])
        for other in members:
            if other.pk not in seen and other.pk != member.pk:
                return member, other
    return None


def set_walled(members: Collection[int]) -> None:
    """Keep `Member.walled` true to the rows. For the services of projects only."""
    inside = ProjectMember.objects.filter(member=OuterRef("pk"))
    Member.objects.filter(pk__in=members).update(walled=Exists(inside))
