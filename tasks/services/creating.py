"""Creating tasks: out of nothing, or out of a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

from annotated_types import MaxLen
from django.utils import timezone

from messaging.access import access_channel, access_message
from messaging.models import Channel, Message
from messaging.selectors.messages import RowId
from messaging.walls import COMPANY, default_home
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import events, implied, texts, times
from tasks.access import access_task, sees_home, visible_tasks, whole
from tasks.loops import check_no_loop
from tasks.models import TITLE_LIMIT, Dependency, Label, Task, Touched
from tasks.reminders import first_look
from tasks.schemas import Created
from tasks.selectors.showing import task_out
from tasks.selectors.similar import links_in, similar_to
from tasks.services.recording import write_down
from tasks.services.telling import called, tell_about
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import clean_line

Needs = list[str]
Home = Annotated[str, MaxLen(400)]
LINKS = 10  # of a text that are kept as what the task touches


@action(
    scope="tasks:write",
    implies={
        "assign_task": implied.assigned,
        "add_dependency": implied.waiting,
        "set_parent": implied.put_under,
    },
)
def create_task(
    *,
    actor: Member,
    title: Annotated[str, MaxLen(TITLE_LIMIT)] = "",
    description: texts.Text = "",
    priority: texts.Priority = "normal",
    assignee: texts.Handle = "",
    needs: Needs = [],  # noqa: B006
    parent: Annotated[str, MaxLen(20)] = "",
    home: Home = "",
    from_message: RowId | None = None,
    labels: texts.Labels = [],  # noqa: B006
    points: texts.Points = [],  # noqa: B006
    reviewer: texts.Handle = "",
    skills: texts.Skills = [],  # noqa: B006
    touches: texts.Paths = [],  # noqa: B006
    read_only: bool = False,
    start_after: texts.When | None = None,
    due_at: texts.When | None = None,
    metadata: texts.Metadata = {},  # noqa: B006
) -> Created:
    """Write down work. `similar` in the answer names live work that looks like it.

    Who sees `home`, a channel, sees the task; without it the whole company. `from_message` makes it
    of that message, once. `needs`: tasks to be done first. `points` must be met to be done; a
    `reviewer` must approve. `touches`: files, links.
    """
    origin = access_message(actor=actor, message_id=from_message) if from_message else None
    if origin is not None and (known := Task.objects.filter(origin=origin).first()):
        return _answer(actor, known, existing=True)
    place = _place(actor, home, parent, origin)
    begins, due = times.moments(actor, start_after=start_after, due_at=due_at).values()
    texts.check_times(begins, due)
    reviewing = _somebody(actor, reviewer, place, "reviewer")
    assigned = _somebody(actor, assignee, place, "assignee")
    check_two(assigned, reviewing)
    description = texts.long_text("description", description)
    now = timezone.now()
    task = Task(
        title=_title(title, origin),
        description=description or (origin.text if origin is not None else ""),
        priority=Task.Priority[priority.upper()],
        creator=actor,
        assignee=assigned,
        reviewer=reviewing,
        needs_review=reviewing is not None,
        parent=_parent(actor, parent),
        home=place,
        origin=origin,
        points=[{"text": point, "done": False} for point in texts.lines("points", points)],
        skills=texts.lines("skills", skills),
        read_only=read_only,
        start_after=begins,
        due_at=due,
        metadata=texts.metadata(metadata),
        created_at=now,
        updated_at=now,
        heard_at=now,
        status_at=now,
    )
    task.remind_at = first_look(task)
    required = _required(actor, needs, task.parent)
    task.save(force_insert=True)
    kept = texts.labels(labels)
    touched = _touched(touches, task.description)
    _rows(task, kept, touched, required)
    return _announce(actor, task, kept, touched, required)


def _announce(
    actor: Member, task: Task, labels: list[str], touched: list[str], needs: list[Task]
) -> Created:
    """Record it, tell the assignee, and link the message that it was made of."""
    similar = similar_to(actor, task, paths=touched)
    write_down(
        actor,
        task,
        events.CREATED,
        priority=task.urgency,
        reviewer=task.reviewer_id,
        parent=task.parent_id,
        message=task.origin_id,
        labels=labels,
        touches=touched,
        needs=[one.pk for one in needs],
        similar=[one.task for one in similar],
    )
    if task.origin_id:
        Message.objects.filter(pk=task.origin_id).update(task=task.name)
    tell_about(
        task,
        [task.assignee],
        f"@{actor.handle} assigned {called(task)} to you."
        f" claim_task(task='{task.name}') begins it.",
        without=actor,
    )
    answer = _answer(actor, task, existing=False)
    return answer.model_copy(update={"similar": similar})


def _answer(actor: Member, task: Task, *, existing: bool) -> Created:
    shown = whole(visible_tasks(actor)).get(pk=task.pk)
    return Created(task=task_out(actor, shown), existing=existing, similar=[])


def _title(given: str, origin: Message | None) -> str:
    if given.strip() or origin is None:
        return clean_line("title", given, required=True)
    first = next((line.strip("#*-> \t") for line in origin.text.splitlines() if line.strip()), "")
    return clean_line("title", first.replace("\t", " ")[:TITLE_LIMIT], required=True)


def _place(actor: Member, home: str, parent: str, origin: Message | None) -> Channel | None:
    """The home: that of the parent, else the message's channel, else what was asked for."""
    company = home.strip().lower() == COMPANY
    wanted = home_named(actor, home) if home and not company else None
    fixed: list[Channel | None] = []
    if parent:
        fixed.append(access_task(actor=actor, task=parent).home)
    if origin is not None:
        spoken = origin.channel
        fixed.append(spoken.home if spoken.kind == Channel.Kind.TASK else spoken)
    for one in fixed:
        if (home and one != wanted) or one != fixed[0]:
            label = f"#{one.name}" if one and one.name else "the place of the other"
            raise InvalidInput(
                f"A subtask lives where its parent does, and a task made of a message in the"
                f" channel of that message: {label if one else 'the whole company'}.",
                fields={"home": "is given already"},
                next="Leave home out.",
            )
    return fixed[0] if fixed else home_for(actor, home)


