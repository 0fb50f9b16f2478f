"""What happens while nobody acts. Silence is never a yes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from approvals.services.stepping import step_requests
from orgchart.models import Member
from tasks.services import set_working_calendar
from teammcp.core.errors import Conflict
from tests.approvals.conftest import Court, Rule, ask, decide, row, sent, told


def after(**span: float) -> datetime:
    return timezone.now() + timedelta(**span)


def test_what_nobody_decides_expires_undone(court: Court, rule: Rule) -> None:
    rule("@ben", expires_minutes=60)
    request = ask(court.lin)
    services.show_request(actor=court.ben, request=request)
    step_requests(after(minutes=59))
    assert row(request).status == "open"
    step_requests(after(minutes=61))
    run_approved(after(minutes=61))
    assert (row(request).status, sent()) == ("expired", 0)
    for member in (court.lin, court.ben):
        assert "expired" in told(member)[-1]
    with pytest.raises(Conflict):
        decide(court.ben, request)


def test_a_deadline_holds_to_the_moment_whoever_comes_late(court: Court, rule: Rule) -> None:
    rule("@ben")
    late: list[Callable[[str], Any]] = [
        lambda request: decide(court.ben, request),
        lambda request: services.break_glass(
            actor=court.owner, request=request, reason="It burns."
        ),
        lambda request: services.revise_request(
            actor=court.lin, request=request, arguments=row(request).arguments
        ),
    ]
    for number, act in enumerate(late):
        request = ask(court.lin, f"Late {number}.")
        services.show_request(actor=court.ben, request=request)
        ApprovalRequest.objects.filter(pk=request[2:]).update(deadline=timezone.now())
        act(request)
        run_approved(timezone.now())
        assert (row(request).status, sent()) == ("expired", 0)
        assert "expired" in told(court.lin)[-1]


def test_what_nobody_saw_ends_as_never_seen(court: Court, rule: Rule) -> None:
    rule("@ben", expires_minutes=60)
    request = ask(court.lin)
    step_requests(after(minutes=61))
    assert row(request).status == "never_seen"
    for member in (court.lin, court.ben):
        assert "ended unseen" in told(member)[-1]


def test_each_end_is_told_once(court: Court, rule: Rule) -> None:
    rule("@ben", expires_minutes=60)
    ask(court.lin)
    before = len(told(court.lin))
    for _ in range(3):
        step_requests(after(minutes=61))
    assert len(told(court.lin)) == before + 1


def test_those_who_are_silent_are_reminded_and_told_that_nobody_has_looked(
    court: Court, rule: Rule
) -> None:
    rule("@ben", "@cleo", quorum=2, stage={"remind_minutes": 60})
    request = ask(court.lin)
    step_requests(after(minutes=61))
    assert "nobody has looked at it" in told(court.ben)[-1]
    services.show_request(actor=court.cleo, request=request)
    decide(court.cleo, request)
    count = len(told(court.cleo))
    step_requests(after(minutes=121))
    assert "is undecided" in told(court.ben)[-1]
    assert len(told(court.cleo)) == count


def test_people_are_reminded_within_their_working_hours(court: Court, rule: Rule) -> None:
    set_working_calendar(actor=court.ada, zone="UTC", hours=["MON-FRI 09:00-17:00"], holidays=[])
    rule("@ben", stage={"remind_minutes": 60}, expires_minutes=60 * 24 * 14)
    request = ask(court.lin)
    friday = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    ApprovalRequest.objects.update(stage_at=friday, due_at=friday + timedelta(minutes=60))
    before = len(told(court.ben))
    step_requests(friday + timedelta(minutes=61))
    assert len(told(court.ben)) == before
    assert row(request).due_at == datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


def test_reminders_that_nobody_was_at_work_for_are_made_up_for_by_one(
    court: Court, rule: Rule
) -> None:
    set_working_calendar(actor=court.ada, zone="UTC", hours=["MON-FRI 09:00-17:00"], holidays=[])
    rule("@ben", stage={"remind_minutes": 60}, expires_minutes=60 * 24 * 14)
    ask(court.lin)
    before = len(told(court.ben))
    friday = datetime(2026, 11, 27, 16, 30, tzinfo=UTC)
    ApprovalRequest.objects.update(
        stage_at=friday, due_at=friday + timedelta(hours=1), deadline=friday + timedelta(days=14)
    )
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    for minutes in (0, 1, 2, 29):
        step_requests(monday + timedelta(minutes=minutes))
    assert len(told(court.ben)) == before + 1
    step_requests(monday + timedelta(minutes=31))
    assert len(told(court.ben)) == before + 2


def test_it_climbs_the_chart_a_level_at_a_time(court: Court, rule: Rule) -> None:
    rule("@ben", stage={"escalate_minutes": 60})
    request = ask(court.lin)
    step_requests(after(minutes=61))
    assert "Nobody below you" in told(court.cleo)[-1]
    assert told(court.dora) == []
    step_requests(after(minutes=121))
    assert "Nobody below you" in told(court.dora)[-1]
    for minutes in (181, 241, 301):
        step_requests(after(minutes=minutes))
    assert len(told(court.cleo)) == len(told(court.dora)) == 1
    assert decide(court.dora, request) == "executed"


def test_escalation_never_reaches_who_asked(court: Court, rule: Rule) -> None:
    rule("@ben", requesters=["@cleo"], stage={"escalate_minutes": 60})
    ask(court.cleo)
    for minutes in (61, 121):
        step_requests(after(minutes=minutes))
    assert told(court.cleo) == []
    assert "Nobody below you" in told(court.dora)[-1]


def test_a_new_stage_has_its_own_time(court: Court, rule: Rule) -> None:
    stage: dict[str, Any] = {"remind_minutes": 0, "escalate_minutes": 60}
    rule(stages=[Stage(approvers=["@ben"], **stage), Stage(approvers=["@ada"], **stage)])
    request = ask(court.lin)
    step_requests(after(minutes=61))
    assert row(request).escalated == 1
    decide(court.ben, request)
    assert (row(request).stage, row(request).escalated) == (1, 0)


def test_owners_hear_of_a_stage_that_nobody_is_left_for(court: Court, rule: Rule) -> None:
    rule("@ben")
    Member.objects.filter(pk=court.ben.pk).update(status="paused")
    ask(court.lin)
    assert "break_glass" in told(court.owner)[-1]


def test_one_that_waits_for_changes_expires_too(court: Court, rule: Rule) -> None:
    rule("@ben", expires_minutes=60)
    request = ask(court.lin)
    decide(court.ben, request, "request_changes", comment="Shorter.")
    step_requests(after(minutes=61))
    assert row(request).status == "expired"
