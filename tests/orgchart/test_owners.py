"""A company never loses its last owner who is a person, and opens whatever became of its owners."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from audit.models import Event
from orgchart.models import Member
from orgchart.services import (
    open_company,
    pause_member,
    redeem_sign_in_link,
    retire_member,
    update_member,
)
from teammcp.claims import Refusal
from teammcp.core.errors import Conflict
from teammcp.management.commands import up
from tests.conftest import person


@pytest.fixture
def machine(owner: Member, lin: Member) -> Member:
    """Lin, an agent, as a second owner."""
    update_member(actor=owner, member="lin", authority="owner")
    lin.refresh_from_db()
    return lin


ENDINGS: list[Callable[[Member], Any]] = [
    lambda actor: update_member(actor=actor, member="owner", authority="admin"),
    lambda actor: pause_member(actor=actor, member="owner", reason="A test."),
    lambda actor: retire_member(actor=actor, member="owner"),
]


@pytest.mark.parametrize("end", ENDINGS)
def test_an_agent_cannot_take_away_the_last_owner_who_is_a_person(
    machine: Member, owner: Member, end: Callable[[Member], Any]
) -> None:
    with pytest.raises(Conflict, match="last owner who is a person"):
        end(machine)
    owner.refresh_from_db()
    assert (owner.authority, owner.status) == ("owner", "active")
    assert open_company().owner_handle == "owner"


@pytest.mark.parametrize("end", ENDINGS)
def test_with_another_person_as_owner_it_works(
    machine: Member, owner: Member, end: Callable[[Member], Any]
) -> None:
    person("second", "owner")
    end(machine)
    assert open_company().owner_handle == "second"


def test_an_agent_who_is_an_owner_can_be_made_a_member_again(
    machine: Member, owner: Member
) -> None:
    update_member(actor=owner, member="lin", authority="member")
    machine.refresh_from_db()
    assert machine.authority == "member"


def test_without_a_person_the_company_opens_for_the_agent_who_owns_it(
    machine: Member, owner: Member
) -> None:
    Member.objects.filter(pk=owner.pk).update(status="retired")
    opened = open_company()
    assert opened.owner_handle == "lin"
    assert redeem_sign_in_link(opened.sign_in_token) == machine


@pytest.mark.parametrize("damage", [{"status": "paused"}, {"authority": "member"},
                                    {"status": "retired", "authority": "observer"}])  # fmt: skip
def test_without_any_owner_the_founder_is_owner_again(
    owner: Member, ada: Member, damage: dict[str, str]
) -> None:
    Member.objects.filter(pk=owner.pk).update(**damage)
    opened = open_company()
    assert redeem_sign_in_link(opened.sign_in_token) == owner
    owner.refresh_from_db()
    assert (owner.authority, owner.status) == ("owner", "active")
    event = Event.objects.filter(kind="member.updated").latest("seq")
    assert event.actor.kind == "system"
    assert event.data["changed"].keys() == damage.keys()


def test_a_company_that_nobody_can_own_is_refused_in_one_line(owner: Member) -> None:
    Member.objects.filter(pk=owner.pk).update(kind="agent", status="retired")
    with pytest.raises(Refusal, match="no owner, and nobody who could be one") as refused:
        up.open_data()
    assert "\n" not in str(refused.value)
