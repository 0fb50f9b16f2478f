"""Who belongs to which project, and who leads it: the steps that several actions share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from audit.ledger import record
from orgchart import events
from orgchart.audiences import project_topic
from orgchart.models import Member, Project, ProjectMember
from orgchart.registered import project_hooks
from orgchart.walls import set_walled


def place_in(actor: Member, project: Project, members: Sequence[Member]) -> None:
    """Let members belong to a project who do not yet. For actions only."""
    known = ProjectMember.objects.filter(project=project, member__in=members)
    inside = set(known.values_list("member_id", flat=True))
    for member in members:
        if member.pk in inside:
            continue
        inside.add(member.pk)
        ProjectMember.objects.create(
            project=project, member=member, added_by=actor, since=timezone.now()
        )
        set_walled([member.pk])
        member.walled = True
        record_project(
            events.PROJECT_JOINED, actor, project, member=member.pk, handle=member.handle
        )
        for hook in project_hooks():
            hook.joined(actor, project, member)


def change_project(actor: Member, row: Project, changed: Mapping[str, Any]) -> None:
    """Write down what changes about a project. A lead belongs to it. For actions only."""
    if isinstance(leader := changed.get("lead"), Member):
        place_in(actor, row, [leader])
    before = {field: getattr(row, field) for field in changed}
    for field, value in changed.items():
        setattr(row, field, value)
    row.save(update_fields=list(changed))
    told = {field: [_plain(before[field]), _plain(value)] for field, value in changed.items()}
    record_project(events.PROJECT_UPDATED, actor, row, changed=told)


def _plain(value: Any) -> Any:
    if isinstance(value, Member):
        return value.handle
    return value.isoformat() if hasattr(value, "isoformat") else value


def record_project(kind: str, actor: Member, project: Project, **more: Any) -> None:
    """Write an event of a project, for its members and for admins."""
    topics = [project_topic(project.pk), "admin"]
    if "member" in more:  # their own view of the company changes
        topics.append(f"member-{more['member']}")
    record(
        kind,
        actor=actor,
        target=f"project:{project.pk}",
        topics=topics,
        data={"project": project.pk, "slug": project.slug, "name": project.name, **more},
    )
