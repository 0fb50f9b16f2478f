"""The directory: who can do what, who is there, and whom a skill means."""

from __future__ import annotations

from typing import Any

import pytest

from audit.listening import listening
from messaging.services import schedule_message, send_message
from orgchart import recent
from orgchart.directory import colleagues, find_people
from orgchart.models import Member
from orgchart.selectors import show_member
from orgchart.services import (
    create_department,
    move_member,
    pause_member,
    set_manager,
    update_member,
)
from teammcp.core.errors import Conflict, Forbidden, NotFound
from tests.conftest import ApiOf, agent
from tests.scenes import scene

LONG = "x" * 500


@scene
def bench(owner: Member, lin: Member, kay: Member, sam: Member) -> dict[str, Member]:
    """Lin and Kay write Python; Sam writes Go, under Lin, in Platform."""
    said: dict[str, dict[str, Any]] = {
        "lin": {"capabilities": ["Python", "review"], "model": "Opus 5", "languages": ["Deutsch"]},
        "kay": {
            "capabilities": ["python", "übersetzen"],
            "tools": ["docker"],
            "charter": "x" * 500,
        },
        "sam": {"capabilities": ["Go"], "tools": ["docker", "terraform"], "languages": ["中文"]},
    }
    for handle, entry in said.items():
        update_member(actor=owner, member=handle, **entry)
    create_department(actor=owner, name="Platform")
    move_member(actor=owner, member="sam", department="platform")
    set_manager(actor=owner, member="sam", manager="lin")
    return {m.handle: m for m in Member.objects.all()}


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"skill": "python"}, ["kay", "lin"]),
        ({"skill": "pyth"}, []),
        ({"skill": "übersetzen"}, ["kay"]),
        ({"tool": "Docker"}, ["kay", "sam"]),
        ({"tool": "docker", "skill": "go"}, ["sam"]),
        ({"language": "中文"}, ["sam"]),
        ({"model": "opus"}, ["lin"]),
        ({"department": "platform"}, ["sam"]),
        ({"manager": "@lin"}, ["sam"]),
        ({"query": "terraform"}, ["sam"]),
        ({"query": "opus review"}, ["lin"]),
        ({"status": "retired"}, ["rex"]),
        ({"skill": '"'}, []),
        ({"skill": "%"}, []),
    ],
)
def test_people_are_found_by(
    bench: dict[str, Member], owner: Member, rex: Member, wanted: dict[str, Any], found: list[str]
) -> None:
    assert [hit.handle for hit in find_people(actor=owner, **wanted).items] == found


def test_a_hit_says_what_they_are_and_how_much_they_have_in_hand(
    bench: dict[str, Member], owner: Member
) -> None:
    send_message(actor=owner, to="@sam", body="Which one?", expects_reply=True)
    (sam,) = find_people(actor=owner, query="sam").items
    assert (sam.manager, sam.department, sam.load) == ("lin", "platform", {"question": 1})
    (kay,) = find_people(actor=owner, query="kay").items
    assert len(kay.charter) == 161
    assert len(show_member(actor=owner, member="kay").charter) == 500


def test_people_are_found_by_who_is_there(
    bench: dict[str, Member], owner: Member, rex: Member
) -> None:
    Member.objects.update(last_active_at=None)
    recent.touch(bench["kay"].pk)
    pause_member(actor=owner, member="sam", reason="A test.")
    with listening(bench["lin"].pk, "stream"):
        found = {
            word: [hit.handle for hit in find_people(actor=owner, presence=word).items]
            for word in ("here", "idle", "in a turn", "away", "off", "paused")
        }
        near, more = colleagues(owner, 2)
    assert found == {
        "here": ["kay", "lin"], "idle": ["lin"], "in a turn": ["kay"], "away": [],
        "off": ["owner"], "paused": ["sam"],
    }  # fmt: skip
    assert ([member.handle for member in near], more) == (["kay", "lin"], True)


