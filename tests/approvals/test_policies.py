"""What a rule may say, whom it is about, and that somebody could fulfil it."""

from __future__ import annotations

from typing import Any

import pytest

from approvals import selectors, services
from approvals.conditions import all_hold
from approvals.models import Policy
from approvals.schemas import Condition, Stage
from messaging.services import create_channel, send_message
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, Held, InvalidInput
from teammcp.core.touched import Touched
from tests.approvals.conftest import Court, Rule, ask, decide, sent, where
from tests.conftest import held_call


def passes(member: Member, body: str = "Hello.", to: str = "#general") -> bool:
    """Whether a message of this member goes out."""
    try:
        send_message.call(member, {"to": to, "body": body})
    except Held:
        return False
    return True


def test_only_those_whom_it_names_are_held(court: Court, rule: Rule) -> None:
    rule("@ada", requesters=["kind:agent"], except_requesters=["@kay"])
    assert not passes(court.lin)
    assert passes(court.kay)
    assert passes(court.ben)


@pytest.mark.parametrize(
    ("group", "held"),
    [("@lin", "lin"), ("authority:admin", "ada"), ("kind:human", "ben"), ("below:@cleo", "lin")],
)
def test_requesters_are_named_in_every_way(court: Court, rule: Rule, group: str, held: str) -> None:
    rule("@ada", "@dora", requesters=[group])
    assert not passes(court[held])
    assert passes(court.sam)


def test_a_pattern_names_many_actions(court: Court, rule: Rule) -> None:
    made = rule("@ben", pattern="*_channel")
    assert {"create_channel", "join_channel", "leave_channel"} <= set(made.actions)
    held_call(court.lin, "create_channel", name="news")
    assert passes(court.lin)


def test_a_disabled_policy_holds_nothing(court: Court, rule: Rule) -> None:
    rule("@ben", enabled=False)
    assert passes(court.lin)


def test_several_policies_all_have_to_be_met(court: Court, rule: Rule) -> None:
    rule("@ben")
    rule("@cleo", name="More words")
    request = ask(court.lin)
    assert decide(court.ben, request) == "open"
    assert decide(court.cleo, request) == "executed"


def test_a_rule_about_a_channel_is_not_got_round_by_another_name_of_it(
    court: Court, rule: Rule
) -> None:
    create_channel(actor=court.lin, name="customers")
    first = send_message(actor=court.lin, to="#customers", body="Hello.").id
    rule("@ben", arguments=[where("touches", "#customers")])
    for to in ("#customers", "#Customers", " #CUSTOMERS ", f"thread:{first}"):
        assert not passes(court.lin, body=f"To {to}", to=to)
    assert passes(court.lin)


def test_a_rule_about_a_member_is_not_got_round_either(court: Court, rule: Rule) -> None:
    send_message(actor=court.lin, to="@ben,@kay", body="Hello.")
    rule("@cleo", arguments=[where("touches", "@ben")])
    for to in ("@ben", "@BEN", "@kay,@ben", "@ben,@kay"):
        assert not passes(court.lin, to=to)
    assert passes(court.lin, to="@kay")


THINGS = [Touched("channel:7", "", "#general"), Touched("member:3", "", "@kay")]
ARGUMENTS: dict[str, Any] = {
    "to": "@Kay", "amount": 100, "labels": ["Red", "blue"], "due_at": "2026-05-01T00:00:00+00:00",
    "metadata": {"cost": "250"}, "confirm": False, "note": "", "none": None,
}  # fmt: skip
HOLDS = [
    ("to", "eq", "kay"), ("to", "ne", "lin"), ("to", "in", ["LIN", "@kay"]),
    ("to", "matches", "k*"),
    ("amount", "gt", 99), ("amount", "ge", 100), ("amount", "lt", 100.5), ("amount", "le", 100),
    ("amount", "eq", 100.0), ("amount", "eq", "100"), ("labels", "eq", "red"),
    ("labels", "matches", "BL*"), ("labels", "ne", "green"), ("metadata.cost", "gt", 200),
    ("due_at", "gt", "2026-04-30T00:00:00+00:00"), ("confirm", "eq", False),
    ("note", "present", False), ("to", "present", True), ("to", "present", None),
    ("none", "ne", "x"), ("touches", "eq", "#general"), ("touches", "matches", "@*"),
    ("to", "gt", 5), ("amount", "lt", "soon"),  # what cannot be compared counts as holding
]  # fmt: skip
HOLDS_NOT = [
    ("to", "eq", "lin"), ("to", "ne", "KAY"), ("to", "in", ["lin"]), ("to", "matches", "l*"),
    ("amount", "gt", 100), ("amount", "ge", 101), ("amount", "lt", 100), ("amount", "eq", True),
    ("labels", "eq", "green"), ("labels", "ne", "red"), ("metadata.cost", "gt", 250),
    ("metadata.none", "gt", 1), ("confirm", "eq", True), ("note", "present", True),
    ("none", "eq", ""), ("touches", "eq", "#vault"), ("absent", "lt", 1),
    ("due_at", "lt", "2026-04-30T00:00:00+00:00"),
]  # fmt: skip


@pytest.mark.parametrize(("field", "op", "value"), HOLDS)
def test_conditions_that_hold(field: str, op: Any, value: Any) -> None:
    assert all_hold([Condition(field=field, op=op, value=value)], ARGUMENTS, THINGS)


