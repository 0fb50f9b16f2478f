"""Approvals against what the ledger says of them: a row that was changed by hand is found."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction
from django.utils import timezone

from approvals import services
from approvals.access import access_request
from approvals.models import ApprovalRequest, Decision, StandIn, StandingApproval
from approvals.services.showing import note_shown
from approvals.services.stepping import step_requests
from audit.verification import verify_ledger
from messaging.services import send_message
from tests.approvals.conftest import Court, Rule, ask, decide, row, where
from tests.databases import change

TAMPERED = {
    "UPDATE approvals_approvalrequest SET status = 'executed' WHERE id = {open}":
        "request A-{open} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET arguments = '{{}}' WHERE id = {open}":
        "request A-{open} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET digest = 'x' WHERE id = {open}":
        "request A-{open} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET stage = 1 WHERE id = {open}":
        "request A-{open} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET round = 5 WHERE id = {open}":
        "request A-{open} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET status = 'declined' WHERE id = {done}":
        "request A-{done} is not what was last recorded",
    "UPDATE approvals_approvalrequest SET requester_id = {kay} WHERE id = {done}":
        "request A-{done} is not what was last recorded",
    "DELETE FROM approvals_decision WHERE request_id = {done}":
        "what a member decided on A-{done} is not what was recorded",
    "UPDATE approvals_decision SET verdict = 'decline' WHERE request_id = {done}":
        "what a member decided on A-{done} is not what was recorded",
    "UPDATE approvals_decision SET seat_id = {kay} WHERE request_id = {done}":
        "what a member decided on A-{done} is not what was recorded",
    "UPDATE approvals_decision SET round = 9 WHERE request_id = {done}":
        "what a member decided on A-{done} is not what was recorded",
    "UPDATE approvals_policy SET enabled = {no}": "policy {policy} is not what was last recorded",
    "UPDATE approvals_policy SET version = 7": "policy {policy} is not what was last recorded",
    "UPDATE approvals_policy SET pattern = 'ack'": "policy {policy} is not what was last recorded",
    "UPDATE approvals_policy SET stages = '[]'": "policy {policy} is not what was last recorded",
    "UPDATE approvals_standingapproval SET uses_left = 99":
        "standing approval {standing} is not what was last recorded",
    "UPDATE approvals_standingapproval SET uses = 0":
        "standing approval {standing} is not what was last recorded",
    "UPDATE approvals_standingapproval SET until = '2099-01-01 00:00:00+00:00'":
        "standing approval {standing} is not what was last recorded",
    "UPDATE approvals_standin SET member_id = {kay}":
        "stand-in {stand_in} is not what was last recorded",
    "UPDATE approvals_standin SET ends_at = '2099-01-01 00:00:00+00:00'":
        "stand-in {stand_in} is not what was last recorded",
    "DELETE FROM approvals_standin": "stand-in {stand_in} is missing",
}  # fmt: skip


def a_day_of_approvals(court: Court, rule: Rule) -> dict[str, object]:
    """A request that ran in two stages, one that waits in its second round, one that ended by
    itself, one that was withdrawn; consent given beforehand and used; a stand-in."""
    policy = rule("@ben").id
    berlin = timezone.now().astimezone(ZoneInfo("Europe/Berlin")) + timedelta(days=9)
    done = ask(court.lin)
    decide(court.ben, done, comment="Well said.")
    waiting = ask(court.lin, "Once more.")
    decide(court.ben, waiting, "request_changes", comment="Shorter.")
    services.revise_request(
        actor=court.lin, request=waiting, arguments={"to": "#general", "body": "Once."}
    )
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=3, until=berlin,
        arguments=[where("body", "Hello.")],
    )  # fmt: skip
    send_message(actor=court.lin, to="#general", body="Hello.")
    services.set_stand_in(actor=court.ben, member="dora", ends_at=berlin)
    services.withdraw_request(actor=court.lin, request=ask(court.lin, "Never mind."))
    late = ask(court.lin, "Too late.")
    ApprovalRequest.objects.filter(pk=int(late[2:])).update(
        deadline=timezone.now(), due_at=timezone.now()
    )
    step_requests(timezone.now() + timedelta(minutes=1))
    services.update_policy(actor=court.owner, policy="Words", description="What Lin says.")
    assert row(late).status == "never_seen"
    return {
        "done": done[2:], "open": waiting[2:], "policy": policy, "kay": court.kay.pk, "no": "false",
        "standing": StandingApproval.objects.get().pk, "stand_in": StandIn.objects.get().pk,
    }  # fmt: skip


def test_what_happened_by_actions_is_sound(court: Court, rule: Rule) -> None:
    a_day_of_approvals(court, rule)
    services.end_standing(actor=court.ben, standing_id=StandingApproval.objects.get().pk)
    services.end_stand_in(actor=court.ben, stand_in_id=StandIn.objects.get().pk)
    report = verify_ledger()
    assert report.ok, report.reason


def test_who_looks_while_somebody_decides_makes_no_damage(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo")
    name = ask(court.lin)
    looked_at = access_request(actor=court.cleo, request=name)
    assert decide(court.ben, name) == "executed"
    note_shown(court.cleo, looked_at)
    report = verify_ledger()
    assert report.ok, report.reason


@pytest.mark.sqlite
def test_a_row_that_was_changed_by_hand_is_found(court: Court, rule: Rule) -> None:
    ids = a_day_of_approvals(court, rule)
    unlike: list[str] = []
    for statement, found in TAMPERED.items():
        point = transaction.savepoint()
        change(statement.format(**ids))
        reason = verify_ledger().reason
        if not reason.startswith(found.format(**ids)):
            unlike.append(f"{statement}: {reason}")
        transaction.savepoint_rollback(point)
    assert not unlike, "\n".join(unlike)
    assert verify_ledger().ok


def test_the_command_names_it(court: Court, rule: Rule) -> None:
    ids = a_day_of_approvals(court, rule)
    call_command("verify_audit")
    change("UPDATE approvals_decision SET verdict = 'decline'")
    with pytest.raises(CommandError, match=f"what a member decided on A-{ids['done']}"):
        call_command("verify_audit")


def test_a_decision_that_nobody_made_is_found(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = row(ask(court.lin))
    Decision.objects.create(
        request=request, round=1, stage=0, member=court.ben, seat=court.ben, verdict="approve",
        face="rest", at=timezone.now(),
    )  # fmt: skip
    assert verify_ledger().reason == "1 decisions were never recorded"
