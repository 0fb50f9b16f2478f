"""The discussion of a task: a channel as all others, which opens when somebody writes there."""

from __future__ import annotations

import re

from messaging.access import opens_late
from messaging.models import Channel
from messaging.services.discussions import hear_all, hear_nothing, open_discussion
from orgchart.models import Member
from tasks import events
from tasks.access import Ref, access_task, visible_tasks, whole
from tasks.models import Follower, Task
from tasks.schemas import Following
from tasks.services.recording import write_down
from teammcp.core.actions import action

_NAME = re.compile(r"t-(\d{1,18})\Z")


@opens_late
def discussion_named(actor: Member, name: str) -> Channel | None:
    """The discussion of the task of this name, if the actor sees it."""
    found = _NAME.match(name)
    if found is None:
        return None
    task = whole(visible_tasks(actor)).filter(pk=int(found[1])).first()
    return _discussion_of(actor, task) if task else None


def _discussion_of(actor: Member, task: Task) -> Channel:
    if task.discussion is not None:
        return task.discussion
    followers = Follower.objects.filter(task=task).values_list("member_id", flat=True)
    own = [task.creator, task.assignee, task.reviewer]
    hearing = [member.pk for member in own if member and member.status != "retired"]
    channel = open_discussion(
        actor, f"t-{task.pk}", home=task.home, followers=[*hearing, *followers]
    )
    Task.objects.filter(pk=task.pk).update(discussion=channel)
    task.discussion = channel
    write_down(actor, task, events.DISCUSSED, channel=channel.pk)
    return channel


def hear_of(task: Task, member: Member | None) -> None:
    """Let who has come to a task hear its discussion, where there is one."""
    if member is not None and task.discussion is not None:
        hear_all(task.discussion, member.pk)


@action(scope="inbox:read")
def follow_task(*, actor: Member, task: Ref) -> Following:
    """Hear what is said about a task, and of its end. Who has to do with it hears that anyway."""
    found = access_task(actor=actor, task=task)
    _, new = Follower.objects.get_or_create(task=found, member=actor)
    hear_of(found, actor)
    if new:
        _record(actor, found, events.FOLLOWED)
    return Following(id=found.name, following=True)


@action(scope="inbox:read")
def unfollow_task(*, actor: Member, task: Ref) -> Following:
    """Hear no more of a task, unless it names you."""
    found = access_task(actor=actor, task=task)
    deleted, _ = Follower.objects.filter(task=found, member=actor).delete()
    if found.discussion is not None:
        hear_nothing(found.discussion, actor.pk)
    if deleted:
        _record(actor, found, events.UNFOLLOWED)
    return Following(id=found.name, following=False)


def _record(actor: Member, task: Task, kind: str) -> None:
    write_down(actor, task, kind)
