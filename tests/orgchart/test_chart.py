"""The reporting lines: who stands above whom, who may give orders, and what is refused."""

from __future__ import annotations

import pytest

from audit.models import Event
from orgchart.chart import (
    branch_below,
    escalation_line,
    line_above,
    managers_of,
    manages,
    require_above,
    who_may_order,
)
from orgchart.models import Member
from orgchart.services import pause_member, retire_member, set_manager, unpause_member
from teammcp.core.errors import Conflict, Forbidden
from tests.conftest import ApiOf, agent
from tests.scenes import scene


@scene
def line(owner: Member, ada: Member, lin: Member, kay: Member, sam: Member) -> dict[str, Member]:
    """Ada leads Lin, who leads Kay, who leads Moe; Sam stands beside Lin, under Ada."""
    agent(owner, "moe")
    for member, manager in (("lin", "ada"), ("sam", "ada"), ("kay", "lin"), ("moe", "kay")):
        set_manager(actor=owner, member=member, manager=manager)
    return {m.handle: m for m in Member.objects.all()}


def handles(members: list[Member]) -> list[str]:
    return [member.handle for member in members]


def test_the_line_above_and_the_branch_below(line: dict[str, Member]) -> None:
    moe, ada = line["moe"], line["ada"]
    assert line_above(moe.pk) == [line["kay"].pk, line["lin"].pk, ada.pk]
    assert handles(managers_of(moe)) == ["kay", "lin", "ada"]
    assert branch_below(ada.pk) == {line[name].pk for name in ("lin", "sam", "kay", "moe")}
    assert branch_below(moe.pk) == set()
    assert line_above(ada.pk) == []


def test_escalation_passes_over_those_who_are_not_at_work(line: dict[str, Member]) -> None:
    pause_member(actor=line["ada"], member="kay", reason="A test.")
    assert handles(escalation_line(line["moe"])) == ["lin", "ada"]
    unpause_member(actor=line["ada"], member="kay")
    retire_member(actor=line["ada"], member="lin", successor="kay")
    assert handles(escalation_line(line["moe"])) == ["kay", "ada"]


def test_a_manager_manages_the_whole_branch_and_nobody_else(line: dict[str, Member]) -> None:
    lin = line["lin"]
    managed = {name for name, member in line.items() if manages(lin, member)}
    assert managed == {"kay", "moe"}


def test_owners_stand_above_everybody_and_admins_above_all_who_are_neither(
    line: dict[str, Member], owner: Member
) -> None:
    moe = line["moe"]
    Member.objects.filter(pk=moe.pk).update(authority="admin")
    moe.refresh_from_db()
    assert manages(owner, line["ada"])
    assert not manages(line["ada"], owner)
    assert not manages(moe, line["ada"])
    assert manages(moe, line["sam"])
    assert manages(line["ada"], moe)  # by the reporting line, with the same authority


def test_the_chart_gives_no_power_over_higher_authority(
    line: dict[str, Member], owner: Member
) -> None:
    set_manager(actor=owner, member="owner", manager="moe")
    assert not manages(line["moe"], owner)
    with pytest.raises(Forbidden):
        pause_member(actor=line["moe"], member="owner", reason="A coup.")


def test_a_narrowed_credential_has_only_the_rights_it_was_left(line: dict[str, Member]) -> None:
    ada = line["ada"]
    ada.credential_scopes = frozenset({"team:write", "org:read"})
    assert not manages(ada, agent(line["owner"], "zoe"))
    assert manages(ada, line["kay"])


def test_a_refused_order_names_who_may_give_it(line: dict[str, Member], owner: Member) -> None:
    sam, kay = line["sam"], line["kay"]
    with pytest.raises(Forbidden, match="You cannot pause @kay") as refused:
        require_above(sam, kay, "pause")
    assert refused.value.state["who_may"] == ["@lin", "@ada", "@owner"]
    assert refused.value.next == "Ask @lin or @ada or @owner, who may."
    assert handles(who_may_order(owner, viewer=owner)) == []
    with pytest.raises(Forbidden, match="yourself"):
        require_above(kay, kay, "pause")


# Moving


def test_a_move_leaves_before_and_after_and_counts_from_the_next_question_on(
    line: dict[str, Member], api: ApiOf
) -> None:
    moved = api(line["ada"]).post("members/kay/manager/", manager="@sam")
    assert (moved.status, moved.data["manager"]) == (200, "sam")
    event = Event.objects.filter(kind="member.manager_set").latest("seq")
    assert event.data["changed"] == {"manager": ["lin", "sam"]}
    assert manages(line["sam"], line["moe"])
    assert not manages(line["lin"], line["moe"])


@pytest.mark.parametrize(
    ("member", "manager", "why"),
    [
        ("lin", "lin", "cannot report to themselves"),
        ("lin", "kay", "loop"),
        ("lin", "moe", "loop"),
        ("lin", "rex", "is retired and leads nobody"),
        ("rex", "lin", "@rex is retired"),
    ],
)
def test_moves_that_would_break_the_chart_are_refused(
    line: dict[str, Member], rex: Member, member: str, manager: str, why: str
) -> None:
    with pytest.raises(Conflict, match=why):
        set_manager(actor=line["ada"], member=member, manager=manager)


def test_a_manager_moves_within_the_own_branch_only(line: dict[str, Member]) -> None:
    lin = line["lin"]
    assert set_manager(actor=lin, member="moe", manager="lin").manager == "lin"
    for member, manager in (("moe", "sam"), ("moe", "ada"), ("moe", ""), ("sam", "kay")):
        with pytest.raises(Forbidden):
            set_manager(actor=lin, member=member, manager=manager)
    assert set_manager(actor=line["ada"], member="moe").manager is None


def test_a_move_to_where_one_stands_records_nothing(line: dict[str, Member]) -> None:
    before = Event.objects.count()
    set_manager(actor=line["ada"], member="kay", manager="lin")
    assert Event.objects.count() == before


def test_the_database_itself_refuses_who_manages_themselves(lin: Member) -> None:
    from django.db import IntegrityError, transaction

    with pytest.raises(IntegrityError), transaction.atomic():
        Member.objects.filter(pk=lin.pk).update(manager=lin)
