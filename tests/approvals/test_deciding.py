"""Who may decide, who counts, and what follows from it."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from approvals import selectors, services
from approvals.models import ApprovalRequest, Decision, Showing
from approvals.schemas import Stage
from approvals.services.executing import run_approved
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.approvals.conftest import Court, Rule, ask, decide, row, sent, told
from tests.conftest import agent, all_refused, person


def test_a_held_call_does_nothing_until_somebody_approves(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    assert sent() == 0
    assert decide(court.ben, request) == "executed"
    assert sent() == 1
    assert (row(request).result or {})["where"] == "#general"


def test_a_declined_call_never_runs(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    assert decide(court.ben, request, "decline", comment="Too early.") == "declined"
    run_approved(timezone.now())
    assert sent() == 0
    assert "Too early." in told(court.lin)[-1]


def test_a_quorum_needs_as_many_different_people(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", "@dora", quorum=2)
    request = ask(court.lin)
    assert decide(court.ben, request) == "open"
    with pytest.raises(Conflict, match="everybody counts once"):
        decide(court.ben, request)
    assert sent() == 0
    assert decide(court.dora, request) == "executed"
    assert sent() == 1


def test_a_veto_ends_it_unless_the_stage_has_none(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", "@dora", quorum=2)
    assert decide(court.ben, ask(court.lin, "One."), "decline") == "declined"
    services.update_policy(
        actor=court.owner, policy="Words",
        stages=[Stage(approvers=["@ben", "@cleo", "@dora"], quorum=2, vetoes=False)],
    )  # fmt: skip
    request = ask(court.lin, "Two.")
    assert decide(court.ben, request, "decline") == "open"
    assert decide(court.cleo, request) == "open"
    assert decide(court.dora, request) == "executed"
    request = ask(court.lin, "Three.")
    assert decide(court.ben, request, "decline") == "open"
    assert decide(court.cleo, request, "decline") == "declined"  # one is left, two are needed


def test_stages_open_in_order(court: Court, rule: Rule) -> None:
    rule(stages=[Stage(approvers=["manager"]), Stage(approvers=["manager+1"])])
    request = ask(court.lin)
    with pytest.raises(NotFound):
        decide(court.cleo, request)
    assert decide(court.ben, request) == "open"
    assert row(request).stage == 1
    assert decide(court.cleo, request) == "executed"


@pytest.mark.parametrize(
    ("group", "who"),
    [("@dora", "dora"), ("authority:admin", "ada"), ("department:law", "dora"),
     ("skill:contracts", "cleo"), ("role:head-of-law", "dora"), ("manager", "ben"),
     ("manager+2", "dora"), ("below:@dora", "ben")],
)  # fmt: skip
def test_approvers_are_named_in_every_way(court: Court, rule: Rule, group: str, who: str) -> None:
    services_of_orgchart(court)
    rule(group)
    assert decide(court[who], ask(court.lin)) == "executed"


def services_of_orgchart(court: Court) -> None:
    from orgchart.services import create_department, move_member, update_member

    create_department(actor=court.ada, name="Law")
    move_member(actor=court.ada, member="dora", department="law")
    update_member(actor=court.ada, member="dora", title="Head of Law")
    update_member(actor=court.ada, member="cleo", capabilities=["Contracts"])


def test_approvers_are_those_whom_the_chart_has_at_that_time(court: Court, rule: Rule) -> None:
    rule("manager")
    request = ask(court.lin)
    Member.objects.filter(pk=court.lin.pk).update(manager=court.dora)
    with pytest.raises(Forbidden):
        decide(court.ben, request)
    assert decide(court.dora, request) == "executed"


# Separation of duties


def test_nobody_decides_on_what_they_ask_for(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", requesters=["@ben"])
    request = ask(court.ben)
    with pytest.raises(Forbidden, match="Nobody decides on what they ask for"):
        decide(court.ben, request)
    assert decide(court.cleo, request) == "executed"


def test_agents_that_the_requester_registered_never_count(court: Court, rule: Rule) -> None:
    mia = agent(court.ada, "mia")
    rule("@mia", "@ben", requesters=["@ada"])
    request = ask(court.ada)
    with pytest.raises(NotFound):  # nobody even asks her
        decide(mia, request)
    assert decide(court.ben, request) == "executed"


def test_an_agent_of_an_agent_of_the_requester_does_not_count_either(
    court: Court, rule: Rule
) -> None:
    Member.objects.filter(pk=court.kay.pk).update(registered_by=court.lin)
    Member.objects.filter(pk=court.sam.pk).update(registered_by=court.kay)
    rule("@sam", "@ben")
    request = ask(court.lin)
    with pytest.raises(NotFound):
        decide(Member.objects.get(pk=court.sam.pk), request)
    assert decide(court.ben, request) == "executed"


def test_whoever_registered_the_requester_counts_unless_the_policy_says_not(
    court: Court, rule: Rule
) -> None:
    rule("@owner", "@ben")
    assert decide(court.owner, ask(court.lin, "One.")) == "executed"
    services.update_policy(actor=court.ada, policy="Words", without_registrar=True)
    request = ask(court.lin, "Two.")
    with pytest.raises(Forbidden):
        decide(court.owner, request)


def test_agents_count_only_by_name_or_where_the_stage_says_so(court: Court, rule: Rule) -> None:
    Member.objects.filter(pk=court.kay.pk).update(capabilities=["law"])
    Member.objects.filter(pk=court.ben.pk).update(capabilities=["law"])
    rule("skill:law")
    with pytest.raises(NotFound):
        decide(court.kay, ask(court.lin, "One."))
    services.update_policy(
        actor=court.owner, policy="Words", stages=[Stage(approvers=["skill:law"], agents=True)]
    )
    assert decide(court.kay, ask(court.lin, "Two.")) == "executed"


def test_a_member_counts_once_over_all_stages_of_a_round(court: Court, rule: Rule) -> None:
    rule(stages=[Stage(approvers=["@ben", "@cleo"]), Stage(approvers=["@ben", "@cleo"])])
    request = ask(court.lin)
    assert decide(court.ben, request) == "open"
    with pytest.raises(Conflict):
        decide(court.ben, request)
    assert decide(court.cleo, request) == "executed"


def test_the_database_itself_admits_one_decision_each_round(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = row(ask(court.lin))
    decide(court.ben, request.name)
    again = Decision.objects.get()
    again.pk = None
    with pytest.raises(IntegrityError), transaction.atomic():
        again.save(force_insert=True)


@pytest.mark.parametrize("verdict", ["false", "yes", "true", "approved", "", "APPROVE"])
def test_only_the_exact_word_is_a_yes(court: Court, rule: Rule, verdict: str) -> None:
    rule("@ben")
    request = ask(court.lin)
    with pytest.raises(InvalidInput):
        services.decide.call(court.ben, {"request": request, "verdict": verdict})
    assert row(request).status == "open"


def test_observers_paused_and_retired_members_do_not_count(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", "@dora")
    request = ask(court.lin)
    Member.objects.filter(pk=court.ben.pk).update(status="paused")
    Member.objects.filter(pk=court.cleo.pk).update(authority="observer")
    for handle in ("ben", "cleo"):
        with pytest.raises(Forbidden):
            services.decide.call(Member.objects.get(handle=handle),
                                 {"request": request, "verdict": "approve"})  # fmt: skip
    assert decide(court.dora, request) == "executed"


# What is shown, and to whom


def test_a_request_looks_absent_to_everybody_else(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin, "A secret.")
    for member in (court.sam, court.ada, court.dora):
        all_refused(
            NotFound,
            lambda m=member: services.show_request(actor=m, request=request),  # type: ignore[misc]
            lambda m=member: services.comment_request(actor=m, request=request, body="?"),  # type: ignore[misc]
        )
        assert selectors.list_approvals(actor=member, status="").items == []
    assert selectors.list_approvals(actor=court.owner).items[0].id == request


def test_the_lists_say_what_waits_for_whom(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin)
    (mine,) = selectors.list_approvals(actor=court.lin, which="mine").items
    assert (mine.waits_for, mine.seen, mine.may_decide) == (["@ben", "@cleo"], False, False)
    (waiting,) = selectors.list_approvals(actor=court.ben, which="waiting").items
    assert waiting.may_decide
    decide(court.ben, request)
    assert selectors.list_approvals(actor=court.ben, which="waiting").items == []
    (seen,) = selectors.list_approvals(actor=court.ben).items
    assert seen.waits_for == ["@cleo"]


def test_only_really_looking_counts_as_shown(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    selectors.list_approvals(actor=court.ben)
    selectors.wait_for_approval(actor=court.ben, request=request)
    services.show_request(actor=court.lin, request=request)
    assert not Showing.objects.exists()
    for _ in range(2):
        shown = services.show_request(actor=court.ben, request=request)
    assert [one.member for one in shown.showings] == ["ben"]


def test_a_late_click_or_one_on_something_else_is_not_counted(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", stages=[Stage(approvers=["@ben"]), Stage(approvers=["@cleo"])])
    request = ask(court.lin)
    shown = services.show_request(actor=court.ben, request=request)
    for wrong in ({"stage": 2}, {"round": 2}, {"digest": "0" * 64}):
        with pytest.raises(Conflict, match="has moved on"):
            decide(court.ben, request, **wrong)
    decide(court.ben, request, stage=1, round=1, digest=shown.digest)
    assert row(request).stage == 1


# Changes, comments, taking back


def test_changes_send_it_back_and_all_decide_again(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin, "Helo.")
    decide(court.ben, request)
    assert decide(court.cleo, request, "request_changes", comment="A typo.") == "changes_requested"
    with pytest.raises(Conflict):
        decide(court.ben, request)
    services.revise_request.call(
        court.lin, {"request": request, "arguments": {"to": "#general", "body": "Hello."}}
    )
    assert row(request).round == 2
    assert decide(court.ben, request) == "open"
    assert decide(court.cleo, request) == "executed"
    assert (sent("Helo."), sent("Hello.")) == (0, 1)


def test_changes_need_words(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    with pytest.raises(InvalidInput):
        decide(court.ben, request, "request_changes", comment=" ")


def test_a_revised_call_is_checked_anew(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    with pytest.raises(NotFound):
        services.revise_request.call(
            court.lin, {"request": request, "arguments": {"to": "#nowhere", "body": "Hello."}}
        )
    assert (row(request).round, row(request).arguments["to"]) == (1, "#general")


def test_each_decision_comment_and_change_request_is_one_inbox_item(
    court: Court, rule: Rule
) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin, "One.")
    services.comment_request(actor=court.ben, request=request, body="Why?")
    assert len(told(court.lin)) == 1
    decide(court.ben, request)
    assert len(told(court.lin)) == 2
    decide(court.cleo, request, "request_changes", comment="Shorter.")
    assert len(told(court.lin)) == 3
    services.revise_request.call(
        court.lin, {"request": request, "arguments": {"to": "#general", "body": "1."}}
    )
    decide(court.ben, request)
    decide(court.cleo, request)
    assert len(told(court.lin)) == 5
    assert "has run" in told(court.lin)[-1]


def test_approvers_hear_of_a_stage_once(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin)
    assert ask(court.lin) == request
    decide(court.ben, request)
    assert len(told(court.ben)) == len(told(court.cleo)) == 1
    assert request in told(court.cleo)[0]


def test_it_can_be_taken_back_until_it_runs(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin, "One.")
    with pytest.raises(Forbidden):
        services.withdraw_request(actor=court.ben, request=request)
    services.decide.call(court.ben, {"request": request, "verdict": "approve"})
    services.withdraw_request(actor=court.lin, request=request)
    run_approved(timezone.now())
    assert (row(request).status, sent("One.")) == ("withdrawn", 0)
    request = ask(court.lin, "Two.")
    decide(court.ben, request)
    with pytest.raises(Conflict, match="has run"):
        services.withdraw_request(actor=court.lin, request=request)


def test_a_person_who_is_new_may_decide_though_nobody_asked_them(court: Court, rule: Rule) -> None:
    rule("authority:admin")
    request = ask(court.lin)
    eve = person("eve", "admin")
    assert [one.id for one in selectors.list_approvals(actor=eve, which="waiting").items] == [
        request
    ]
    assert decide(eve, request) == "executed"
    assert ApprovalRequest.objects.count() == 1
