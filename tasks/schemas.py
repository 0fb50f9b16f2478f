"""What tasks answer, on every face."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from teammcp.core.schemas import Out


class LeaseOut(Out):
    """Who holds a task, from when until when."""

    holder: str
    since: datetime
    until: datetime
    """free then, unless the holder shows a sign of life before"""
    heartbeat_at: datetime | None
    token: int | None
    """shown to the holder: pass it along, and no later claim can be mistaken for this one"""


class BlockOut(Out):
    """Why a task cannot go on."""

    on: str
    """who has to act"""
    action: str
    since: datetime


class PointOut(Out):
    """An acceptance point."""

    text: str
    done: bool


class SimilarOut(Out):
    """Live work that looks like this."""

    task: str
    title: str
    holder: str | None
    why: str


class TaskLine(Out):
    """A task in a list."""

    id: str
    """ "T-12": what every call takes as `task`"""
    title: str
    status: str
    """todo, in_progress, blocked, in_review, done or cancelled"""
    priority: str
    """urgent, high, normal or low"""
    assignee: str | None
    held_until: datetime | None
    """by its assignee: the lease's end"""
    unresponsive: bool | None
    """set where the assignee shows no sign of life"""
    waits: int | None
    """how many open prerequisites it has"""
    blocked_on: str | None
    blocked_action: str | None
    reviewer: str | None
    labels: list[str]
    home: str | None
    """the channel whose members see it; none: the whole company"""
    parent: str | None
    progress: int | None
    points: str | None
    """how many acceptance points are met: "2/5" """
    start_after: datetime | None
    due_at: datetime | None


class TaskPage(Out):
    items: list[TaskLine]
    more: bool
    cursor: str | None
    """pass as `after` for the next ones"""


class DatedTasks(Out):
    """Tasks of a calendar."""

    items: list[TaskLine]
    more: bool


class NeedOut(Out):
    id: str
    title: str
    status: str


class TaskOut(Out):
    """A task with all that is known of it."""

    id: str
    title: str
    description: str
    status: str
    priority: str
    labels: list[str]
    creator: str
    assignee: str | None
    unresponsive: bool | None
    """set where the assignee shows no sign of life"""
    reviewer: str | None
    needs_review: bool
    lease: LeaseOut | None
    blocked: BlockOut | None
    needs: list[NeedOut]
    """its prerequisites, as far as you may see them"""
    needed_by: list[NeedOut]
    parent: str | None
    subtasks: list[NeedOut]
    home: str | None
    """the channel whose members see it; none: the whole company"""
    discussion: str
    """send(to=...) and read(where=...) take it"""
    origin: int | None
    """the message that it was made of"""
    progress: int
    points: list[PointOut]
    result: str
    evidence: list[str]
    skills: list[str]
    read_only: bool
    touches: list[str]
    """files, folders and links that it is about"""
    metadata: dict[str, Any]
    start_after: datetime | None
    due_at: datetime | None
    follow_up_at: datetime | None
    """when its assignee is asked how it stands"""
    check_in_minutes: int | None
    """minutes of silence after which its assignee is asked"""
    version: int
    """pass it to edit_task, so that no change of others is lost"""
    created_at: datetime
    updated_at: datetime
    closed_at: datetime | None
    moves: list[str]
    """what you may do with it now"""
    following: bool | None = None


class Created(Out):
    """A new task, or the one that was made of this message before."""

    task: TaskOut
    existing: bool
    """it was there already: nothing was made"""
    similar: list[SimilarOut]
    """live work that looks like it; going on is fine, talk to its holder"""


class Claimed(Out):
    """A task that is yours until its lease ends."""

    task: TaskOut
    token: int
    until: datetime
    """show a sign of life before: every update_task of yours begins the lease anew"""
    why: str | None
    """why this one, where you left the choice to the server"""
    similar: list[SimilarOut]


class Moved(Out):
    """How a task stands after a change."""

    id: str
    status: str
    assignee: str | None
    until: datetime | None
    """the end of your lease"""
    progress: int
    version: int
    moves: list[str]
    """what you may do with it now"""
    note: str | None = None


class Following(Out):
    id: str
    following: bool


class WorkLine(Out):
    """Something that a member holds or owes."""

    id: str
    title: str
    priority: str
    status: str
    what: str
    """hold, assigned, review or unblock"""
    note: str | None
    """until when it is held, or what is to be done"""
    due_at: datetime | None


class Work(Out):
    """What a member holds and owes."""

    items: list[WorkLine]
    remaining: int


class Change(Out):
    """Something that happened to a task."""

    seq: int
    at: datetime
    actor: str
    face: str
    kind: str
    sentence: str
    changed: dict[str, Any]
    """before and after of each field; long texts by their digest"""


class Changes(Out):
    items: list[Change]
    more: bool
    cursor: int | None


class ColumnOut(Out):
    """The tasks of one status."""

    status: str
    count: int
    items: list[TaskLine]
    cursor: str | None
    """pass as `after` to list_tasks with this status for the next ones"""


class Board(Out):
    columns: list[ColumnOut]
