"""Changing what a task says, without losing what others changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen

from messaging.models import Channel
from messaging.services.discussions import move_discussion
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks import events, texts, times
from tasks.access import Ref, access_task
from tasks.models import Label, Task, Touched
from tasks.rules import roles_of
from tasks.schemas import TaskOut
from tasks.selectors.showing import task_out
from tasks.services.creating import check_able, home_named
from tasks.services.discussing import hear_of
from tasks.services.recording import store
from tasks.transitions import STEWARDS, Role
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import clean_line

EDITORS = {*STEWARDS, Role.HOLDER, Role.ASSIGNEE, Role.REVIEWER}
GUARDED = ("reviewer", "needs_review", "points", "home")
CLEANED: dict[str, Callable[[Any], Any]] = {
    "title": lambda title: clean_line("title", title, required=True),
    "description": lambda text: texts.long_text("description", text),
    "priority": lambda priority: Task.Priority[priority.upper()],
    "skills": lambda skills: texts.lines("skills", skills),
    "metadata": texts.metadata,
    "read_only": bool,
    "start_after": lambda at: at,
    "due_at": lambda at: at,
    "follow_up_at": lambda at: at,
    "check_in_minutes": lambda minutes: minutes,
}
TIMES = ("start_after", "due_at", "follow_up_at")
CLEARABLE = (*TIMES, "check_in_minutes", "reviewer")
CheckIn = Annotated[int, Ge(5), Le(60 * 24 * 31)]
"""Minutes without a sign of life after which whoever has the task is asked for one."""
Version = Annotated[int, Ge(1), Le(2**31)]
"""The version that the change is based on."""


@action(scope="tasks:write")
def edit_task(
    *,
    actor: Member,
    task: Ref,
    version: Version | None = None,
    title: texts.Title | None = None,
    description: texts.Text | None = None,
    priority: texts.Priority | None = None,
    labels: texts.Labels | None = None,
    points: texts.Points | None = None,
    reviewer: texts.Handle | None = None,
    needs_review: bool | None = None,
    skills: texts.Skills | None = None,
    touches: texts.Paths | None = None,
    read_only: bool | None = None,
    home: Annotated[str, MaxLen(400)] | None = None,
    start_after: texts.When | None = None,
    due_at: texts.When | None = None,
    follow_up_at: texts.When | None = None,
    check_in_minutes: CheckIn | None = None,
    clear: Annotated[list[Annotated[str, MaxLen(20)]], MaxLen(5)] = [],  # noqa: B006
    metadata: texts.Metadata | None = None,
) -> TaskOut:
    """Change what a task says. What is left out stays; lists are replaced as a whole.

    With the `version` that you saw, a change of somebody else since then is refused rather than
    lost. `home` "company" shows it to everybody. `clear` empties times, check_in_minutes, reviewer.
    Who does the work cannot change how it is judged. Times without an offset are on your clock.
    Who has it is asked at `follow_up_at`, and after `check_in_minutes` of silence.
    """
    found = access_task(actor=actor, task=task)
    _check_version(actor, found, version)
    given: dict[str, Any] = {
        "title": title, "description": description, "priority": priority, "labels": labels,
        "points": points, "reviewer": reviewer, "needs_review": needs_review, "skills": skills,
        "touches": touches, "read_only": read_only, "home": home, "start_after": start_after,
        "due_at": due_at, "follow_up_at": follow_up_at,
        "check_in_minutes": check_in_minutes, "metadata": metadata,
    }  # fmt: skip
    given = {name: value for name, value in given.items() if value is not None}
    given |= {name: times.moment(actor, name, given[name]) for name in TIMES if name in given}
    _check_editor(actor, found, {*given, *clear})
    changes = _changes(actor, found, given) | _cleared(clear, found)
    texts.check_times(
        changes.get("start_after", found.start_after), changes.get("due_at", found.due_at)
    )
    also = _beside(found, given)
    changes = {name: value for name, value in changes.items() if getattr(found, name) != value}
    if changes or also:
        _write(actor, found, changes, also)
    return task_out(actor, found)


def _write(actor: Member, task: Task, changes: dict[str, Any], also: dict[str, list[Any]]) -> None:
    store(actor, task, events.EDITED, changes, also=also)
    if "home" in changes:
        _move_along(actor, task)
    hear_of(task, changes.get("reviewer"))


def _check_version(actor: Member, task: Task, version: int | None) -> None:
    if version is None or version == task.version:
        return
    raise Conflict(
        f"{task.name} was changed since version {version}; it is at {task.version} now. Nothing was"
        " written.",
        next=f"Look at the present one below, and send your change with version={task.version}.",
        version=task.version,
        present={
            "title": task.title,
            "description": task.description,
            "status": task.status,
            "priority": task.urgency,
            "updated_at": task.updated_at.isoformat(),
        },
    )


def _check_editor(actor: Member, task: Task, names: set[str]) -> None:
    roles = roles_of(actor, task)
    if not roles & EDITORS:
        raise Forbidden(
            f"Only those who created {task.name}, do it or review it, their managers, and admins"
            " can change it.",
            next=f"Say it in its discussion: send(to='#t-{task.pk}', ...).",
        )
    guarded = sorted(names & set(GUARDED))
    doing = actor.pk in {task.holder_id, task.submitted_by_id}
    if guarded and (doing or not roles & {*STEWARDS, Role.REVIEWER}):
        raise Forbidden(
            f"Who does the work of {task.name} cannot change its {', '.join(guarded)}.",
            next=f"Ask @{(task.reviewer or task.creator).handle}, or release it first.",
        )


def _changes(actor: Member, task: Task, given: dict[str, Any]) -> dict[str, Any]:
    """The fields of the row as they will be."""
    changes = {name: CLEANED[name](given[name]) for name in CLEANED.keys() & given.keys()}
    if "points" in given:
        changes["points"] = _points(task, given["points"])
    if "reviewer" in given:
        changes["reviewer"] = _reviewer(actor, task, given["reviewer"])
        changes["needs_review"] = True
    if "needs_review" in given:
        changes["needs_review"] = _needs_review(task, wanted=given["needs_review"])
    if "home" in given:
        changes["home"] = _home(actor, task, given["home"])
    return changes


def _points(task: Task, wanted: list[str]) -> list[dict[str, Any]]:
    """Points that were there already stay as met as they were."""
    met = {point["text"]: point["done"] for point in task.points}
    return [{"text": text, "done": met.get(text, False)} for text in texts.lines("points", wanted)]


def _reviewer(actor: Member, task: Task, handle: str) -> Member:
    member = actor if handle == "me" else access_member(actor=actor, handle=handle)
    check_able(member, task.home, "reviewer")
    if member.pk in {task.assignee_id, task.submitted_by_id}:
        raise Conflict(
            f"@{member.handle} does {task.name} and cannot review it.", next="Name somebody else."
        )
    return member


def _needs_review(task: Task, *, wanted: bool) -> bool:
    if not wanted and task.status == "in_review":
        raise Conflict(
            f"{task.name} is in review.", next="Approve it, or request changes to it first."
        )
    return wanted


def _home(actor: Member, task: Task, named: str) -> Channel | None:
    home = None if named.strip().lower() in {"company", ""} else home_named(actor, named)
    if home == task.home:
        return home
    if task.parent_id or task.origin_id:
        other = f"T-{task.parent_id}" if task.parent_id else f"message {task.origin_id}"
        raise Conflict(
            f"{task.name} has the home of {other}, and keeps it.",
            next="Change the home of the parent, or create a task of its own.",
        )
    for member, role in ((task.assignee, "assignee"), (task.reviewer, "reviewer"),
                         (task.blocked_on, "one who has to act")):  # fmt: skip
        if member is not None:
            check_able(member, home, role)
    return home


def _cleared(names: list[str], task: Task) -> dict[str, Any]:
    wrong = sorted(set(names) - {*CLEARABLE})
    if wrong or ("reviewer" in names and task.status == "in_review"):
        raise Conflict(
            f"{wrong[0] if wrong else 'The reviewer of a task in review'} cannot be cleared.",
            next=f"clear takes {', '.join(CLEARABLE)}; the reviewer not while a task is in review.",
        )
    return dict.fromkeys(names)


def _beside(task: Task, given: dict[str, Any]) -> dict[str, list[Any]]:
    """Replace labels and what the task touches; what changed of them."""
    also: dict[str, list[Any]] = {}
    if "labels" in given:
        wanted = texts.labels(given["labels"])
        before = sorted(Label.objects.filter(task=task).values_list("name", flat=True))
        Label.objects.filter(task=task).exclude(name__in=wanted).delete()
        fresh = [Label(task=task, name=name) for name in wanted if name not in before]
        Label.objects.bulk_create(fresh)
        also["labels"] = [before, sorted(wanted)]
    if "touches" in given:
        paths = texts.lines("touches", given["touches"])
        known = sorted(Touched.objects.filter(task=task).values_list("path", flat=True))
        Touched.objects.filter(task=task).exclude(path__in=paths).delete()
        Touched.objects.bulk_create(
            Touched(task=task, path=path) for path in paths if path not in known
        )
        also["touches"] = [known, sorted(paths)]
    return {name: pair for name, pair in also.items() if pair[0] != pair[1]}


def _move_along(actor: Member, task: Task) -> None:
    """The discussion and all subtasks live where the task does."""
    if task.discussion is not None:
        move_discussion(task.discussion, task.home)
    for part in Task.objects.filter(parent=task).select_related("home", "discussion"):
        store(actor, part, events.EDITED, {"home": task.home})
        _move_along(actor, part)
