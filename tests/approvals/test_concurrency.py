"""Several at once, in threads with connections of their own: one outcome, and one run."""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection, connections
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest, Decision
from approvals.services.executing import run_approved
from orgchart.models import Member
from teammcp.core.errors import AppError, Held
from tests.approvals.conftest import Court, Rule, ask, row, sent


def at_once(*calls: Callable[[], object]) -> list[str]:
    """Run these in a thread each, from the same moment on; how each ended."""
    gate, ends = threading.Barrier(len(calls)), [""] * len(calls)

    def run(place: int, call: Callable[[], object]) -> None:
        try:
            gate.wait(30)
            call()
            ends[place] = "done"
        except AppError as error:
            ends[place] = error.code
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(calls)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return ends


def test_two_who_decide_at_once_have_one_outcome(
    transactional_db: None, court: Court, rule: Rule
) -> None:
    rule("@ben", "@cleo")
    for number in range(4):
        request = ask(court.lin, f"Number {number}.")
        ends = at_once(
            lambda r=request: services.decide(actor=court.ben, request=r, verdict="approve"),  # type: ignore[misc]
            lambda r=request: services.decide(actor=court.cleo, request=r, verdict="decline"),  # type: ignore[misc]
        )
        run_approved(timezone.now())
        assert sorted(ends) == ["conflict", "done"]
        assert Decision.objects.filter(request=row(request)).count() == 1
        (decision,) = Decision.objects.filter(request=row(request))
        yes = decision.verdict == "approve"
        assert row(request).status == ("executed" if yes else "declined")
        assert sent(f"Number {number}.") == int(yes)


def test_one_who_clicks_twice_counts_once(transactional_db: None, court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", "@dora", quorum=2)
    request = ask(court.lin)
    decide = lambda: services.decide(actor=court.ben, request=request, verdict="approve")  # noqa: E731
    ends = at_once(decide, decide, decide)
    assert sorted(ends) == ["conflict", "conflict", "done"]
    assert row(request).status == "open"


def test_many_who_look_for_work_run_it_once(
    transactional_db: None, court: Court, rule: Rule
) -> None:
    rule("@ben")
    requests = [ask(court.lin, f"Number {number}.") for number in range(5)]
    ApprovalRequest.objects.update(status="approved", run_at=timezone.now(), due_at=None)
    look = lambda: run_approved(timezone.now())  # noqa: E731
    assert at_once(look, look, look, look) == ["done"] * 4
    assert [row(request).status for request in requests] == ["executed"] * 5
    assert [sent(f"Number {number}.") for number in range(5)] == [1] * 5


def test_withdrawing_and_running_at_once_is_one_of_the_two(
    transactional_db: None, court: Court, rule: Rule
) -> None:
    rule("@ben")
    for number in range(4):
        request = ask(court.lin, f"Number {number}.")
        ApprovalRequest.objects.filter(pk=row(request).pk).update(
            status="approved", run_at=timezone.now(), due_at=None
        )
        at_once(
            lambda: run_approved(timezone.now()),
            lambda r=request: services.withdraw_request(actor=court.lin, request=r),  # type: ignore[misc]
        )
        status = row(request).status
        assert status in {"executed", "withdrawn"}
        assert sent(f"Number {number}.") == int(status == "executed")


def test_the_same_call_made_twice_at_once_is_one_request(
    transactional_db: None, court: Court, rule: Rule
) -> None:
    from messaging.services import send_message

    rule("@ben")
    call = {"to": "#general", "body": "Hello.", "client_key": "k-1"}
    ends = at_once(*[
        (lambda: send_message.call(Member.objects.get(handle="lin"), call)) for _ in range(3)
    ])  # fmt: skip
    assert ends == [Held.code] * 3
    assert ApprovalRequest.objects.count() == 1
    assert connection.vendor in {"sqlite", "postgresql"}
