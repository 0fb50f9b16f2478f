"""Ways round a policy that somebody might try."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client as Browser

from approvals.models import ApprovalRequest
from messaging.models import Message
from messaging.services import send_message
from orgchart.models import Credential, JoinCode, Member
from orgchart.services import update_member
from tasks import services as tasks
from tasks.models import Task
from teammcp.core.actions import registry
from teammcp.core.errors import Conflict, Held
from tests.approvals.conftest import Court, Rule, decide, row, sent, where
from tests.conftest import ApiOf, held_call

SENT: dict[str, Any] = {"to": "#general", "body": "Hello.", "client_key": "k-1"}


def test_the_bulk_actions_of_the_admin_keep_one_request_for_each_row(
    court: Court, rule: Rule
) -> None:
    rule("@ben", pattern="pause_member", requesters=["@ada"])
    browser = Browser()
    browser.force_login(court.ada, backend="orgchart.backends.MemberBackend")
    page = browser.get("/admin/orgchart/member/")
    choices = page.context["action_form"].fields["action"].choices
    name = next(choice for choice, _ in choices if choice.startswith("pause"))
    chosen = [court.kay.pk, court.sam.pk]
    answer = browser.post(
        "/admin/orgchart/member/",
        {"action": name, "_selected_action": chosen, "reason": "Rest."},
        follow=True,
    )
    assert answer.content.decode().count("waits for approval as A-") == 2
    assert ApprovalRequest.objects.count() == 2
    assert not Member.objects.filter(status="paused").exists()


def test_commands_are_held_as_the_owner_in_whose_name_they_act(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="issue_credential", requesters=["authority:owner"])
    rule("@ben", name="Codes", pattern="create_join_code", requesters=["authority:owner"])
    before = Credential.objects.count(), JoinCode.objects.count()
    for command in (["token", "lin"], ["joincode"]):
        with pytest.raises(CommandError, match="waits for approval as A-"):
            call_command(*command)
    assert (Credential.objects.count(), JoinCode.objects.count()) == before
    assert set(ApprovalRequest.objects.values_list("requester", flat=True)) == {court.owner.pk}


def test_a_key_opens_nothing_that_was_not_agreed_to(court: Court, rule: Rule) -> None:
    """Not the key of a call that is held, declined, or has run; and not one of another member."""
    rule("@ben")
    request = held_call(court.lin, "send_message", **SENT)
    with pytest.raises(Conflict, match="used before"):
        registry["send_message"].call(court.lin, {**SENT, "body": "Else."})
    with pytest.raises(Conflict, match="used before"):
        registry["send_message"].call(court.lin, {**SENT, "to": "@kay"})
    assert decide(court.ben, request) == "executed"
    first = registry["send_message"].call(court.lin, SENT)
    assert registry["send_message"].call(court.lin, SENT) == first
    with pytest.raises(Conflict):
        registry["send_message"].call(court.lin, {**SENT, "body": "Else."})
    assert (sent(), Message.objects.filter(body="Else.").count()) == (1, 0)


def test_an_amount_that_is_no_number_is_for_people(court: Court, rule: Rule) -> None:
    rule("@ben", pattern="create_task", arguments=[where("metadata.amount", 500, "gt")])
    for amount in ("nan", " NaN ", "-nan", "inf", "1e999", "9 00", ["nan"], {"eur": 900}):
        held_call(court.lin, "create_task", title="Buy it.", metadata={"amount": amount})
    registry["create_task"].call(court.lin, {"title": "Buy it.", "metadata": {"amount": "400"}})
    assert Task.objects.count() == 1


def test_a_rule_about_somebody_holds_under_their_new_name(court: Court, rule: Rule) -> None:
    rule("@ben")
    rule("@dora", name="Below", pattern="create_task", requesters=["below:@cleo"])
    update_member(actor=court.owner, member="lin", handle="linus")
    update_member(actor=court.owner, member="cleo", handle="cleopatra")
    court.lin.refresh_from_db()
    request = held_call(court.lin, "send_message", to="#general", body="Hello.")
    held_call(court.lin, "create_task", title="Fly.")
    update_member(actor=court.owner, member="ben", handle="benjamin")
    assert decide(court.ben, request) == "executed", row(request).reason


def test_one_bad_call_among_many_over_rest_changes_nothing_of_the_others(
    court: Court, rule: Rule, api: ApiOf
) -> None:
    rule("@ben", arguments=[where("to", "#general")])
    places = ("@kay", "#general", "@sam")
    answers = [api(court.lin).post("messages/", to=to, body="Hello.") for to in places]
    assert [answer.status for answer in answers] == [201, 202, 201]
    assert sent() == 2


def test_what_one_does_through_another_is_asked_of_who_does_it(court: Court, rule: Rule) -> None:
    """A rule about Lin is not got round by work that Lin set up and Kay runs, and none about Kay
    by Lin's."""
    pk = tasks.create_blueprint(actor=court.lin, title="Sweep.", skip_if_open=False).id
    rule("@ben", pattern="create_task", requesters=["@kay"])
    held_call(court.kay, "run_blueprint", blueprint_id=pk)
    registry["run_blueprint"].call(court.lin, {"blueprint_id": pk})
    assert Task.objects.get().creator == court.lin


def test_a_held_part_leaves_nothing_of_the_whole(court: Court, rule: Rule) -> None:
    """Neither the file that came with a message, nor the key under which it came."""
    rule("@ben")
    with pytest.raises(Conflict, match="cannot wait for it"):
        registry["upload_file"].call(
            court.lin, {"name": "a.txt", "text": "Hello.", "to": "#general", "client_key": "u-1"}
        )
    stored = registry["upload_file"].call(
        court.lin, {"name": "a.txt", "text": "Hello.", "client_key": "u-1"}
    )
    with pytest.raises(Held):
        send_message(actor=court.lin, to="#general", body="Here.", files=[stored.id])
    assert sent("Here.") == 0
