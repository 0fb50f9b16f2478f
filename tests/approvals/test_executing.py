"""What was approved is what runs: once, as who asked, with rights and targets looked at again."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals import selectors, services
from approvals.models import ApprovalRequest
from approvals.services.executing import run_approved
from audit.models import Event
from messaging.models import Channel, Message
from messaging.services import create_channel, schedule_message, send_message, update_channel
from messaging.services.running import run_due
from orgchart.models import Member
from orgchart.services import issue_credential, revoke_credential
from tasks import services as tasks
from tasks.models import Blueprint, Task
from tasks.services.recurring import make_due
from teammcp.core.actions import registry
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import AppError, Conflict, Forbidden, Held, NotFound
from tests.approvals.conftest import Court, Rule, ask, decide, row, sent, told
from tests.conftest import held_call
from tests.databases import everything_in_the_database


def test_it_runs_once_however_often_somebody_looks(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    decide(court.ben, request)
    for _ in range(3):
        run_approved(timezone.now() + timedelta(days=1))
    ApprovalRequest.objects.update(run_at=timezone.now())  # as if its time had come once more
    run_approved(timezone.now())
    assert sent() == 1


def test_it_runs_as_who_asked_over_the_face_where_they_did(court: Court, rule: Rule) -> None:
    rule("@ben")
    with calling(CallContext(face="mcp")):
        request = ask(court.lin)
    with calling(CallContext(face="dashboard")):
        decide(court.ben, request)
    message = Message.objects.get(body="Hello.")
    assert (message.author, message.face) == (court.lin, "mcp")


def test_rights_are_checked_again(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    Member.objects.filter(pk=court.lin.pk).update(status="paused")
    assert decide(court.ben, request) == "failed"
    assert sent() == 0
    assert selectors.wait_for_approval(actor=court.lin, request=request).error is not None


def test_what_it_may_not_reach_any_more_is_not_reached(court: Court, rule: Rule) -> None:
    create_channel(actor=court.kay, name="vault", kind="private", invite=["lin"])
    rule("@ben")
    request = ask(court.lin, to="#vault")
    registry["remove_from_channel"].call(court.kay, {"channel": "#vault", "member": "lin"})
    assert decide(court.ben, request) == "superseded"
    assert sent() == 0


def test_a_revoked_credential_runs_nothing(court: Court, rule: Rule) -> None:
    rule("@ben")
    credential = issue_credential(actor=court.lin, label="phone").credential.id
    with calling(CallContext(face="rest", credential_id=credential)):
        request = ask(court.lin)
    revoke_credential(actor=court.lin, credential_id=credential)
    assert decide(court.ben, request) == "failed"
    assert sent() == 0


def test_a_credential_runs_no_more_than_it_allows(court: Court, rule: Rule) -> None:
    rule("@ben")
    credential = issue_credential(actor=court.lin, scopes=["org:read"]).credential.id
    with calling(CallContext(face="rest", credential_id=credential)):
        request = ask(court.lin)
    assert decide(court.ben, request) == "failed"


# Targets that have moved


def test_a_target_that_changed_voids_the_request(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="edit_task")
    task = tasks.create_task(actor=court.lin, title="Land.").task.id
    request = held_call(court.lin, "edit_task", task=task, title="Land on the moon.")
    tasks.edit_task(actor=court.owner, task=task, title="Land on Mars.")
    answer = services.decide.call(court.ben, {"request": request, "verdict": "approve"})
    assert (answer.status, answer.decisions) == ("superseded", [])
    run_approved(timezone.now())
    assert Task.objects.get().title == "Land on Mars."
    assert "overtaken" in told(court.lin)[-1]
    assert any(request in one and "no decision any more" in one for one in told(court.ben))


def test_one_that_moves_between_approval_and_run_voids_it_too(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="edit_task")
    task = tasks.create_task(actor=court.lin, title="Land.").task.id
    request = held_call(court.lin, "edit_task", task=task, title="Land on the moon.")
    services.decide.call(court.ben, {"request": request, "verdict": "approve"})
    tasks.edit_task(actor=court.owner, task=task, title="Land on Mars.")
    run_approved(timezone.now())
    assert (row(request).status, Task.objects.get().title) == ("superseded", "Land on Mars.")


def test_of_two_proposals_the_newer_voids_the_older(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="update_member", requesters=["@ada"])
    older = held_call(court.ada, "update_member", member="kay", title="Pilot")
    newer = held_call(court.ada, "update_member", member="kay", title="Captain")
    assert decide(court.ben, newer) == "executed"
    assert row(older).status == "superseded"
    assert newer in row(older).reason
    with pytest.raises(Conflict):
        decide(court.ben, older)
    assert Member.objects.get(handle="kay").title == "Captain"


def test_proposals_about_different_things_do_not_meet(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="update_member", requesters=["@ada"])
    one = held_call(court.ada, "update_member", member="kay", title="Pilot")
    two = held_call(court.ada, "update_member", member="sam", title="Captain")
    assert decide(court.ben, two) == decide(court.ben, one) == "executed"


def test_a_renamed_channel_is_the_same_place_but_not_the_same_request(
    court: Court, rule: Rule
) -> None:
    create_channel(actor=court.lin, name="plans")
    rule("@ben", pattern="update_channel")
    request = held_call(court.lin, "update_channel", channel="#plans", purpose="Plans")
    update_channel(actor=court.ada, channel="#plans", purpose="Other plans")
    assert decide(court.ben, request) == "superseded"
    assert Channel.objects.get(name="plans").purpose == "Other plans"


# What is refused anyway is refused at once


@pytest.mark.parametrize(
    ("given", "error"),
    [({"to": "#nowhere", "body": "Hello."}, NotFound), ({"to": "#general", "body": " "}, AppError)],
)
def test_a_call_that_would_be_refused_asks_nobody(
    court: Court, rule: Rule, given: dict[str, str], error: type[AppError]
) -> None:
    rule("@ben")
    before = everything_in_the_database()
    with pytest.raises(error) as refused:
        send_message.call(court.lin, given)
    assert not isinstance(refused.value, Held)
    assert everything_in_the_database() == before


# Side effects, schedules, other code


def test_a_gated_side_effect_holds_the_whole_call(court: Court, rule: Rule) -> None:
    """update_task does by approve_task what a policy holds."""
    rule("@cleo", pattern="complete_task")
    task = tasks.create_task(actor=court.lin, title="Land.").task.id
    tasks.claim_task(actor=court.lin, task=task)
    version = Task.objects.get().version
    request = held_call(court.lin, "update_task", task=task, to="done", result="Landed.")
    assert (Task.objects.get().status, Task.objects.get().version) == ("in_progress", version)
    assert (row(request).action, [name for name, _ in row(request).acts]) == (
        "update_task",
        ["complete_task"],
    )
    assert decide(court.cleo, request) == "executed"
    assert Task.objects.get().status == "done"


def test_a_file_that_posts_itself_cannot_wait_and_says_what_can(court: Court, rule: Rule) -> None:
    rule("@ben")
    with pytest.raises(Conflict, match="cannot wait for it") as refused:
        registry["upload_file"].call(court.lin, {"name": "a.txt", "text": "A.", "to": "#general"})
    assert "send_message" in refused.value.next
    assert not ApprovalRequest.objects.exists()


def test_a_schedule_is_made_freely_and_held_each_time_it_sends(court: Court, rule: Rule) -> None:
    rule("@ben")
    schedule_message(actor=court.lin, to="#general", body="Tick.", cron="* * * * *")
    for minutes in (1, 2, 3, 4, 5, 6, 7):
        run_due(timezone.now() + timedelta(minutes=minutes))
    assert sent("Tick.") == 0
    (request,) = ApprovalRequest.objects.all()  # the same words wait once
    assert (request.face, request.requester) == ("schedule", court.lin)
    assert decide(court.ben, request.name) == "executed"
    assert sent("Tick.") == 1
    assert not Event.objects.filter(kind="schedule.ended").exists()


def test_recurring_work_is_held_each_time(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="create_task")
    tasks.create_blueprint(actor=court.lin, title="Sweep.", cron="* * * * *")
    make_due(timezone.now() + timedelta(minutes=2))
    assert not Task.objects.exists()
    request = ApprovalRequest.objects.get()
    assert decide(court.ben, request.name) == "executed"
    assert Task.objects.get().title == "Sweep."
    assert Blueprint.objects.get().state == "active"


def test_other_code_is_held_as_well(court: Court, rule: Rule) -> None:
    rule("@ben")
    with pytest.raises(Held):
        send_message(actor=court.lin, to="#general", body="Hello.")
    assert sent() == 0


def test_the_house_itself_is_not_held(court: Court, rule: Rule) -> None:
    """Else nobody could be told that something waits."""
    rule("@ben", "@cleo", requesters=[])
    request = ask(court.lin)
    assert request in told(court.ben)[0]


# Client keys


def test_the_same_key_gives_the_same_handle_then_the_answer(court: Court, rule: Rule) -> None:
    rule("@ben")
    call = {"to": "#general", "body": "Hello.", "client_key": "k-1"}
    first, second = ask(court.lin, client_key="k-1"), ask(court.lin, client_key="k-1")
    assert first == second
    assert ApprovalRequest.objects.count() == 1
    with pytest.raises(Conflict, match="used before"):
        send_message.call(court.lin, {**call, "body": "Other."})
    decide(court.ben, first)
    answers = {send_message.call(court.lin, call).id for _ in range(2)}
    assert answers == {Message.objects.get(body="Hello.").pk}
    assert sent() == 1


def test_a_key_whose_call_was_declined_says_so(court: Court, rule: Rule) -> None:
    rule("@ben")
    decide(court.ben, ask(court.lin, client_key="k-1"), "decline", comment="No.")
    with pytest.raises(Conflict, match="is declined"):
        send_message.call(court.lin, {"to": "#general", "body": "Hello.", "client_key": "k-1"})


def test_two_keys_are_two_calls(court: Court, rule: Rule) -> None:
    rule("@ben")
    requests = {ask(court.lin, client_key=key) for key in ("k-1", "k-2")}
    for request in requests:
        assert decide(court.ben, request) == "executed"
    assert sent() == 2


def test_a_call_without_a_key_can_be_made_again_after_it_ran(court: Court, rule: Rule) -> None:
    rule("@ben")
    one = ask(court.lin)
    decide(court.ben, one)
    two = ask(court.lin)
    assert one != two
    decide(court.ben, two)
    assert sent() == 2


def test_a_key_that_ran_meanwhile_does_not_run_again(court: Court, rule: Rule) -> None:
    """The policy went away while it waited, and the agent called again with its key."""
    rule("@ben")
    request = ask(court.lin, client_key="k-1")
    services.update_policy(actor=court.owner, policy="Words", enabled=False)
    send_message.call(court.lin, {"to": "#general", "body": "Hello.", "client_key": "k-1"})
    assert decide(court.ben, request) == "executed"
    assert sent() == 1


# Secrets


def test_a_secret_in_the_answer_is_not_kept(court: Court, rule: Rule) -> None:
    rule("@owner", pattern="register_agent", requesters=["@ada"])
    request = held_call(court.ada, "register_agent", name="Max")
    assert decide(court.owner, request) == "executed"
    max_ = Member.objects.get(handle="max")
    assert max_.registered_by == court.ada
    answer = selectors.wait_for_approval(actor=court.ada, request=request).result
    assert answer is not None
    assert answer["token"] is None
    assert issue_credential(actor=court.ada, member="max").token


def test_what_it_answered_is_for_who_asked(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    decide(court.ben, request)
    assert services.show_request(actor=court.ben, request=request).result is None
    assert services.show_request(actor=court.lin, request=request).result is not None


# Dry run


def test_a_dry_run_says_what_would_be_and_leaves_nothing(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    call = {"to": "#general", "body": "Hello."}
    before = everything_in_the_database()
    held = selectors.check_action(actor=court.lin, action="send_message", arguments=call)
    passed = selectors.check_action(actor=court.kay, action="send_message", arguments=call)
    refused = selectors.check_action(
        actor=court.lin, action="send_message", arguments={**call, "to": "#nowhere"}
    )
    barred = selectors.check_action(actor=court.olga, action="send_message", arguments=call)
    assert everything_in_the_database() == before
    assert (held.verdict, passed.verdict, refused.verdict, barred.verdict) == (
        "held", "passes", "refused", "refused",
    )  # fmt: skip
    assert held.needs[0].stages[0].who == ["@ben", "@cleo"]
    assert held.changes[0].kind == passed.changes[0].kind == "message.sent"
    assert refused.refused is not None
    assert refused.refused["code"] == "not_found"


def test_what_others_may_do_is_for_admins_and_shows_no_hidden_place(
    court: Court, rule: Rule
) -> None:
    create_channel(actor=court.kay, name="vault", kind="private")
    rule("@ben")
    to_all = {"to": "#general", "body": "Hello."}
    found = selectors.who_may(
        actor=court.ada, member="lin", action="send_message", arguments=to_all
    )
    assert found.verdict == "held"
    with pytest.raises(Forbidden):
        selectors.who_may(actor=court.sam, member="lin", action="send_message", arguments=to_all)
    with pytest.raises(NotFound):
        selectors.who_may(
            actor=court.ada, member="kay", action="send_message",
            arguments={"to": "#vault", "body": "Hello."},
        )  # fmt: skip


def test_the_request_shows_what_would_change(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="update_member", requesters=["@ada"])
    request = held_call(court.ada, "update_member", member="kay", title="Pilot")
    shown = services.show_request(actor=court.ben, request=request)
    assert shown.changes[0].changed["title"] == ["", "Pilot"]
    assert shown.touches == ["@kay"]
