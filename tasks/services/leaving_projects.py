"""Work that somebody leaves behind a wall: who leaves a project sees it no more, so it is theirs no
more. The lead gets what fits; the rest goes back to whoever takes it."""

from __future__ import annotations

from django.db.models import F, Q, QuerySet

from orgchart.models import Member, Project
from orgchart.registered import ProjectHook, on_projects
from tasks import events
from tasks.access import sees_home
from tasks.models import Goal, Lease, Task
from tasks.services.handing_over import FIELDS, hand_over
from tasks.services.lease_rows import finish
from tasks.services.rolling_up import keep_goal
from tasks.transitions import CLOSED


class ProjectWork(ProjectHook):
    """Tasks, goals and leases have a home, which may lie behind the wall. (So do recurring tasks:
    they pause by themselves when their author sees the home no more.)"""

    def enclosed(self, actor: Member, project: Project) -> None:
        inside = Member.objects.filter(projects__project=project)
        for member in _holders(project).exclude(pk__in=inside).order_by("pk"):
            self.left(actor, project, member)

    def left(self, actor: Member, project: Project, member: Member) -> None:
        now = Member.objects.get(pk=member.pk)  # without what the project gave them
        hand_over(actor=actor, member=now, to=project.lead, hidden=True)
        _end_leases(actor, now)
        _pass_goals_on(actor, now, project.lead)


def _holders(project: Project) -> QuerySet[Member]:
    """Who holds or owes something whose home lies in this project."""
    tasks = Task.objects.filter(home__project=project).exclude(status__in=sorted(CLOSED))
    leases = Lease.objects.filter(home__project=project).exclude(state=Lease.State.OVER)
    goals = Goal.objects.filter(home__project=project, status=Goal.Status.OPEN)
    found = Q(pk__in=leases.values("holder")) | Q(pk__in=goals.values("owner"))
    for field in FIELDS.values():
        found |= Q(pk__in=tasks.exclude(**{field: None}).values(field))
    return Member.objects.filter(found)


def _end_leases(actor: Member, member: Member) -> None:
    rows = Lease.objects.exclude(state=Lease.State.OVER).filter(holder=member)
    rows = rows.select_related("holder", "home")
    for lease in rows.order_by(F("ends_at").asc(nulls_first=True), "pk"):  # else turns come up
        if not sees_home(member, lease.home):
            finish(actor, lease, events.LEASE_GIVEN_UP)


def _pass_goals_on(actor: Member, member: Member, lead: Member | None) -> None:
    rows = Goal.objects.filter(status=Goal.Status.OPEN, owner=member).select_related("home")
    for goal in rows.order_by("pk"):
        if not sees_home(member, goal.home):
            heir = lead if lead and sees_home(lead, goal.home) else None
            to = f"@{heir.handle}" if heir else "nobody"
            keep_goal(
                actor, goal, events.GOAL_HANDED_OVER, {"owner": heir}, former=member.handle, to=to
            )


on_projects(ProjectWork())