def home_for(actor: Member, named: str) -> Channel | None:
    """The home of something new: as `home_named`; "company" for the whole company. Where nothing is
    said, that of the creator's project, and of the company for those who belong to none."""
    if named.strip().lower() == COMPANY:
        return None
    return home_named(actor, named) if named else default_home(actor)


def home_named(actor: Member, named: str) -> Channel:
    """A channel or conversation as a home. Raises NotFound, InvalidInput for a discussion."""
    channel = access_channel(actor=actor, channel=named).channel
    if channel.kind == Channel.Kind.TASK:
        raise InvalidInput(
            "The discussion of a task is no home of other tasks.",
            fields={"home": "a task's discussion"},
            next=f"Make it a subtask: parent='{(channel.name or '').upper()}'.",
        )
    return channel


def _parent(actor: Member, parent: str) -> Task | None:
    if not parent:
        return None
    found = access_task(actor=actor, task=parent)
    if found.status not in {"todo", "in_progress", "blocked"}:
        raise Conflict(
            f"{found.name} is {found.status}; it takes no more subtasks.",
            next=f"Reopen {found.name} first, or leave parent out.",
        )
    return found


def _required(actor: Member, needs: list[str], parent: Task | None) -> list[Task]:
    """The prerequisites. The new task waits for them, and its parent for the new task."""
    named = texts.lines("needs", needs)
    found = {one.pk: one for one in (access_task(actor=actor, task=name) for name in named)}
    for one in found.values():
        if parent is not None:
            check_no_loop(parent, one, said=f"A subtask of {parent.name} that needs {one.name}")
    return list(found.values())


def _somebody(actor: Member, handle: str, home: Channel | None, field: str) -> Member | None:
    if not handle:
        return None
    member = actor if handle == "me" else access_member(actor=actor, handle=handle)
    check_able(member, home, field)
    return member


def check_able(member: Member, home: Channel | None, field: str) -> None:
    """Raises Conflict for a member who could not do what this field asks."""
    why = ""
    if member.status == Member.Status.RETIRED:
        why = "is retired"
    elif member.authority == Member.Authority.OBSERVER:
        why = "only observes"
    elif not sees_home(member, home):
        why = "does not see the channel that is its home"
    if why:
        raise Conflict(
            f"@{member.handle} {why}, and cannot be the {field}.",
            next="Call find_people for somebody else.",
        )


def check_two(assignee: Member | None, reviewer: Member | None) -> None:
    """Raises Conflict where somebody would review their own work."""
    if assignee is not None and assignee == reviewer:
        raise Conflict(
            f"@{assignee.handle} cannot review their own work.",
            next="Name another reviewer.",
        )


def _touched(given: Iterable[str], description: str) -> list[str]:
    return list(dict.fromkeys([*texts.lines("touches", list(given)), *_links(description)]))


def _links(description: str) -> list[str]:
    return [link for link in links_in(description) if len(link) <= 300][:LINKS]


def _rows(task: Task, labels: list[str], touched: list[str], needs: list[Task]) -> None:
    """What stands beside the task's own row."""
    rows: dict[Any, list[Any]] = {
        Label: [Label(task=task, name=name) for name in labels],
        Touched: [Touched(task=task, path=path) for path in touched],
        Dependency: [
            Dependency(task=task, prerequisite=one, created_at=task.created_at) for one in needs
        ],
    }
    for model, made in rows.items():
        if made:
            model.objects.bulk_create(made)
