"""Stand-ins, consent given beforehand, and the broken glass."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from pydantic import ValidationError

from approvals import selectors, services
from approvals.models import BreakGlass, Decision, StandIn, StandingApproval
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.approvals.conftest import Court, Rule, ask, decide, row, sent, told, where
from tests.approvals.test_policies import passes
from tests.conftest import held_call

DAY = timedelta(days=1)


def later(days: float = 1) -> Any:
    return timezone.now() + timedelta(days=days)


# Stand-ins


def test_a_stand_in_decides_for_who_is_away(court: Court, rule: Rule) -> None:
    rule("@ben")
    services.set_stand_in(actor=court.ben, member="dora", ends_at=later())
    request = ask(court.lin)
    assert decide(court.dora, request) == "executed"
    decision = Decision.objects.get()
    assert (decision.member, decision.seat) == (court.dora, court.ben)
    assert (
        services.show_request(actor=court.lin, request=request).decisions[0].deciding_for == "ben"
    )


def test_one_seat_has_one_voice(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    services.set_stand_in(actor=court.ben, member="dora", ends_at=later())
    request = ask(court.lin)
    assert decide(court.dora, request) == "open"
    with pytest.raises(Conflict, match="stood in for you"):
        decide(court.ben, request)
    assert decide(court.cleo, request) == "executed"


def test_who_decides_for_themselves_does_not_count_again_for_somebody_else(
    court: Court, rule: Rule
) -> None:
    rule("@ben", "@cleo", quorum=2)
    services.set_stand_in(actor=court.ben, member="cleo", ends_at=later())
    request = ask(court.lin)
    assert decide(court.cleo, request) == "open"
    with pytest.raises(Conflict, match="everybody counts once"):
        decide(court.cleo, request)


def test_there_are_no_chains(court: Court, rule: Rule) -> None:
    rule("@ben")
    services.set_stand_in(actor=court.ben, member="cleo", ends_at=later())
    services.set_stand_in(actor=court.cleo, member="dora", ends_at=later())
    with pytest.raises(NotFound):
        decide(court.dora, ask(court.lin))


def test_nobody_stands_in_on_their_own_request(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", requesters=["@dora"])
    services.set_stand_in(actor=court.ben, member="dora", ends_at=later())
    request = ask(court.dora)
    with pytest.raises(Forbidden, match="Nobody decides on what they ask for"):
        decide(court.dora, request)


def test_it_begins_and_ends_by_itself_and_is_limited_to_actions(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    services.set_stand_in(actor=court.ben, member="dora", begins_at=later(1), ends_at=later(2))
    with pytest.raises(NotFound):
        decide(court.dora, request)
    StandIn.objects.update(begins_at=later(-2), ends_at=later(-1))
    with pytest.raises(NotFound):
        decide(court.dora, request)
    services.set_stand_in(actor=court.ben, member="dora", ends_at=later(), pattern="*_task")
    with pytest.raises(NotFound):
        decide(court.dora, request)
    row_ = services.set_stand_in(actor=court.ben, member="dora", ends_at=later(), pattern="send_*")
    services.end_stand_in(actor=court.ben, stand_in_id=row_.id)
    with pytest.raises(NotFound):
        decide(court.dora, request)
    assert len(selectors.list_stand_ins(actor=court.sam, ended=True).items) == 3


def test_a_stand_in_is_asked_when_a_stage_opens(court: Court, rule: Rule) -> None:
    rule("@ben")
    services.set_stand_in(actor=court.ben, member="dora", ends_at=later())
    ask(court.lin)
    assert "You stand in" in told(court.dora)[-1]


# Beforehand


def test_it_lets_so_many_pass_and_lists_each(court: Court, rule: Rule) -> None:
    rule("@ben")
    made = services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=2, until=later(),
        arguments=[where("to", "#general")],
    )  # fmt: skip
    assert passes(court.lin, "One.")
    assert passes(court.lin, "Two.")
    assert not passes(court.lin, "Three.")
    shown = selectors.show_standing(actor=court.lin, standing_id=made.id)
    assert [use.arguments["body"] for use in shown.used] == ["Two.", "One."]
    assert (shown.uses, shown.uses_left) == (2, 0)


def test_what_does_not_fit_is_held_as_usual(court: Court, rule: Rule) -> None:
    rule("@ben")
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=9, until=later(),
        arguments=[where("body", "Deploy*", "matches")],
    )  # fmt: skip
    assert passes(court.lin, "Deploy to staging.")
    assert not passes(court.lin, "Hello.")
    rule("@cleo", name="Kay's", requesters=["@kay"])
    assert not passes(court.kay, "Deploy to staging.")


def test_a_preview_that_may_be_cut_passes_no_condition_on_what_is_in_it(
    court: Court, rule: Rule
) -> None:
    rule("@ben", pattern="use_tool")
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=5, until=later(),
        arguments=[where("input.command", "rm -rf /", "ne")],
    )  # fmt: skip

    def may(**given: Any) -> str:
        answer = services.ask_permission(
            actor=court.lin, tool_name="Bash", input=given, tool_use_id=f"t{len(given)}"
        )
        return answer.behavior

    assert may(command="ls") == "allow"
    assert may(preview_only='{"command": "rm -r…', call="1") == "ask"


def test_a_call_that_is_refused_uses_nothing(court: Court, rule: Rule) -> None:
    rule("@ben")
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=1, until=later()
    )
    with pytest.raises(NotFound):
        passes(court.lin, to="#nowhere")
    check = {"to": "#general", "body": "Hello."}
    found = selectors.check_action(actor=court.lin, action="send_message", arguments=check)
    assert found.verdict == "passes"
    assert StandingApproval.objects.get().uses_left == 1


def test_its_end_works_at_once(court: Court, rule: Rule) -> None:
    rule("@ben")
    made = services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=9, until=later()
    )
    assert passes(court.lin, "One.")
    services.end_standing(actor=court.ben, standing_id=made.id)
    assert not passes(court.lin, "Two.")
    StandingApproval.objects.update(ended_at=None, until=later(-1))
    assert not passes(court.lin, "Three.")


def test_it_always_ends(court: Court, rule: Rule) -> None:
    rule("@ben")
    given: dict[str, Any] = {"policy": "Words", "requester": "lin", "count": 1}
    for wrong in ({}, {"until": None}, {"until": "2020-01-01T00:00:00Z"}, {"until": "never"}):
        with pytest.raises((InvalidInput, ValidationError)):
            services.grant_standing.call(court.ben, {**given, **wrong})


def test_nobody_grants_it_to_themselves_or_without_the_others(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", requesters=["@lin", "@ben"])
    given: dict[str, Any] = {
        "policy": "Words", "requester": "ben", "count": 5, "until": later().isoformat(),
    }  # fmt: skip
    request = held_call(court.ben, "grant_standing", **given)
    assert not StandingApproval.objects.exists()
    with pytest.raises(Forbidden):
        decide(court.ben, request)
    assert decide(court.cleo, request) == "executed"
    assert StandingApproval.objects.get().agreed_in_id == row(request).pk
    assert passes(court.ben)


def test_where_two_have_to_agree_one_alone_grants_nothing(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", "@dora", quorum=2)
    request = held_call(
        court.ben, "grant_standing", policy="Words", requester="lin", count=5,
        until=later().isoformat(),
    )  # fmt: skip
    assert decide(court.cleo, request) == "open"
    assert not StandingApproval.objects.exists()
    assert decide(court.dora, request) == "executed"
    assert passes(court.lin)


def test_who_has_no_say_grants_nothing(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = held_call(
        court.sam, "grant_standing", policy="Words", requester="lin", count=5,
        until=later().isoformat(),
    )  # fmt: skip
    assert decide(court.ben, request) == "executed"


def test_consent_given_beforehand_ends_when_others_have_to_agree(court: Court, rule: Rule) -> None:
    rule("@ben")
    made = services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=3, until=later(),
        arguments=[where("to", "#general")],
    )  # fmt: skip
    services.update_policy(actor=court.owner, policy="Words", description="As before.")
    assert passes(court.lin)
    services.update_policy(
        actor=court.owner, policy="Words", stages=[Stage(approvers=["@ben", "@cleo"], quorum=2)]
    )
    assert StandingApproval.objects.get(pk=made.id).ended_at is not None
    assert f"Standing approval {made.id} has ended" in told(court.lin)[-1]
    assert decide(court.ben, ask(court.lin)) == "open"


# The glass


def test_an_owner_lets_it_run_at_once_and_somebody_else_closes_the_review(
    court: Court, rule: Rule
) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin)
    services.break_glass(actor=court.owner, request=request, reason="The house is on fire.")
    run_approved(timezone.now())
    assert (row(request).status, sent()) == ("executed", 1)
    for member in (court.ben, court.cleo):
        assert "on fire" in told(member)[-1]
    for member in (court.owner, court.lin):
        with pytest.raises(Forbidden):
            services.review_break_glass(
                actor=member, request=request, justified=True, finding="Well done."
            )
    (open_,) = selectors.list_broken_glass(actor=court.ben).items
    assert open_.closed_by is None
    services.review_break_glass(
        actor=court.ben, request=request, justified=False, finding="It was only smoke."
    )
    assert "not justified" in told(court.owner)[-1]
    assert BreakGlass.objects.get().closed_by == court.ben
    with pytest.raises(Conflict):
        services.review_break_glass(
            actor=court.cleo, request=request, justified=True, finding="I disagree."
        )


def test_those_of_a_stage_that_was_never_reached_can_review_it_too(
    court: Court, rule: Rule
) -> None:
    rule(stages=[Stage(approvers=["@ben"]), Stage(approvers=["@cleo"])])
    request = ask(court.lin)
    services.break_glass(actor=court.owner, request=request, reason="The house is on fire.")
    run_approved(timezone.now())
    assert "A review is open" in told(court.cleo)[-1]
    (open_,) = selectors.list_broken_glass(actor=court.cleo).items
    assert open_.request == request
    services.review_break_glass(
        actor=court.cleo, request=request, justified=True, finding="It was on fire."
    )


def test_only_owners_break_it_and_only_with_a_reason(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    for member in (court.ada, court.ben, court.lin):
        with pytest.raises(Forbidden):
            services.break_glass(actor=member, request=request, reason="I want it.")
    for reason in ("", " ", "x"):
        with pytest.raises(InvalidInput):
            services.break_glass.call(court.owner, {"request": request, "reason": reason})
    run_approved(timezone.now())
    assert sent() == 0


def test_an_owner_is_not_locked_out_by_a_rule_over_rules(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="*", requesters=[], except_requesters=["@ben"])
    Member.objects.filter(pk=court.ben.pk).update(status="retired")
    request = held_call(court.owner, "update_policy", policy="Words", enabled=False)
    services.break_glass(actor=court.owner, request=request, reason="Ben has left.")
    run_approved(timezone.now())
    assert passes(court.lin)


def test_a_new_policy_does_not_stop_what_the_glass_was_broken_for(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    services.break_glass(actor=court.owner, request=request, reason="It burns.")
    rule(name="More", stages=[Stage(approvers=["@dora"])])
    run_approved(timezone.now())
    assert sent() == 1
