"""Live work that looks like other work: the same words, files or links."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from django.db.models import QuerySet

from messaging.search.words import is_unspaced, words_of
from orgchart.models import Member
from tasks import search
from tasks.access import visible_tasks
from tasks.models import Task, Touched
from tasks.schemas import SimilarOut, TaskOut
from tasks.transitions import OPEN

SHOWN = 3
WORDS = 24  # of a task that are looked for
SHARED = 0.6  # of the words of the shorter title: then two titles say the same
LEAST = 2  # words, unless the titles have but one
# Words that say nothing about what a task is about.
_EMPTY = (
    "a an and are as at be by can do does for from get go has have how if in into is it its make"
    " need needs new not of on or our set so that the their them then there this to up us use we"
    " what when where which who will with you your task add fix update please should"
)
EMPTY = frozenset(_EMPTY.split())
_LINK = re.compile(r"https?://[^\s<>()\[\]\"'`]+")


class _Row(NamedTuple):
    """What is compared and shown: of whole rows, most of the time goes into what they hold."""

    pk: int
    title: str
    holder: str | None


def links_in(text: str) -> list[str]:
    """The links of a text, each once."""
    return list(dict.fromkeys(link.rstrip(".,;:!?") for link in _LINK.findall(text)))


def similar_to(actor: Member, task: Task, *, paths: Iterable[str]) -> list[SimilarOut]:
    """Up to three open tasks that look like this one, among those that the actor sees; never this
    one, its parent, its subtasks, or what it needs."""
    rows = visible_tasks(actor).filter(status__in=sorted(OPEN)).exclude(pk=task.pk)
    rows = rows.exclude(parent=task).exclude(needs__prerequisite=task)
    rows = rows.exclude(needed_by__task=task)
    if task.parent_id:
        rows = rows.exclude(pk=task.parent_id)
    found = {row.pk: (row, why) for row, why in _by_path(rows, paths)}
    if len(found) < SHOWN:
        for row, why in _by_words(rows, task):
            found.setdefault(row.pk, (row, why))
    return [
        SimilarOut(task=f"T-{row.pk}", title=row.title, holder=row.holder, why=why)
        for row, why in list(found.values())[:SHOWN]
    ]


def similar_to_shown(actor: Member, task: TaskOut) -> list[SimilarOut]:
    """The same for a task as it was shown to the actor."""
    return similar_to(actor, Task.objects.get(pk=int(task.id[2:])), paths=task.touches)


def _by_path(rows: QuerySet[Task], paths: Iterable[str]) -> Iterator[tuple[_Row, str]]:
    wanted = list(paths)
    if not wanted:
        return
    hits = Touched.objects.filter(path__in=wanted, task__in=rows).order_by("task_id")
    lean = hits.values_list("task_id", "task__title", "task__assignee__handle", "path")
    for pk, title, holder, path in lean[:SHOWN]:
        yield _Row(pk, title, holder), f"both touch {path}"


def _by_words(rows: QuerySet[Task], task: Task) -> Iterator[tuple[_Row, str]]:
    own = telling(task.title)
    wanted = list(own)[:WORDS]
    scored = []
    lean = search.alike(rows, wanted).values_list("pk", "title", "assignee__handle")
    for row in (_Row(*fields) for fields in lean):
        other = telling(row.title)
        common = [word for word in own if word in other]
        least = min(len(own), len(other))
        enough = len(common) >= LEAST or len(common) == len(own) == len(other)
        if common and enough and len(common) / least >= SHARED:
            scored.append((len(common) / max(len(own), len(other)), row, common))
    for _, row, common in sorted(scored, key=lambda item: (-item[0], item[1].pk)):
        yield row, f"both titles say {', '.join(common[:6])}"


def telling(text: str) -> dict[str, None]:
    """The words of a text that say what it is about, in order."""
    words = (word for word in words_of(text) if word not in EMPTY)
    return dict.fromkeys(word for word in words if len(word) > 1 or is_unspaced(word))