@pytest.mark.parametrize(("field", "op", "value"), HOLDS_NOT)
def test_conditions_that_do_not_hold(field: str, op: Any, value: Any) -> None:
    assert not all_hold([Condition(field=field, op=op, value=value)], ARGUMENTS, THINGS)


def test_a_policy_that_nobody_could_fulfil_is_refused(court: Court, rule: Rule) -> None:
    with pytest.raises(Conflict, match=r"Stage 1 .* when @ben asks") as refused:
        rule("@ben", requesters=["@ben", "@lin"])
    assert refused.value.state == {"stage": 1, "requesters": ["@ben"]}
    for stages in (
        [Stage(approvers=["@ben"], quorum=2)],
        [Stage(approvers=["@olga"])],  # an observer
        [Stage(approvers=["@ben"]), Stage(approvers=["@ben"])],  # everybody counts once
        [Stage(approvers=["@ben", "@cleo"]), Stage(approvers=["@ben"]), Stage(approvers=["@cleo"])],
        [Stage(approvers=["kind:agent"])],  # agents do not count there
        [Stage(approvers=["manager+9"])],
    ):
        with pytest.raises(Conflict, match="could never be fulfilled"):
            rule(stages=stages)
    assert not Policy.objects.exists()


def test_different_people_are_found_for_stages_that_share_some(court: Court, rule: Rule) -> None:
    """Ben alone fits the second stage, so Cleo has to take the first."""
    rule(stages=[Stage(approvers=["@ben", "@cleo"]), Stage(approvers=["@ben"])])


def test_agents_of_the_requester_fulfil_nothing(court: Court, rule: Rule) -> None:
    Member.objects.filter(pk=court.kay.pk).update(registered_by=court.lin)
    with pytest.raises(Conflict, match="could never be fulfilled"):
        rule("@kay")


@pytest.mark.parametrize(
    "given",
    [
        {"pattern": "no_such_action"},
        {"pattern": "list_channels"},
        {"pattern": "set_password"},
        {"pattern": "join_company"},
        {"pattern": "upload_file"},
        {"pattern": "decide"},
        {"pattern": "ack"},
        {"requesters": ["ben"]},
        {"requesters": ["@nobody"]},
        {"requesters": ["authority:king"]},
        {"requesters": ["manager"]},
        {"requesters": ["department:nowhere"]},
        {"stages": [Stage(approvers=["manager+x"])]},
        {"stages": [Stage(approvers=["@teammcp"])]},
        {"arguments": [where("amount", 5)]},
        {"arguments": [where("to", "x", "in")]},
        {"arguments": [where("to", ["x"], "eq")]},
        {"arguments": [where("to", 5, "matches")]},
        {"arguments": [where("to", "yes", "present")]},
        {"name": " "},
    ],
)
def test_a_rule_that_makes_no_sense_is_refused(
    court: Court, rule: Rule, given: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput) as refused:
        rule("@ben", **given)
    assert refused.value.next
    assert not Policy.objects.exists()


def test_a_wide_pattern_says_what_it_cannot_hold(court: Court, rule: Rule) -> None:
    made = rule("@ben", pattern="*")
    assert any(line.startswith("set_password: ") for line in made.not_covered)
    assert "send_message" in made.actions
    assert "decide" not in made.actions


def test_rules_are_for_admins_and_read_by_all(court: Court, rule: Rule) -> None:
    with pytest.raises(Forbidden):
        services.create_policy(
            actor=court.lin, name="Mine", pattern="send_message", stages=[Stage(approvers=["@ben"])]
        )
    rule("@ben")
    assert selectors.show_policy(actor=court.olga, policy="words").stages[0].approvers == ["@ben"]
    (found,) = selectors.list_policies(actor=court.sam, action="send_message").items
    assert found.name == "Words"


def test_two_editors_do_not_overwrite_each_other(court: Court, rule: Rule) -> None:
    made = rule("@ben")
    services.update_policy(actor=court.ada, policy="Words", version=made.version, enabled=False)
    with pytest.raises(Conflict, match="at version 2"):
        services.update_policy(actor=court.owner, policy="Words", version=1, enabled=True)


def test_a_policy_about_policies_holds_its_own_change(court: Court, rule: Rule) -> None:
    rule("@owner", pattern="*_policy", requesters=["@ada"])
    request = held_call(court.ada, "update_policy", policy="Words", enabled=False)
    assert Policy.objects.get().enabled
    assert decide(court.owner, request) == "executed"
    assert not Policy.objects.get().enabled


def test_what_waits_goes_on_under_the_rules_by_which_it_was_held(court: Court, rule: Rule) -> None:
    rule("@ben")
    request = ask(court.lin)
    services.update_policy(actor=court.owner, policy="Words", stages=[Stage(approvers=["@cleo"])])
    assert decide(court.ben, request) == "executed"
    assert sent() == 1


def test_a_new_rule_that_nobody_was_asked_about_voids_what_was_approved(
    court: Court, rule: Rule
) -> None:
    rule("@ben")
    request = ask(court.lin)
    rule("@cleo", name="More words")
    assert decide(court.ben, request) == "superseded"
    assert sent() == 0
