"""When the company changes, who could answer may be gone: nothing is refused for it, and admins
hear of it once."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client as Browser
from django.utils import timezone

from approvals import selectors, services
from approvals.schemas import Stage
from approvals.services.watching import Watch
from audit.models import Event
from orgchart.models import Member
from orgchart.services import pause_member, retire_member, set_manager, unpause_member
from teammcp.core.actions import registry
from teammcp.core.errors import Conflict
from tests.approvals.conftest import Court, Rule, ask, decide, row, told
from tests.conftest import ApiOf, person


def looked(watch: Watch | None = None) -> int:
    return (watch or Watch()).look(timezone.now())


def stuck(kind: str) -> int:
    return Event.objects.filter(kind=kind).count()


def test_a_retiring_that_leaves_nobody_to_agree_is_told_to_admins_once(
    court: Court, rule: Rule
) -> None:
    rule("@ben")
    assert looked() == 0
    retire_member(actor=court.owner, member="ben", successor="cleo")
    for _ in range(3):
        looked()
    assert stuck("policy.stuck") == 1
    for admin in (court.owner, court.ada):
        (said,) = [one for one in told(admin) if "can no longer be fulfilled" in one]
        assert "Words" in said
        assert "update_policy" in said
    assert not [one for one in told(court.cleo) if "can no longer be fulfilled" in one]


@pytest.mark.parametrize(
    ("approvers", "action", "arguments"),
    [
        ("@ben", "pause_member", {"member": "ben", "reason": "Away."}),
        ("@ben", "update_member", {"member": "ben", "authority": "observer"}),
        ("role:judge", "update_member", {"member": "ben", "title": "Clerk"}),
        ("skill:law", "update_member", {"member": "ben", "capabilities": []}),
        ("department:law", "move_member", {"member": "ben", "department": ""}),
        ("manager", "set_manager", {"member": "lin", "manager": ""}),
    ],
)
def test_whatever_took_them_away(
    court: Court, rule: Rule, approvers: str, action: str, arguments: dict[str, object]
) -> None:
    registry["create_department"].call(court.owner, {"name": "Law"})
    registry["move_member"].call(court.owner, {"member": "ben", "department": "law"})
    registry["update_member"].call(
        court.owner, {"member": "ben", "title": "Judge", "capabilities": ["law"]}
    )
    rule(approvers)
    watch = Watch()
    looked(watch)
    registry[action].call(court.owner, arguments)
    looked(watch)
    assert stuck("policy.stuck") == 1
    assert selectors.show_policy(actor=court.kay, policy="Words").unfulfillable


def test_the_policy_shows_it_on_every_face_until_somebody_is_back(
    court: Court, rule: Rule, api: ApiOf
) -> None:
    rule("@ben")
    client = Browser()
    client.force_login(court.ada, backend="orgchart.backends.MemberBackend")
    assert b"nobody could fulfil it" not in client.get("/approvals/policies/").content
    pause_member(actor=court.owner, member="ben", reason="Away.")
    looked()
    assert b"nobody could fulfil it" in client.get("/approvals/policies/").content
    (shown,) = api(court.lin).get("approvals/policies/").data["items"]
    assert shown["unfulfillable"].startswith("Stage 1 needs one person out of @ben")
    unpause_member(actor=court.owner, member="ben")
    looked()
    assert selectors.list_policies(actor=court.lin).items[0].unfulfillable == ""
    pause_member(actor=court.owner, member="ben", reason="Away again.")
    looked()
    assert stuck("policy.stuck") == 2


def test_a_policy_that_is_mended_or_off_is_not_stuck(court: Court, rule: Rule) -> None:
    rule("@ben")
    pause_member(actor=court.owner, member="ben", reason="Away.")
    looked()
    with pytest.raises(Conflict, match="could never be fulfilled"):
        services.update_policy(actor=court.owner, policy="Words", expires_minutes=9)
    services.update_policy(actor=court.owner, policy="Words", enabled=False)
    assert selectors.show_policy(actor=court.owner, policy="Words").unfulfillable == ""
    assert looked() == 0
    assert stuck("policy.stuck") == 1


def test_a_request_that_nobody_is_left_to_approve_is_told_once(court: Court, rule: Rule) -> None:
    rule("@ben", "@cleo", quorum=2)
    request = ask(court.lin)
    decide(court.ben, request)
    assert looked() == 0
    retire_member(actor=court.owner, member="cleo", successor="dora")
    for _ in range(3):
        looked()
    assert stuck("approval.stuck") == 1
    assert row(request).status == "open"
    (said,) = [one for one in told(court.ada) if "nobody is left who could approve" in one]
    assert request in said
    assert "break_glass" in said


def test_who_has_approved_already_may_leave(court: Court, rule: Rule) -> None:
    rule(
        stages=[Stage(approvers=["@ben"]), Stage(approvers=["@cleo"])],
        name="Two",
    )
    request = ask(court.lin)
    decide(court.ben, request)
    pause_member(actor=court.owner, member="ben", reason="Away.")
    looked()
    assert stuck("approval.stuck") == 0
    assert decide(court.cleo, request) == "executed"


def test_a_stand_in_is_somebody_left(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    services.set_stand_in(
        actor=court.ben, member="dora", ends_at=timezone.now() + timedelta(days=1)
    )
    pause_member(actor=court.owner, member="ben", reason="Away.")
    looked()
    assert (stuck("policy.stuck"), stuck("approval.stuck")) == (1, 0)
    assert decide(court.dora, request) == "executed"


def test_newcomers_whom_nobody_answers_are_noticed(court: Court, rule: Rule) -> None:
    rule("manager", requesters=["kind:human"], except_requesters=["@ada", "@dora", "@owner"])
    Member.objects.filter(pk=person("eve").pk).update(manager=court.cleo)
    watch = Watch()
    looked(watch)
    set_manager(actor=court.owner, member="eve", manager="")
    looked(watch)
    assert stuck("policy.stuck") == 1


def test_without_such_an_event_nobody_looks(court: Court, rule: Rule) -> None:
    rule("@ben")
    watch = Watch()
    looked(watch)
    Member.objects.filter(pk=court.ben.pk).update(status="paused")  # unseen by the ledger
    ask(court.lin)
    assert looked(watch) == 0
    pause_member(actor=court.owner, member="sam", reason="Away.")
    assert looked(watch) == 1
