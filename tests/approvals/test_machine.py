"""Any sequence of legal calls: nobody decides on their own request, counts twice, uses a grant
twice, or runs what was not approved. Counted from rows that the engine does not read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from approvals import selectors, services
from approvals.models import ApprovalRequest, Decision, StandingApproval, StandingUse
from approvals.rules import rules
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from approvals.services.stepping import step_requests
from messaging.models import Message
from messaging.services import send_message
from orgchart.models import Member
from teammcp.core.actions import Action
from teammcp.core.errors import AppError, Held, Unavailable
from tests.approvals.conftest import Court

PEOPLE = ("lin", "kay", "ben", "cleo", "dora", "owner")
who = st.sampled_from(PEOPLE)
WORDS = ("One.", "Two.", "Three.")
STAGES = [
    [Stage(approvers=["@ben", "@cleo", "@dora"], quorum=2)],
    [Stage(approvers=["manager"]), Stage(approvers=["@cleo", "@dora", "@owner"], vetoes=False)],
    [Stage(approvers=["@kay", "@ben"], quorum=1)],
]


class Approvals(RuleBasedStateMachine):
    """A few people, one policy whose stages change, and calls of three texts."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self._block = transaction.atomic()
        self._block.__enter__()
        rules.forget()
        self.passed: Counter[str] = Counter()

    def teardown(self) -> None:
        transaction.set_rollback(True)
        self._block.__exit__(None, None, None)
        rules.forget()

    @initialize(stages=st.sampled_from(STAGES))
    def make_the_rule(self, stages: list[Stage]) -> None:
        Member.objects.filter(handle="kay").update(manager=Member.objects.get(handle="ben"))
        services.create_policy(
            actor=Member.objects.get(handle="owner"), name="Words", pattern="send_message",
            requesters=["@lin", "@kay"], stages=stages, expires_minutes=600,
        )  # fmt: skip

    def act(self, call: Action[Any, Any], by: str, **arguments: Any) -> None:
        """What is refused is refused by a rule, and not by the database."""
        with suppress(AppError), transaction.atomic():
            try:
                call.call(Member.objects.get(handle=by), arguments)
            except Unavailable as error:
                raise AssertionError("a rule let pass what the database refused") from error

    @rule(target=requests, by=st.sampled_from(["lin", "kay"]), word=st.sampled_from(WORDS),
          key=st.sampled_from(["", "k-1", "k-2"]))  # fmt: skip
    def ask(self, by: str, word: str, key: str) -> Any:
        given = {"client_key": f"{by}-{word}-{key}"} if key else {}
        before = Message.objects.filter(body=word).count()
        try:
            send_message.call(
                Member.objects.get(handle=by), {"to": "#general", "body": word, **given}
            )
        except Held as held:
            return str(held.state["request"])
        except AppError:
            return multiple()
        if Message.objects.filter(body=word).count() > before:
            self.passed[word] += 1
        return multiple()

    @rule(by=who, request=requests, verdict=st.sampled_from(["approve"] * 4 + ["decline"]))
    def decide(self, by: str, request: str, verdict: str) -> None:
        self.act(services.decide, by, request=request, verdict=verdict)

    @rule(by=who, request=requests)
    def ask_for_changes(self, by: str, request: str) -> None:
        self.act(services.decide, by, request=request, verdict="request_changes", comment="No.")

    @rule(by=who, request=requests, word=st.sampled_from(WORDS))
    def revise(self, by: str, request: str, word: str) -> None:
        arguments = {"to": "#general", "body": word}
        self.act(services.revise_request, by, request=request, arguments=arguments)

    @rule(by=who, request=requests)
    def withdraw(self, by: str, request: str) -> None:
        self.act(services.withdraw_request, by, request=request)

    @rule(by=who, for_=who)
    def stand_in(self, by: str, for_: str) -> None:
        until = (timezone.now() + timedelta(days=9)).isoformat()
        self.act(services.set_stand_in, for_, member=by, ends_at=until)

    @rule(target=requests, by=who, for_=st.sampled_from(["lin", "kay"]), count=st.integers(1, 2))
    def consent_beforehand(self, by: str, for_: str, count: int) -> Any:
        until = (timezone.now() + timedelta(days=9)).isoformat()
        given = {"policy": "Words", "requester": for_, "count": count, "until": until}
        try:
            services.grant_standing.call(Member.objects.get(handle=by), given)
        except Held as held:
            return str(held.state["request"])
        except AppError:
            pass
        return multiple()

    @rule(request=requests)
    def break_the_glass(self, request: str) -> None:
        self.act(services.break_glass, "owner", request=request, reason="It burns.")

    @rule()
    def run(self) -> None:
        run_approved(timezone.now())

    @rule(hours=st.sampled_from([5, 11]))
    def time_passes(self, hours: int) -> None:
        step_requests(timezone.now() + timedelta(hours=hours))

    @rule(member=who, above=who)
    def move_in_the_chart(self, member: str, above: str) -> None:
        row, to = (Member.objects.get(handle=one) for one in (member, above))
        chain, at = {to.pk}, to.manager
        while at is not None and at.pk not in chain:
            chain.add(at.pk)
            at = at.manager
        if row.pk not in chain:
            Member.objects.filter(pk=row.pk).update(manager=to)

    # What must never be

    @invariant()
    def nothing_ran_that_nobody_approved(self) -> None:
        ran: Counter[str] = Counter()
        for request in ApprovalRequest.objects.filter(status="executed", action="send_message"):
            if request.result is not None:
                ran[request.arguments["body"]] += 1
        sent = Counter(
            Message.objects.exclude(author__kind="system").values_list("body", flat=True)
        )
        for word in WORDS:
            most = ran[word] + self.passed[word]
            assert sent[word] <= most, f"{word} was sent {sent[word]} times, and {most} agreed to"

    @invariant()
    def whatever_ran_had_its_people(self) -> None:
        for request in ApprovalRequest.objects.filter(status__in=["approved", "executed"]):
            if hasattr(request, "broken_glass") or not request.stages:
                continue
            for number, stage in enumerate(request.stages):
                yes = Decision.objects.filter(
                    request=request, round=request.round, stage=number, verdict="approve"
                )
                assert len({one.member_id for one in yes}) >= stage["quorum"]
                assert len({one.seat_id for one in yes}) >= stage["quorum"]

    @invariant()
    def nobody_decided_on_their_own(self) -> None:
        for decision in Decision.objects.select_related("request", "member", "seat"):
            asked = {decision.request.requester_id, decision.request.on_behalf_of_id}
            assert decision.member_id not in asked
            assert decision.seat_id not in asked
            assert decision.member.registered_by_id != decision.request.requester_id

    @invariant()
    def everybody_counted_once(self) -> None:
        seen = Counter(Decision.objects.values_list("request_id", "round", "member_id"))
        assert set(seen.values()) <= {1}

    @invariant()
    def consent_was_used_no_more_often_than_given(self) -> None:
        for row in StandingApproval.objects.all():
            assert row.uses == StandingUse.objects.filter(standing=row).count()
            assert row.uses + row.uses_left <= 2

    @invariant()
    def the_lists_can_be_read(self) -> None:
        selectors.list_approvals(actor=Member.objects.get(handle="ben"), status="")


@contextmanager
def a_savepoint() -> Iterator[None]:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.mark.timeout(300)
@pytest.mark.no_cover
def test_no_sequence_of_calls_gets_round_the_rules(court: Court) -> None:
    assert connection.vendor in {"sqlite", "postgresql"}
    with a_savepoint():
        run_state_machine_as_test(
            Approvals,
            settings=settings(
                max_examples=10, stateful_step_count=25, deadline=None, derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )  # fmt: skip
