"""Questions stay open in both inboxes until answered, and climb the reporting line."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from messaging.models import Channel, Question
from messaging.selectors import list_questions
from messaging.services import ack, check_inbox, remove_from_channel, send_message
from messaging.services.questions import FIRST_STEP, NEXT_STEP, climb
from orgchart.models import Member
from tests.conftest import ApiOf


def ask(actor: Member, to: str = "@kay", body: str = "Which one, @kay?") -> int:
    return int(send_message(actor=actor, to=to, body=body, expects_reply=True).id)


def open_for(member: Member) -> list[int]:
    return [question.message for question in list_questions(actor=member).items]


def notes_to(member: Member) -> list[str]:
    items = check_inbox(actor=member, limit=100).items
    return [item.message.body for item in items if item.message.author == "teammcp"]


@pytest.mark.parametrize("to", ["@kay", "#general"])
def test_a_question_is_open_for_both_until_it_is_answered(
    lin: Member, kay: Member, sam: Member, to: str
) -> None:
    question = ask(lin, to)
    assert open_for(lin) == open_for(kay) == [question]
    assert open_for(sam) == []
    send_message(actor=kay, to=f"thread:{question}", body="This one.")
    assert open_for(lin) == open_for(kay) == []
    assert Question.objects.get().answer is not None


def test_an_acknowledgement_is_no_answer(lin: Member, kay: Member) -> None:
    question = ask(lin)
    ack(actor=kay, up_to=check_inbox(actor=kay).cursor)
    assert open_for(kay) == [question]
    inbox = check_inbox(actor=kay)
    assert (inbox.items, [one.message for one in inbox.questions or []]) == ([], [question])


def test_in_a_direct_conversation_a_plain_message_answers(lin: Member, kay: Member) -> None:
    ask(lin)
    send_message(actor=kay, to="@lin", body="This one.")
    assert open_for(lin) == []
    assert Channel.objects.get(kind="direct").open_questions == 0


def test_neither_the_asker_nor_a_bystander_answers_it(
    lin: Member, kay: Member, sam: Member
) -> None:
    question = ask(lin, "#general")
    send_message(actor=lin, to=f"thread:{question}", body="Anybody?")
    send_message(actor=sam, to=f"thread:{question}", body="Not me.")
    assert open_for(kay) == [question]


def test_a_message_for_nobody_is_no_question(lin: Member) -> None:
    ask(lin, "#general", "Anybody?")
    assert not Question.objects.exists()


def test_who_may_not_see_it_any_more_does_not_owe_it(
    lin: Member, kay: Member, vault: Channel
) -> None:
    ask(lin, "#vault")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    assert open_for(kay) == []


def test_an_overdue_question_climbs_the_chart_each_step_once(
    lin: Member, kay: Member, ada: Member, owner: Member
) -> None:
    Member.objects.filter(pk=kay.pk).update(manager=ada)
    Member.objects.filter(pk=ada.pk).update(manager=owner)
    ask(lin)
    start = timezone.now()
    assert climb(start + FIRST_STEP - timedelta(minutes=1)) == 0
    told = []
    for step in range(6):
        for _ in range(3):
            climb(start + FIRST_STEP + (NEXT_STEP + timedelta(minutes=1)) * step)
        told.append([len(notes_to(member)) for member in (kay, ada, owner)])
    assert told == [[1, 0, 0], [1, 1, 0], [1, 1, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]]


def test_a_manager_hears_no_word_of_what_was_asked(lin: Member, kay: Member, ada: Member) -> None:
    Member.objects.filter(pk=kay.pk).update(manager=ada)
    ask(lin, body="The combination is xyzzy?")
    for step in range(2):
        climb(timezone.now() + FIRST_STEP + NEXT_STEP * step + timedelta(minutes=step + 1))
    (note,) = notes_to(ada)
    assert "@kay has not answered" in note
    assert "xyzzy" not in note


def test_an_answered_question_climbs_no_more(lin: Member, kay: Member) -> None:
    question = ask(lin)
    send_message(actor=kay, to=f"thread:{question}", body="This one.")
    assert climb(timezone.now() + FIRST_STEP * 9) == 0


def test_over_rest(lin: Member, kay: Member, api: ApiOf) -> None:
    question = ask(lin)
    (item,) = api(kay).get("inbox/questions/").data["items"]
    assert (item["message"], item["asked_by"], item["of"]) == (question, "lin", ["kay"])
