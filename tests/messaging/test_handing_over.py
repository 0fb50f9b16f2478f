"""Who retires leaves nothing without a holder: what messaging knows of passes to the successor."""

from __future__ import annotations

from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Message, Question, Schedule
from messaging.selectors import list_questions
from messaging.services import (
    check_inbox,
    create_channel,
    resume,
    schedule_message,
    send_message,
    update_schedule,
)
from orgchart.handovers import preview_hand_over
from orgchart.holdings import loads
from orgchart.models import Member
from orgchart.services import retire_member, set_manager
from teammcp.core.errors import Conflict, Forbidden
from tests.conftest import ApiOf, person
from tests.databases import everything_in_the_database


def ask(actor: Member, to: str, body: str = "Which one, @kay?") -> int:
    return int(send_message(actor=actor, to=to, body=body, expects_reply=True).id)


def open_for(member: Member) -> list[int]:
    return [question.message for question in list_questions(actor=member).items]


def notes_to(member: Member) -> list[str]:
    items = check_inbox(actor=member, limit=100).items
    return [item.message.body for item in items if item.message.author == "teammcp"]


def test_a_question_in_a_channel_waits_for_the_successor(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    question = ask(lin, "#general")
    gone = retire_member(actor=owner, member="kay", successor="@sam")
    assert (gone.status, gone.successor) == ("retired", "sam")
    assert gone.handed_over == ["1 question to answer"]
    assert open_for(sam) == open_for(lin) == [question]
    assert list_questions(actor=lin).items[0].of == ["sam"]
    assert question in [item.message.id for item in check_inbox(actor=sam).items]
    assert "you take over: 1 question to answer" in notes_to(sam)[0]
    send_message(actor=sam, to=f"thread:{question}", body="This one.")
    assert open_for(lin) == []


def test_a_question_that_the_successor_may_not_read_goes_back_to_who_asked(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    question = ask(lin, "@kay", "Between us: which one?")
    gone = retire_member(actor=owner, member="kay", successor="sam")
    assert open_for(lin) == open_for(sam) == []
    assert Channel.objects.get(direct_key=f"{lin.pk}-{kay.pk}").open_questions == 0
    assert "@sam takes over: ask them" in notes_to(lin)[0]
    assert f"Question {question} of @lin" in gone.notes[0]
    assert "Between us" not in str(check_inbox(actor=sam))


def test_who_asked_it_owes_no_answer_to_themselves(owner: Member, lin: Member, kay: Member) -> None:
    ask(lin, "#general")
    retire_member(actor=owner, member="kay", successor="lin")
    assert open_for(lin) == []


def test_the_answer_to_what_the_member_asked_goes_to_the_successor(
    owner: Member, lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    public, private = ask(lin, "#general"), ask(lin, "#vault")
    retire_member(actor=owner, member="lin", successor="sam")
    assert open_for(kay) == open_for(sam) == [public]
    assert Question.objects.get(pk=private).closed_at is not None
    answer = send_message(actor=kay, to=f"thread:{public}", body="This one.").id
    assert answer in [item.message.id for item in check_inbox(actor=sam).items]


def test_a_schedule_passes_on_paused_and_a_private_one_ends(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    weekly = schedule_message(actor=lin, to="#general", body="Standup?", cron="0 9 * * 1").id
    direct = schedule_message(actor=lin, to="@kay", body="And you?", cron="0 9 * * 1").id
    gone = retire_member(actor=owner, member="lin", successor="sam")
    row = Schedule.objects.get(pk=weekly)
    assert (row.author, row.state, row.due_at) == (sam, "paused", None)
    assert Schedule.objects.get(pk=direct).state == "cancelled"
    assert any(f"Schedule {direct} was cancelled" in note for note in gone.notes)
    assert update_schedule(actor=sam, schedule_id=weekly, state="active").next_run is not None


@pytest.mark.parametrize("heir", ["bo", "sam"])
def test_a_parked_conversation_waits_for_a_person(
    owner: Member, lin: Member, sam: Member, heir: str
) -> None:
    ida, bo = person("ida"), person("bo")
    root = send_message(actor=lin, to="#general", body="Round and round.").id
    Message.objects.filter(pk=root).update(parked_at=timezone.now(), parked_to=ida)
    retire_member(actor=owner, member="ida", successor=heir)
    person_asked = Message.objects.get(pk=root).parked_to
    assert person_asked == (bo if heir == "bo" else owner)


def test_without_a_successor_it_passes_to_the_nearest_manager_at_work(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    set_manager(actor=owner, member="kay", manager="sam")
    question = ask(lin, "#general")
    shown = preview_hand_over(actor=owner, member="kay")
    assert (shown.successor, shown.problem) == ("sam", None)
    assert [(each.words, [i.id for i in each.items]) for each in shown.holds] == [
        ("1 question to answer", [str(question)])
    ]
    assert retire_member(actor=owner, member="kay").successor == "sam"
    assert open_for(sam) == [question]


def test_nothing_is_left_without_a_holder(owner: Member, lin: Member, kay: Member) -> None:
    ask(lin, "#general")
    before = everything_in_the_database()
    assert "1 question to answer" in str(preview_hand_over(actor=owner, member="kay").problem)
    with pytest.raises(Conflict, match="@kay holds 1 question to answer, and has no manager"):
        retire_member(actor=owner, member="kay")
    assert everything_in_the_database() == before


@pytest.mark.parametrize(
    ("heir", "why"),
    [("kay", "of themselves"), ("rex", "retired"), ("olga", "an observer"), ("moe", "paused")],
)
def test_only_who_is_at_work_takes_over(
    owner: Member, kay: Member, rex: Member, olga: Member, heir: str, why: str
) -> None:
    from orgchart.services import pause_member
    from tests.conftest import agent

    agent(owner, "moe")
    pause_member(actor=owner, member="moe", reason="A test.")
    with pytest.raises(Conflict, match=why):
        retire_member(actor=owner, member="kay", successor=heir)


def test_reports_and_departments_pass_on_and_a_successor_from_below_makes_no_loop(
    owner: Member, lin: Member, kay: Member, sam: Member, api: ApiOf
) -> None:
    for member, manager in (("lin", "owner"), ("kay", "lin"), ("sam", "kay")):
        set_manager(actor=owner, member=member, manager=manager)
    api(owner).post("departments/", name="Build", head="lin")
    gone = retire_member(actor=owner, member="lin", successor="sam")
    assert gone.handed_over == ["1 report", "1 department"]
    managers = dict(Member.objects.values_list("handle", "manager__handle"))
    assert (managers["sam"], managers["kay"]) == ("owner", "sam")
    assert api(owner).get("departments/").data["items"][0]["head"] == "sam"
    assert Event.objects.filter(kind="member.manager_set").latest("seq").actor == owner


def test_writing_to_who_has_retired_names_who_took_over_then_and_later(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    send_message(actor=lin, to="@kay", body="Are you there?")
    retire_member(actor=owner, member="kay", successor="sam")
    assert send_message(actor=lin, to="@kay", body="And now?").to == [
        "@kay (retired; @sam took over)"
    ]
    retire_member(actor=owner, member="sam", successor="owner")
    assert send_message(actor=lin, to="@kay", body="?").to == ["@kay (retired; @owner took over)"]


def test_a_preview_is_for_oneself_and_those_above(lin: Member, kay: Member) -> None:
    assert preview_hand_over(actor=kay, member="kay").holds == []
    with pytest.raises(Forbidden, match="You cannot see the hand-over of @kay"):
        preview_hand_over(actor=lin, member="kay")


def test_a_preview_shows_no_more_than_its_reader_may_see(
    owner: Member, lin: Member, kay: Member
) -> None:
    ask(lin, "@kay", "Between us: which one?")
    shown = preview_hand_over(actor=owner, member="kay").holds
    assert [(each.total, each.items) for each in shown] == [(1, [])]


def test_the_load_of_many_costs_one_query_for_each_kind(
    owner: Member, lin: Member, kay: Member, django_assert_max_num_queries: Any
) -> None:
    ask(lin, "#general")
    with django_assert_max_num_queries(2 * len(Member.objects.all())):
        found = loads([lin.pk, kay.pk, owner.pk])
    assert found[kay.pk] == {"question": 1}
    assert found[lin.pk] == {}


def test_after_a_restart_one_call_says_what_one_is_holds_owes_and_missed(
    owner: Member, lin: Member, kay: Member, sam: Member
) -> None:
    set_manager(actor=owner, member="kay", manager="lin")
    set_manager(actor=owner, member="sam", manager="kay")
    question = ask(lin, "#general")
    awaited = ask(kay, "@sam", "And which one is yours?")
    schedule_message(actor=kay, to="#general", body="Standup?", cron="0 9 * * 1")
    create_channel(actor=lin, name="build", invite=["kay"])
    now = resume(actor=kay)
    assert (now.you.handle, now.you.manager) == ("kay", "lin")
    owed, held = now.owes or [], now.holds or []
    assert [(part.words, [item.id for item in part.items]) for part in owed] == [
        ("1 question to answer", [str(question)])
    ]
    assert [part.words for part in held] == [
        "1 report",
        "1 question without an answer yet",
        "1 scheduled message",
    ]
    assert held[1].items[0].id == str(awaited)
    assert now.inbox.items[0].message.id == question
    assert "@owner put @kay under @lin" in now.changed
