"""Who hears of a task, and in which words: inbox items of the server, with a delivery each."""

from __future__ import annotations

from collections.abc import Iterable

from messaging.services.notes import tell
from messaging.services.sending import send_beside
from orgchart.models import Member
from tasks import events
from tasks.access import sees
from tasks.models import Follower, Task
from tasks.relations import has_open_prerequisites, open_subtasks
from tasks.services.recording import write_down
from tasks.transitions import OPEN

SHOWN = 120  # characters of a title


def called(task: Task) -> str:
    """A task as a sentence names it. Only for those who see it."""
    title = task.title if len(task.title) <= SHOWN else f"{task.title[:SHOWN]}…"
    return f"{task.name} “{title}”"


class Notices:
    """What a change says, and to whom: one inbox item for each, however much concerns them."""

    def __init__(self) -> None:
        self._said: dict[Member, list[str]] = {}

    def add(
        self,
        task: Task,
        members: Iterable[Member | None],
        said: str,
        *,
        without: Member | None = None,
    ) -> None:
        """A sentence about a task, for those of them who may see it."""
        for member in dict.fromkeys(members):
            if member is None or member == without:
                continue
            present = member.status != Member.Status.RETIRED and member.kind != Member.Kind.SYSTEM
            if present and sees(member, task):
                self._said.setdefault(member, []).append(said)

    def send(self) -> None:
        for member, said in self._said.items():
            tell(member, "\n\n".join(said))

    def send_beside(self, actor: Member, task: Task, note: str, *, quoted: bool = False) -> None:
        """Send them, and say the note in the discussion of the task, which opens with it. Who gets
        a notice has the note in it, unless it is `quoted` there, and hears of it nowhere else."""
        note = note.strip()
        told = [member for member in self._said if note and sees(member, task)]
        for member in told if not quoted else ():
            self._said[member].append(f"@{actor.handle} says: {note}")
        self.send()
        if note:
            send_beside(
                actor=actor, to=f"#t-{task.pk}", body=note, told=[member.pk for member in told]
            )


def tell_about(
    task: Task, members: Iterable[Member | None], said: str, *, without: Member | None = None
) -> None:
    """Put a sentence about a task into the inboxes of those who may see it, once each."""
    notices = Notices()
    notices.add(task, members, said, without=without)
    notices.send()


def audience_of_end(task: Task) -> list[Member | None]:
    """Who wants to know that a task has come to its end."""
    followers = Follower.objects.filter(task=task).select_related("member")
    return [task.creator, task.assignee, *(follower.member for follower in followers)]


def add_waiting(notices: Notices, actor: Member, task: Task) -> None:
    """A task was closed: wake whoever waited for it alone, and whose last open part it was."""
    _add_parent(notices, task)
    rows = Task.objects.filter(needs__prerequisite=task, status__in=sorted(OPEN))
    for waiting in rows.select_related("assignee", "creator", "home").order_by("pk"):
        if has_open_prerequisites(waiting):
            continue
        write_down(actor, waiting, events.READY, after=task.name)
        whom = [waiting.assignee or waiting.creator]
        begin = f"claim_task(task='{waiting.name}') begins it."
        notices.add(waiting, whom, f"{called(waiting)} waits for nothing any more. {begin}")


def _add_parent(notices: Notices, task: Task) -> None:
    if task.parent_id is None or open_subtasks(Task(pk=task.parent_id)):
        return
    rows = Task.objects.filter(pk=task.parent_id, status__in=sorted(OPEN))
    for parent in rows.select_related("assignee", "creator", "home"):
        said = f"All subtasks of {called(parent)} are closed; {task.name} was the last one."
        notices.add(parent, [parent.assignee or parent.creator], said)