def test_everybody_edits_the_own_entry_managers_those_below_and_nobody_else(
    bench: dict[str, Member], owner: Member
) -> None:
    lin, kay, sam = bench["lin"], bench["kay"], bench["sam"]
    assert update_member(actor=sam, tools=["docker"], model="Sonnet 5").model == "Sonnet 5"
    assert update_member(actor=lin, member="sam", title="Platform Engineer", tools=[]).tools == []
    for actor, change in (
        (sam, {"title": "CTO"}),
        (sam, {"member": "lin", "charter": "Does as I say."}),
        (kay, {"member": "sam", "capabilities": []}),
        (lin, {"member": "sam", "authority": "admin"}),
        (lin, {"member": "sam", "handle": "samuel"}),
    ):
        with pytest.raises(Forbidden):
            update_member.call(actor, change)


# Whom a skill means


def to_skill(actor: Member, skill: str) -> list[str]:
    return send_message(actor=actor, to=f"skill:{skill}", body="Who can help?").to


def test_a_skill_means_the_one_who_is_here_and_has_the_least_in_hand(
    bench: dict[str, Member], owner: Member
) -> None:
    lin, kay, sam = bench["lin"], bench["kay"], bench["sam"]
    with listening(lin.pk, "stream"):
        assert to_skill(owner, "PYTHON") == ["@lin"]
        with listening(kay.pk, "stream"):
            assert to_skill(owner, "python") == ["@kay"]
            send_message(actor=sam, to="@kay", body="Which one?", expects_reply=True)
            assert to_skill(owner, "python") == ["@lin"]
            assert to_skill(lin, "python") == ["@kay"]  # never oneself
            recent.touch(lin.pk)
            assert to_skill(owner, "python") == ["@kay"]  # rather than who is in a turn


def test_a_skill_of_nobody_here_names_who_could_be_written_to(
    bench: dict[str, Member], owner: Member
) -> None:
    pause_member(actor=owner, member="lin", reason="A test.")
    with pytest.raises(Conflict, match=r"@kay \(off\), @lin \(paused\)") as refused:
        to_skill(owner, "python")
    assert refused.value.state["candidates"] == ["@kay (off)", "@lin (paused)"]


@pytest.mark.parametrize(("skill", "advice"), [("pyton", "skill:python"), ("", "find_people")])
def test_a_skill_that_nobody_has_is_refused_with_those_like_it(
    bench: dict[str, Member], owner: Member, skill: str, advice: str
) -> None:
    with pytest.raises(NotFound) as refused:
        to_skill(owner, skill)
    assert advice in refused.value.next.lower()


def test_a_schedule_to_a_skill_is_a_schedule_to_who_has_it_now(
    bench: dict[str, Member], owner: Member
) -> None:
    with listening(bench["lin"].pk, "stream"):
        made = schedule_message(actor=owner, to="skill:review", body="Ready?", cron="0 9 * * 1")
    assert made.to == "@lin"


# Registering into the chart


def test_an_agent_is_registered_at_its_place(bench: dict[str, Member], api: ApiOf) -> None:
    made = api(bench["owner"]).post(
        "register/", name="Max", manager="@lin", department="platform", model="Haiku 5",
        tools=["git"], languages=["English"],
    )  # fmt: skip
    assert made.status == 201
    member = made.data["member"]
    assert (member["manager"], member["department"]) == ("lin", "platform")
    assert (member["model"], member["tools"], member["languages"]) == (
        "Haiku 5",
        ["git"],
        ["English"],
    )


def test_a_newcomer_by_join_code_chooses_no_place(bench: dict[str, Member], api: ApiOf) -> None:
    code = api(bench["owner"]).post("join-codes/").data["join_code"]
    refused = api().post("register/", name="Max", join_code=code, manager="lin")
    assert refused.status == 400
    assert agent(bench["owner"], "max").manager is None
