"""No sequence of calls that are accepted reaches a forbidden state of the chart."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from messaging.services import schedule_message, send_message
from orgchart.chart import line_above
from orgchart.holdings import holding_kinds
from orgchart.models import Credential, Department, Member
from orgchart.services import (
    create_department,
    pause_member,
    register_agent,
    remove_department,
    retire_member,
    set_manager,
    unpause_member,
    update_department,
    update_member,
)
from teammcp.core.errors import AppError

NUMBERS = st.integers(0, 10**6)


class Chart(RuleBasedStateMachine):
    """A company in which anybody tries anything; only refusals of the product's own are allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.around = transaction.atomic()
        self.around.__enter__()
        owner = Member.objects.get(authority="owner")
        for handle in ("ann", "bob", "cid"):
            register_agent(actor=owner, name=handle, handle=handle)
        update_member(actor=owner, member="bob", authority="admin")
        self.made = 0

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self.around.__exit__(None, None, None)

    def somebody(self, number: int) -> Member:
        """Anybody at all, the retired too."""
        rows = list(Member.objects.exclude(kind="system").order_by("pk"))
        return rows[number % len(rows)]

    def tried(self, call: Callable[[], Any]) -> None:
        with contextlib.suppress(AppError), transaction.atomic():
            call()

    @precondition(lambda self: self.made < 6)
    @rule(manager=NUMBERS)
    def hire(self, manager: int) -> None:
        owner, self.made = Member.objects.filter(authority="owner")[0], self.made + 1
        above = self.somebody(manager).handle
        name = f"new-{chr(ord('a') + self.made) * 3}"
        self.tried(lambda: register_agent(actor=owner, name=name, handle=name, manager=above))

    @rule(actor=NUMBERS, member=NUMBERS, manager=NUMBERS, top=st.booleans())
    def move(self, actor: int, member: int, manager: int, top: bool) -> None:  # noqa: FBT001
        who, whom = self.somebody(actor), self.somebody(member).handle
        above = "" if top else self.somebody(manager).handle
        self.tried(lambda: set_manager(actor=who, member=whom, manager=above))

    @rule(actor=NUMBERS, member=NUMBERS)
    def pause(self, actor: int, member: int) -> None:
        who, whom = self.somebody(actor), self.somebody(member).handle
        self.tried(lambda: pause_member(actor=who, member=whom, reason="A test."))

    @rule(actor=NUMBERS, member=NUMBERS)
    def let_go_on(self, actor: int, member: int) -> None:
        who, whom = self.somebody(actor), self.somebody(member).handle
        self.tried(lambda: unpause_member(actor=who, member=whom))

    @rule(actor=NUMBERS, member=NUMBERS, heir=NUMBERS, named=st.booleans())
    def retire(self, actor: int, member: int, heir: int, named: bool) -> None:  # noqa: FBT001
        who, whom = self.somebody(actor), self.somebody(member).handle
        successor = self.somebody(heir).handle if named else ""
        self.tried(lambda: retire_member(actor=who, member=whom, successor=successor))

    @rule(actor=NUMBERS, member=NUMBERS, authority=st.sampled_from(Member.Authority.values))
    def promote(self, actor: int, member: int, authority: Any) -> None:
        who, whom = self.somebody(actor), self.somebody(member).handle
        self.tried(lambda: update_member(actor=who, member=whom, authority=authority))

    @rule(actor=NUMBERS, member=NUMBERS, direct=st.booleans())
    def ask(self, actor: int, member: int, direct: bool) -> None:  # noqa: FBT001
        who, whom = self.somebody(actor), self.somebody(member).handle
        to = f"@{whom}" if direct else "#general"
        body = f"Which one, @{whom}?"
        self.tried(lambda: send_message(actor=who, to=to, body=body, expects_reply=True))

    @rule(actor=NUMBERS)
    def schedule(self, actor: int) -> None:
        who = self.somebody(actor)
        self.tried(
            lambda: schedule_message(actor=who, to="#general", body="Standup?", cron="0 9 * * 1")
        )

    @rule(head=NUMBERS, parent=st.sampled_from(["", "one", "two", "three"]),
          name=st.sampled_from(["One", "Two", "Three"]))  # fmt: skip
    def arrange(self, head: int, parent: str, name: str) -> None:
        owner, leader = Member.objects.filter(authority="owner")[0], self.somebody(head).handle
        self.tried(lambda: create_department(actor=owner, name=name, parent=parent, head=leader))
        self.tried(lambda: update_department(actor=owner, department=name.lower(), parent=parent))

    @rule(name=st.sampled_from(["one", "two", "three"]))
    def remove(self, name: str) -> None:
        owner = Member.objects.filter(authority="owner")[0]
        self.tried(lambda: remove_department(actor=owner, department=name))

    # What must never be

    @invariant()
    def the_chart_is_sound(self) -> None:
        rows = {row.pk: row for row in Member.objects.exclude(kind="system")}
        _check_forest({pk: row.manager_id for pk, row in rows.items()})
        for row in rows.values():
            manager = rows.get(row.manager_id or 0)
            assert row.status == "retired" or manager is None or manager.status != "retired"
            assert (row.status == "paused") == bool(row.paused_by_id and row.paused_reason)
            assert row.successor_id is None or row.status == "retired"
            assert row.successor_id != row.pk
        owners = (row for row in rows.values() if row.authority == "owner" and row.kind == "human")
        assert any(row.status == "active" for row in owners)
        below = {pk: len(line_above(pk)) for pk in list(rows)[:1]}
        assert all(level < len(rows) for level in below.values())

    @invariant()
    def departments_are_a_forest_with_heads_at_work(self) -> None:
        rows = list(Department.objects.select_related("head"))
        _check_forest({row.pk: row.parent_id for row in rows})
        assert not any(row.head and row.head.status == "retired" for row in rows)

    @invariant()
    def who_has_retired_holds_nothing_and_gets_in_nowhere(self) -> None:
        gone = set(Member.objects.filter(status="retired").values_list("pk", flat=True))
        if gone:
            assert [kind.name for kind in holding_kinds() if any(kind.count(gone).values())] == []
            assert not Credential.objects.filter(member__in=gone, revoked_at=None).exists()


def _check_forest(above: dict[int, int | None]) -> None:
    for start in above.items():
        seen, at = {start[0]}, start[1]
        while at is not None:
            assert at not in seen, f"{start[0]} stands below itself"
            seen.add(at)
            at = above[at]


@pytest.mark.timeout(240)
def test_no_sequence_of_accepted_calls_reaches_a_forbidden_state(company: None) -> None:
    run_state_machine_as_test(
        Chart,
        settings=settings(
            max_examples=15, stateful_step_count=25, deadline=None, database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
