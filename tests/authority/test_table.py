"""Every authority, every relation in the chart, every order, against the one written-down table."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.db import transaction

from orgchart.models import Member
from orgchart.selectors import system_member
from teammcp.core.actions import registry
from teammcp.core.errors import AppError, Conflict, Forbidden, NotFound
from tests.authority.table import (
    AUTHORITIES,
    NOBODY,
    RELATIONS,
    Rule,
    all_rules,
    allowed,
    document,
)
from tests.conftest import agent, person
from tests.scenes import scene

# Where the target stands, with the giver in the middle of a line of five.
PLACES = {
    "self": "giver", "report": "report", "below": "below", "beside": "beside",
    "manager": "manager", "above": "above", "apart": "apart",
}  # fmt: skip
LINES = {
    "manager": "above", "giver": "manager", "beside": "manager", "report": "giver",
    "below": "report",
}  # fmt: skip


@scene
def five_levels(owner: Member) -> None:
    """Above leads Manager, who leads Giver and Beside; Giver leads Report, who leads Below.

    A second owner keeps the company from losing its last one."""
    person("spare", "owner")
    for handle in ("above", "manager", "giver", "beside", "report", "below", "apart", "heir"):
        agent(owner, handle)
    for member, manager in LINES.items():
        above = Member.objects.get(handle=manager)
        Member.objects.filter(handle=member).update(manager=above)


@pytest.mark.parametrize("key", sorted(all_rules()))
def test_the_table_holds(five_levels: None, owner: Member, key: str) -> None:
    """All authorities of both, in all relations: 4 x 4 x 7 calls for each order."""
    rule, wrong = all_rules()[key], []
    for giver in AUTHORITIES:
        for target in AUTHORITIES:
            for relation, handle in PLACES.items():
                if relation == "self" and target != giver:
                    continue
                expected = allowed(rule, giver, target, relation)
                found = _tried(owner, rule, giver, target, handle)
                least = rule.own if relation == "self" else rule.below
                if found == "never" and least == NOBODY:
                    found = "forbidden"
                if found != ("yes" if expected else "forbidden"):
                    wrong.append(f"{giver} -> {target}, {relation}: {found}, not {expected}")
    assert wrong == []


def _tried(owner: Member, rule: Rule, giver: str, target: str, handle: str) -> str:
    """What the server says, with nothing left of it."""
    with transaction.atomic():
        Member.objects.filter(handle=handle).update(authority=target)
        Member.objects.filter(handle="giver").update(authority=giver)
        if rule.arrange is not None:
            rule.arrange(owner, "giver", handle)
        actor = Member.objects.get(handle="giver")
        try:
            registry[rule.action].call(actor, rule.payload("giver", handle))
            return "yes"
        except (Forbidden, NotFound):  # what one may not see is refused as absent
            return "forbidden"
        except Conflict:
            return "never"  # whoever asks: one's own work, or what only its holder does
        except AppError as error:
            return f"{type(error).__name__}: {error.message}"
        finally:
            transaction.set_rollback(True)


def test_a_refused_order_names_somebody_who_may_give_it(five_levels: None, owner: Member) -> None:
    """And whoever is named may."""
    actor = Member.objects.get(handle="beside")
    for handle in ("giver", "report", "below", "manager", "apart"):
        with pytest.raises(Forbidden) as refused:
            registry["pause_member"].call(actor, {"member": handle, "reason": "No."})
        named = refused.value.state["who_may"]
        assert named
        for name in named:
            with transaction.atomic():
                other = Member.objects.get(handle=name.removeprefix("@"))
                registry["pause_member"].call(other, {"member": handle, "reason": "Yes."})
                transaction.set_rollback(True)


def test_who_is_paused_or_narrowed_gives_no_orders(five_levels: None, owner: Member) -> None:
    giver = Member.objects.get(handle="giver")
    order = {"member": "report", "reason": "No."}
    giver.credential_scopes = frozenset({"profile:write", "org:read"})
    with pytest.raises(Forbidden):
        registry["pause_member"].call(giver, order)
    giver.credential_scopes, giver.status = None, Member.Status.PAUSED
    with pytest.raises(Forbidden, match="You are paused"):
        registry["pause_member"].call(giver, order)


def test_the_house_takes_no_orders(five_levels: None, owner: Member) -> None:
    for name in ("pause_member", "retire_member"):
        with pytest.raises(AppError):
            registry[name].call(owner, {"member": system_member().handle, "reason": "No."})


def test_the_page_of_the_table_is_what_the_table_says() -> None:
    page = Path(__file__).parents[2] / "docs" / "authority.md"
    assert page.read_text() == document() + "\n", "python -m tests.authority > docs/authority.md"


def test_each_relation_is_told_of() -> None:
    assert PLACES.keys() == RELATIONS.keys()
    assert Conflict.code == "conflict"
