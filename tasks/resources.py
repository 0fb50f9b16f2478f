"""What of tasks can be read by address."""

from __future__ import annotations

from messaging.access import board_topic, visible_places
from orgchart.models import Member
from tasks import selectors
from tasks.access import access_task
from tasks.schemas import TaskPage
from teammcp.core.resources import Changes, Resource, Suggestions


def _any_task(actor: Member) -> Changes:
    homes = visible_places(actor).values_list("pk", flat=True)
    topics = frozenset([board_topic(None), *map(board_topic, homes)])
    return Changes(topics, lambda event: event.kind.startswith("task."))


def _task_changes(actor: Member, id: str) -> Changes:  # noqa: A002
    task = selectors.show_task.validate({"task": id})["task"]
    return Changes(frozenset([f"task-{access_task(actor=actor, task=task).pk}"]))


def _my_promises(actor: Member) -> Changes:
    mine = frozenset([f"member-{actor.pk}"])
    return Changes(mine, lambda event: event.kind.startswith("promise."))


def _names(page: TaskPage) -> list[str]:
    return [task.id for task in page.items]


RESOURCES = [
    Resource(
        selectors.list_tasks,
        "tasks",
        title="Tasks",
        description="Open tasks, the most urgent first.",
        changes=_any_task,
        pages=("which", "after"),
    ),
    Resource(
        selectors.show_work,
        "work",
        title="Your work",
        description="What you hold and owe: tasks, reviews, blocks that wait for you.",
        changes=_any_task,
    ),
    Resource(
        selectors.list_promises,
        "promises",
        title="Your promises",
        description="What you promised and owe still, the newest first.",
        changes=_my_promises,
        pages=("which", "state", "after"),
    ),
    Resource(
        selectors.show_task,
        "task",
        title="A task",
        description="One task with all that is known of it, such as T-12.",
        variable="id",
        arguments=lambda id: {"task": id},  # noqa: A006
        changes=_task_changes,
        suggestions=Suggestions(selectors.list_tasks, lambda typed: {"limit": 100}, _names),
    ),
]
