"""What messaging does for a project: a channel for all of it, and an end to what its former members
heard."""

from __future__ import annotations

from messaging.access import visible_channels
from messaging.models import Channel
from messaging.services.channels import add_members, open_channel
from messaging.services.leaving import shut_out
from messaging.texts import clean_channel_name
from messaging.walls import first_channel
from orgchart.models import Member, Project
from orgchart.registered import ProjectHook, on_projects
from orgchart.selectors import system_member
from teammcp.core.errors import InvalidInput

MOST = 1_000  # names that are tried


class ProjectChannels(ProjectHook):
    """Each project has a channel of its own, which its members begin in."""

    def opened(self, actor: Member, project: Project) -> None:
        open_channel(
            system_member(),
            _free(project),
            kind=Channel.Kind.PUBLIC,
            purpose=f"Everybody of {project.name}.",
            project=project.pk,
        )

    def joined(self, actor: Member, project: Project, member: Member) -> None:
        channel = first_channel(project.pk)
        if channel is not None:
            add_members(actor, channel, [member])

    def left(self, actor: Member, project: Project, member: Member) -> None:
        now = Member.objects.get(pk=member.pk)  # without what the project gave them
        seen = visible_channels(now).values("pk")
        walls = Channel.objects.exclude(project=None).exclude(pk__in=seen)
        shut_out(walls, Member.objects.filter(pk=now.pk))


def _free(project: Project) -> str:
    """A channel name like the slug, where that is free and is one."""
    try:
        base = clean_channel_name(project.slug)
    except InvalidInput:  # such as t-12, which is the discussion of a task
        base = f"project-{project.pk}"
    names = [base, f"{base}-project", *(f"{base}-{number}" for number in range(2, MOST))]
    taken = set(Channel.objects.filter(name__startswith=base).values_list("name", flat=True))
    return next(name for name in names if name not in taken)


on_projects(ProjectChannels())
