"""No sequence of calls leads where a task must never be: random members call random actions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from audit.comparing import Comparisons
from audit.entries import Entry
from audit.models import Event
from orgchart.models import Member
from tasks import services
from tasks.loops import waits_for
from tasks.models import Dependency, Task
from tasks.services.handing_over import hand_over
from tasks.services.reaping import reap
from tasks.transitions import CLOSED, OPEN, Status
from teammcp.core.errors import AppError, Unavailable

MOST = 6  # tasks of one run
PEOPLE = ("lin", "kay", "sam", "ada")
who = st.sampled_from(PEOPLE)
MOVES = st.sampled_from(
    ["progress", "release", "block", "unblock", "review", "approve", "changes", "done", "cancel",
     "reopen"]
)  # fmt: skip


class Company(RuleBasedStateMachine):
    """Whoever may call whatever with whatever; what is refused must change nothing."""

    names = Bundle("names")
    reached: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self._block = transaction.atomic()
        self._block.__enter__()
        self.tokens: dict[int, int] = {}
        self.made = 0

    def teardown(self) -> None:
        self.check_ledger()
        transaction.set_rollback(True)
        self._block.__exit__(None, None, None)

    def act(self, call: Callable[..., Any], handle: str, **arguments: Any) -> Any:
        actor = Member.objects.get(handle=handle)
        before = Event.objects.count()
        try:
            with transaction.atomic():
                answer = call(actor=actor, **arguments)
        except AppError as error:
            self.check_refusal(error, before)
            return None
        self.made += call is services.create_task
        self.reached[str(arguments.get("to", ""))] += 1
        return answer

    def check_refusal(self, error: AppError, events: int) -> None:
        assert not isinstance(error, Unavailable), "the database refused what a rule let pass"
        assert Event.objects.count() == events

    @precondition(lambda self: self.made < MOST)
    @rule(target=names, by=who, assignee=st.sampled_from(["", *PEOPLE]), reviewed=st.booleans())
    def create(self, by: str, assignee: str, reviewed: bool) -> Any:  # noqa: FBT001
        reviewer = "ada" if reviewed and assignee != "ada" else ""
        made = self.act(
            services.create_task, by, title="Work", assignee=assignee, reviewer=reviewer,
            points=["It works"] if reviewed else [],
        )  # fmt: skip
        return str(made.task.id) if made else multiple()

    @initialize(target=names)
    def begin(self) -> Any:
        one = self.act(services.create_task, "lin", title="Work").task.id
        two = self.act(
            services.create_task, "lin", title="Work", reviewer="ada", points=["Met"]
        ).task.id
        part = self.act(services.create_task, "kay", title="Work", needs=[one], parent=two)
        return multiple(one, two, part.task.id)

    @precondition(lambda self: self.made < MOST)
    @rule(target=names, by=who, name=names, other=names)
    def create_part(self, by: str, name: str, other: str) -> Any:
        made = self.act(services.create_task, by, title="Part", parent=name, needs=[other])
        return str(made.task.id) if made else multiple()

    @rule(by=who, name=names)
    def claim(self, by: str, name: str) -> None:
        self.act(services.claim_task, by, task=name)

    @rule(by=who)
    def claim_next(self, by: str) -> None:
        self.act(services.claim_task, by)

    @rule(by=who, name=names, to=MOVES, on=who, number=st.sampled_from([[], [1]]))
    def move(self, by: str, name: str, to: str, on: str, number: list[int]) -> None:
        given: dict[str, Any] = {"on": on, "note": "Act."} if to == "block" else {}
        given |= {"note": "Not yet."} if to == "changes" else {}
        given |= {"points": number} if to in {"progress", "review", "done", "changes"} else {}
        self.act(services.update_task, by, task=name, to=to, **given)

    @rule(name=names, by=who, well=st.booleans())
    def go_on_again(self, name: str, by: str, well: bool) -> None:  # noqa: FBT001
        self.go_on_with(name, by, well=well)

    @rule(name=names, by=who, well=st.booleans())
    def go_on(self, name: str, by: str, well: bool) -> None:  # noqa: FBT001
        for step in (well, not well, well):
            self.go_on_with(name, by, well=step)

    def go_on_with(self, name: str, by: str, *, well: bool) -> None:
        """The next step, by whom it is for: chance alone seldom comes far."""
        task = Task.objects.select_related("assignee", "holder", "reviewer", "blocked_on").get(
            pk=int(name[2:])
        )
        met = [1] if task.points else []
        if task.status == Status.TODO:
            self.act(services.claim_task, task.assignee.handle if task.assignee else by, task=name)
        elif task.status == Status.IN_PROGRESS and task.holder:
            to = "review" if task.needs_review else "done"
            self.act(services.update_task, task.holder.handle, task=name, to=to, points=met)
        elif task.status == Status.IN_REVIEW and task.reviewer:
            given = {"to": "approve"} if well else {"to": "changes", "note": "No."}
            self.act(services.update_task, task.reviewer.handle, task=name, **given)
        elif task.status == Status.BLOCKED and task.blocked_on:
            self.act(services.update_task, task.blocked_on.handle, task=name, to="unblock")
        elif not well:
            self.act(services.update_task, "ada", task=name, to="reopen")

    @rule(name=names, on=who)
    def block(self, name: str, on: str) -> None:
        task = Task.objects.select_related("assignee", "creator").get(pk=int(name[2:]))
        by = (task.assignee or task.creator).handle
        self.act(services.update_task, by, task=name, to="block", on=on, note="Act.")

    @rule(by=who, name=names, token=st.integers(0, 4))
    def write_late(self, by: str, name: str, token: int) -> None:
        self.act(services.report_progress, by, task=name, progress=50, token=token)

    @rule(by=who, name=names, to=st.sampled_from([*PEOPLE, "none"]))
    def assign(self, by: str, name: str, to: str) -> None:
        self.act(services.assign_task, by, task=name, to=to)

    @rule(by=who, name=names, other=names)
    def depend(self, by: str, name: str, other: str) -> None:
        self.act(services.add_dependency, by, task=name, needs=other)

    @rule(by=who, name=names, other=names)
    def depend_no_more(self, by: str, name: str, other: str) -> None:
        self.act(services.remove_dependency, by, task=name, needs=other)

    @rule(by=who, name=names, other=st.one_of(names, st.just("")))
    def put_under(self, by: str, name: str, other: str) -> None:
        self.act(services.set_parent, by, task=name, parent=other)

    @rule(by=who, name=names, reviewer=who, needs=st.booleans())
    def change_the_judges(self, by: str, name: str, reviewer: str, needs: bool) -> None:  # noqa: FBT001
        self.act(services.edit_task, by, task=name, reviewer=reviewer)
        self.act(services.edit_task, by, task=name, needs_review=needs)

    @rule(freed=st.booleans())
    def time_passes(self, freed: bool) -> None:  # noqa: FBT001
        now = timezone.now()
        Task.objects.exclude(expires_at=None).update(expires_at=now - timedelta(seconds=1))
        if freed:
            reap(now)

    @rule(member=who, to=st.sampled_from([*PEOPLE, None]))
    def leave(self, member: str, to: str | None) -> None:
        people = {row.handle: row for row in Member.objects.filter(handle__in=PEOPLE)}
        receiver = people[to] if to else None
        if member != to:
            hand_over(actor=people["ada"], member=people[member], to=receiver)

    # What must never be

    @invariant()
    def nothing_forbidden(self) -> None:
        now = timezone.now()
        for task in Task.objects.all():
            held = task.holder_id is not None
            assert held == (task.expires_at is not None), "a lease without an end"
            assert held == (task.status == Status.IN_PROGRESS)
            assert not held or task.assignee_id == task.holder_id, "two holders"
            assert task.expires_at is None or task.expires_at - now < timedelta(days=8)
            assert task.token >= self.tokens.get(task.pk, 0), "the token went back"
            self.tokens[task.pk] = task.token
            assert (task.status == Status.BLOCKED) == (task.blocked_on_id is not None)
            assert task.blocked_on_id is None or task.blocked_on_id != task.assignee_id
            assert task.is_open == (task.closed_at is None)

    @invariant()
    def nothing_done_too_early(self) -> None:
        done = [Status.DONE, Status.IN_REVIEW]
        early = Dependency.objects.filter(task__status__in=done)
        assert not early.filter(prerequisite__status__in=sorted(OPEN)).exists()
        parents = Task.objects.filter(status__in=sorted(CLOSED))
        assert not Task.objects.filter(parent__in=parents, status__in=sorted(OPEN)).exists()
        for task in Task.objects.filter(status=Status.DONE):
            assert not task.open_points

    @invariant()
    def nobody_judged_their_own_work(self) -> None:
        for event in Event.objects.filter(kind="task.approved"):
            submitted = Event.objects.filter(kind="task.submitted", seq__lt=event.seq)
            last = submitted.filter(target=event.target).latest("seq")
            assert last.actor_id != event.actor_id
        reviewed = Task.objects.filter(status=Status.DONE, needs_review=True)
        for task in reviewed:
            kinds = Event.objects.filter(target=f"task:{task.pk}").filter(
                Q(kind="task.approved") | Q(kind="task.completed")
            )
            last_end = kinds.latest("seq")
            assert last_end.kind == "task.approved" or _asked_later(task, last_end.seq)

    @invariant()
    def no_circle(self) -> None:
        for row in Dependency.objects.all():
            assert not waits_for(row.prerequisite_id, row.task_id)
        for task in Task.objects.exclude(parent=None):
            assert task.parent_id is not None
            assert not waits_for(task.pk, task.parent_id)

    def check_ledger(self) -> None:
        comparisons = Comparisons()
        rows = Event.objects.select_related("actor", "on_behalf_of").order_by("seq")
        comparisons.look([Entry.of(row) for row in rows])
        comparisons.end()


def _asked_later(task: Task, seq: int) -> bool:
    """Whether a review was asked for only after the task was done."""
    later = Event.objects.filter(target=f"task:{task.pk}", seq__gt=seq, kind="task.edited")
    return any("needs_review" in event.data["changed"] for event in later)


@pytest.mark.timeout(400)
def test_no_sequence_of_calls_reaches_a_forbidden_state(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    Member.objects.filter(pk=kay.pk).update(manager=sam)
    run_state_machine_as_test(
        Company,
        settings=settings(
            max_examples=20,
            stateful_step_count=50,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
    for to in ("done", "review", "approve", "block"):
        assert Company.reached[to], f"no run came as far as {to}: {Company.reached}"
