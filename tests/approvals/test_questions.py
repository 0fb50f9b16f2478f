"""Questions to people: options, a time, a default recorded as one, and what waiting costs."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from approvals import services
from approvals.models import Hearer, Question
from approvals.schemas import Stage
from approvals.selectors import list_approvals, list_asked_questions, wait_for_approval
from approvals.services.question_times import step_questions
from audit.models import Event
from orgchart.models import Member
from orgchart.services import create_project
from tasks.services import set_working_calendar
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from teammcp.serving import Server
from tests.approvals.conftest import Court, Rule, ask, told, waited
from tests.approvals.test_concurrency import at_once
from tests.asgi import in_thread
from tests.conftest import ApiOf, agent, token_of

Put = Callable[..., str]


@pytest.fixture
def put(court: Court) -> Put:
    """`put("@ben", options=[...])`: a question of Lin's, and its name."""

    def ask(*asked: str, asker: Member | None = None, **given: Any) -> str:
        wanted = {"question": "Ship on Friday?", "options": ["Yes", "No"], **given}
        return services.ask_question(actor=asker or court.lin, asked=list(asked), **wanted).id

    return ask


def row(name: str) -> Question:
    return Question.objects.get(pk=int(name[2:]))


def answer(member: Member, name: str, text: str = "Yes", **more: Any) -> str:
    services.answer_question.call(member, {"question": name, "answer": text, **more})
    return row(name).status


def after(**span: float) -> datetime:
    return timezone.now() + timedelta(**span)


# Asking and answering


def test_a_question_reaches_those_asked_and_the_answer_reaches_the_asker(
    court: Court, put: Put
) -> None:
    name = put("@ben", "@cleo", default="No", cost="high", cost_reason="The press waits")
    for member in (court.ben, court.cleo):
        (notice,) = told(member)
        assert name in notice
        assert "Ship on Friday?" in notice
        assert "“No” by default" in notice
        assert "The press waits" in notice
    assert answer(court.ben, name, "yes", comment="After lunch.") == "answered"
    (heard,) = told(court.lin)
    assert "@ben answered" in heard
    assert "Yes. “After lunch.”" in heard
    assert row(name).answer == "Yes"


def test_the_first_answer_counts_for_everybody(court: Court, put: Put) -> None:
    name = put("@ben", "@cleo")
    answer(court.ben, name)
    with pytest.raises(Conflict, match="answered already by @ben: Yes"):
        answer(court.cleo, name, "No")
    assert row(name).answer == "Yes"


def test_only_those_asked_answer(court: Court, put: Put) -> None:
    name = put("@ben")
    with pytest.raises(NotFound):
        answer(court.cleo, name)
    with pytest.raises(Forbidden, match="Who asks does not answer"):
        answer(court.lin, name)
    with pytest.raises(Forbidden, match="put to @ben"):
        answer(court.owner, name)
    assert row(name).status == "open"


def test_whom_a_group_means_is_worked_out_when_somebody_answers(court: Court, put: Put) -> None:
    name = put("manager")
    Member.objects.filter(pk=court.lin.pk).update(manager=court.dora)
    with pytest.raises(Forbidden):
        answer(court.ben, name)
    assert answer(court.dora, name) == "answered"


def test_agents_are_asked_only_by_name(court: Court, put: Put) -> None:
    with pytest.raises(Conflict, match="Nobody is here"):
        put("kind:agent")
    assert answer(court.kay, put("@kay")) == "answered"


def test_who_stands_in_answers_for_who_is_away(court: Court, put: Put) -> None:
    services.set_stand_in(actor=court.ben, member="cleo", ends_at=after(days=1))
    name = put("@ben")
    answer(court.cleo, name)
    shown = services.show_question(actor=court.lin, question=name)
    assert (shown.answered_by, shown.answering_for) == ("cleo", "ben")
    assert "for @ben" in told(court.lin)[-1]


def test_without_options_any_text_answers(court: Court, put: Put) -> None:
    name = put("@ben", options=[], question="What should it be called?")
    assert answer(court.ben, name, "Zebra") == "answered"
    assert row(name).answer == "Zebra"


@pytest.mark.parametrize(
    "given",
    [
        {"options": ["Only"]},
        {"options": ["Yes", "yes"]},
        {"options": [str(number) for number in range(9)]},
        {"default": "Maybe"},
        {"default": "Yes", "options": []},
        {"cost": "high"},
        {"cost": "endless"},
        {"answer_minutes": 0},
        {"question": " "},
        {"question": "Two\nlines"},
        {"asked": []},
        {"asked": ["everybody"]},
        {"asked": ["@nobody"]},
        {"about_action": "no_such"},
        {"about_action": "find_people"},
        {"about_action": "ask_question", "arguments": {"question": "Why?", "asked": ["@ben"]}},
        {"about_action": "set_password"},
        {"arguments": {"to": "#general"}},
        {"about_action": "send_message", "arguments": {"to": 5}},
    ],
)
def test_what_makes_no_sense_is_refused(court: Court, given: dict[str, Any]) -> None:
    wanted = {"question": "Ship?", "asked": ["@ben"], "options": ["Yes", "No"], **given}
    with pytest.raises(InvalidInput):
        services.ask_question.call(court.lin, wanted)
    assert not Question.objects.exists()
    assert told(court.ben) == []


@pytest.mark.parametrize(
    "strange",
    [
        pytest.param(b"[" * 300 + b"]" * 300, id="deep"),
        pytest.param(rb'"a\u0000b"', id="nul"),
        pytest.param(b'{"a":' * 60 + b"1" + b"}" * 60, id="objects"),
    ],
)
def test_arguments_that_could_not_be_kept_are_refused(
    court: Court, put: Put, rule: Rule, api: ApiOf, strange: bytes
) -> None:
    asked = b'{"question": "Why?", "asked": ["@ben"], "about_action": "use_tool", "arguments":'
    body = asked + b'{"tool_name": "Bash", "input": {"x": %s}}}' % strange
    answer = api(court.lin).call("POST", "approvals/questions/", body)
    assert answer.status == 400
    assert "arguments: has something in it" in answer.data["detail"]
    rule("@ben")
    name = ask(court.lin)
    body = b'{"request": "%s", "arguments": {"body": %s}}' % (name.encode(), strange)
    assert api(court.lin).call("POST", "approvals/revise/", body).status == 400


@pytest.mark.parametrize("strange", [10**30, "\ud800", float("nan")])
def test_so_are_those_that_only_other_faces_let_in(court: Court, strange: Any) -> None:
    arguments = {"tool_name": "Bash", "input": {"x": strange}}
    given = {"question": "Why?", "asked": ["@ben"], "about_action": "use_tool"}
    call = {**given, "arguments": arguments, "client_key": "once"}
    with pytest.raises(InvalidInput):
        services.ask_question.call(court.lin, call)


def test_an_answer_that_is_no_option_names_them(court: Court, put: Put) -> None:
    with pytest.raises(InvalidInput) as refused:
        answer(court.ben, put("@ben"), "Perhaps")
    assert "'Yes', 'No'" in refused.value.next


def test_who_asked_takes_it_back(court: Court, put: Put) -> None:
    name = put("@ben")
    with pytest.raises(Forbidden):
        services.withdraw_question(actor=court.ben, question=name)
    services.withdraw_question(actor=court.lin, question=name, reason="Found out.")
    assert row(name).status == "withdrawn"
    assert "withdrew" in told(court.ben)[-1]
    for late in (
        lambda: answer(court.ben, name),
        lambda: services.withdraw_question(actor=court.lin, question=name),
    ):
        with pytest.raises(Conflict):
            late()


# The end of its time


def test_at_the_deadline_the_default_is_taken_and_recorded_as_one(court: Court, put: Put) -> None:
    name = put("@ben", default="No", answer_minutes=60)
    step_questions(after(minutes=59))
    assert row(name).status == "open"
    before = len(told(court.lin))
    for _ in range(3):
        step_questions(after(minutes=61))
    found = services.show_question(actor=court.lin, question=name)
    assert (found.status, found.answer, found.answered_by) == ("defaulted", "No", None)
    assert len(told(court.lin)) == before + 1
    for member in (court.lin, court.ben):
        assert "By default it is: No" in told(member)[-1]
    event = Event.objects.get(kind="ask.defaulted")
    assert event.actor.kind == Member.Kind.SYSTEM
    assert event.data["answer"] == "No"


def test_without_a_default_it_ends_unanswered(court: Court, put: Put) -> None:
    name = put("@ben", answer_minutes=60)
    step_questions(after(minutes=61))
    assert (row(name).status, row(name).answer) == ("unanswered", "")
    assert "ended without an answer" in told(court.lin)[-1]


def test_an_answer_after_its_time_does_not_count(court: Court, put: Put) -> None:
    name = put("@ben", default="No")
    Question.objects.update(answer_by=after(seconds=-1))
    with pytest.raises(Conflict, match=f"time of {name} is over"):
        answer(court.ben, name)
    step_questions(after(days=2))
    assert row(name).answer == "No"


def test_those_asked_are_reminded_in_their_working_hours(court: Court, put: Put) -> None:
    set_working_calendar(actor=court.ada, zone="UTC", hours=["MON-FRI 09:00-17:00"], holidays=[])
    name = put("@ben", answer_minutes=60 * 24 * 14)
    friday = datetime(2026, 11, 27, 18, 0, tzinfo=UTC)
    Question.objects.update(
        created_at=friday, answer_by=friday + timedelta(days=14), due_at=friday + timedelta(hours=4)
    )
    step_questions(friday + timedelta(hours=4))
    assert len(told(court.ben)) == 1
    monday = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
    assert row(name).due_at == monday
    step_questions(monday)
    assert "nobody has looked at it yet" in told(court.ben)[-1]
    step_questions(monday + timedelta(minutes=1))
    assert len(told(court.ben)) == 2  # one makes up for those of the weekend
    services.show_question(actor=court.ben, question=name)
    step_questions(monday + timedelta(hours=5))
    assert len(told(court.ben)) == 3
    assert "nobody has looked" not in told(court.ben)[-1]


def test_many_who_look_take_the_default_once(
    transactional_db: None, court: Court, put: Put
) -> None:
    names = [put("@ben", default="No", answer_minutes=1) for _ in range(4)]
    before, late = len(told(court.lin)), after(minutes=2)
    assert at_once(*[lambda: step_questions(late)] * 4) == ["done"] * 4
    assert [row(name).status for name in names] == ["defaulted"] * 4
    assert len(told(court.lin)) == before + 4
    assert Event.objects.filter(kind="ask.defaulted").count() == 4


def test_two_who_answer_at_once_have_one_outcome(
    transactional_db: None, court: Court, put: Put
) -> None:
    for _ in range(3):
        name = put("@ben", "@cleo")
        ends = at_once(
            lambda n=name: answer(court.ben, n, "Yes"),  # type: ignore[misc]
            lambda n=name: answer(court.cleo, n, "No"),  # type: ignore[misc]
        )
        assert sorted(ends) == ["conflict", "done"]
        by = row(name).answered_by
        assert by is not None
        assert row(name).answer == {"ben": "Yes", "cleo": "No"}[by.handle]


def test_two_who_came_later_and_answer_at_once_have_one_outcome(
    transactional_db: None, court: Court, put: Put
) -> None:
    for _ in range(3):
        name = put("authority:admin")
        Member.objects.filter(pk__in=[court.ben.pk, court.cleo.pk]).update(authority="admin")
        court.ben.refresh_from_db()
        court.cleo.refresh_from_db()
        ends = at_once(
            lambda n=name: answer(court.ben, n, "Yes"),  # type: ignore[misc]
            lambda n=name: answer(court.cleo, n, "No"),  # type: ignore[misc]
        )
        assert ends.count("done") == 1
        assert Event.objects.filter(kind="ask.answered", data__name=name).count() == 1


# A default where a policy asks for consent

HELLO = {"to": "#general", "body": "Hello."}


def test_a_default_for_what_a_policy_holds_is_refused(court: Court, put: Put, rule: Rule) -> None:
    rule("@ben")
    about = {"about_action": "send_message", "arguments": HELLO}
    with pytest.raises(Conflict, match="held by the policy “Words”"):
        put("@cleo", default="Yes", **about)
    assert not Question.objects.exists()
    assert put("@cleo", **about)  # without a default one may ask
    assert put("@cleo", default="Yes", asker=court.kay, **about)  # the policy is about Lin


def test_a_standing_approval_makes_no_default_of_silence(
    court: Court, put: Put, rule: Rule
) -> None:
    rule("@ben")
    services.grant_standing(
        actor=court.ben, policy="Words", requester="lin", count=5, until=after(days=1)
    )
    with pytest.raises(Conflict, match="Words"):
        put("@cleo", default="Yes", about_action="send_message", arguments=HELLO)


def test_a_default_is_refused_for_what_the_act_does_besides(
    court: Court, put: Put, rule: Rule
) -> None:
    from tasks.services import create_task

    task = create_task(actor=court.lin, title="Sweep.", assignee="lin").task.id
    rule("@ben", pattern="complete_task")
    with pytest.raises(Conflict, match="Words"):
        put(
            "@cleo", default="Yes", about_action="update_task",
            arguments={"task": task, "to": "done"},
        )  # fmt: skip


def test_a_default_for_an_act_that_would_be_refused_is_refused_like_it(
    court: Court, put: Put
) -> None:
    with pytest.raises(AppError, match="nowhere"):
        put(
            "@cleo", default="Yes", about_action="send_message",
            arguments={"to": "#nowhere", "body": "Hello."},
        )  # fmt: skip
    assert not Question.objects.exists()


def test_a_policy_that_came_since_takes_the_default_away(
    court: Court, put: Put, rule: Rule
) -> None:
    name = put(
        "@cleo", default="Yes", answer_minutes=60, about_action="send_message", arguments=HELLO
    )
    rule("@ben")
    step_questions(after(minutes=61))
    assert (row(name).status, row(name).answer) == ("unanswered", "")
    assert "“Words” holds send_message by now" in told(court.lin)[-1]


def test_an_answer_runs_nothing_and_consents_to_nothing(court: Court, put: Put, rule: Rule) -> None:
    from tests.approvals.conftest import ask, sent

    rule("@ben")
    answer(court.cleo, put("@cleo", about_action="send_message", arguments=HELLO))
    assert ask(court.lin).startswith("A-")
    assert sent() == 0


# Who sees it, and where


def test_whoever_may_not_see_it_hears_that_there_is_none(
    court: Court, put: Put, api: ApiOf
) -> None:
    name = put("@ben")
    hidden = api(court.kay).get(f"approvals/questions/{name}/")
    absent = api(court.kay).get(f"approvals/questions/Q-{int(name[2:]) + 500}/")
    assert hidden.status == absent.status == 404
    assert hidden.data["detail"].replace(name, "") == absent.data["detail"].replace(
        f"Q-{int(name[2:]) + 500}", ""
    )
    assert api(court.kay).get("approvals/progress/", request=name).status == 404
    assert list_asked_questions(actor=court.kay).items == []
    assert list_approvals(actor=court.kay).questions == []
    for member in (court.lin, court.ben, court.owner):
        assert [one.id for one in list_asked_questions(actor=member).items] == [name]


def test_a_wall_hides_who_is_behind_it_from_questions(court: Court, put: Put) -> None:
    agent(court.owner, "pia")
    create_project(actor=court.owner, name="Apollo", lead="lin")
    create_project(actor=court.owner, name="Borealis", lead="pia")
    court.lin.refresh_from_db()
    for group in ("@pia", "below:@pia"):
        with pytest.raises(InvalidInput, match="There is no member"):
            put(group)
    create_project(actor=court.owner, name="Corona", lead="dora")
    Member.objects.filter(pk=court.dora.pk).update(title="Judge")
    Member.objects.filter(pk=court.cleo.pk).update(manager=None)
    with pytest.raises(Conflict, match="Nobody is here"):
        put("role:judge")


def test_only_looking_at_it_counts_as_shown(court: Court, put: Put, api: ApiOf) -> None:
    name = put("@ben")
    ben = api(court.ben)
    ben.get("approvals/")
    ben.get("approvals/questions/")
    ben.get("approvals/progress/", request=name)
    assert not Hearer.objects.filter(shown_at__isnull=False).exists()
    assert not services.show_question(actor=court.lin, question=name).seen
    for _ in range(2):
        ben.get(f"approvals/questions/{name}/")
    (shown,) = services.show_question(actor=court.lin, question=name).showings
    assert (shown.member, shown.face) == ("ben", "rest")
    assert Event.objects.filter(kind="ask.shown").count() == 1


def test_what_waits_is_sorted_by_what_waiting_costs(court: Court, put: Put) -> None:
    low = put("@ben", cost="low", answer_minutes=10)
    later = put("@ben", cost="high", cost_reason="It burns.", answer_minutes=600)
    sooner = put("@ben", cost="high", cost_reason="It burns.", answer_minutes=300)
    plain = put("@ben")
    found = list_approvals(actor=court.ben, which="waiting").questions
    assert [one.id for one in found] == [sooner, later, plain, low]


def test_over_rest_from_asking_to_the_answer(court: Court, api: ApiOf) -> None:
    asked = api(court.lin).post(
        "approvals/questions/", question="Ship?", asked=["@ben"], options=["Yes", "No"]
    )
    assert asked.status == 201
    name = asked.data["id"]
    waiting = api(court.ben).get("approvals/questions/", which="waiting").data["items"]
    assert [one["id"] for one in waiting] == [name]
    done = api(court.ben).post(f"approvals/questions/{name}/answer/", answer="Yes")
    assert (done.status, done.data["status"]) == (200, "answered")
    again = api(court.ben).post(f"approvals/questions/{name}/answer/", answer="No")
    assert again.status == 409
    ended = api(court.lin).get("approvals/questions/", status="closed", which="mine").data
    assert [one["answer"] for one in ended["items"]] == ["Yes"]
    taken = api(court.lin).post("approvals/questions/", question="More?", asked=["@ben"])
    name = taken.data["id"]
    assert api(court.lin).post(f"approvals/questions/{name}/withdraw/").data["status"] == (
        "withdrawn"
    )


def test_how_it_stands_is_read_like_a_request(court: Court, put: Put) -> None:
    name = put("@ben")
    before = wait_for_approval(actor=court.lin, request=name)
    assert (before.open, before.waits_for, before.seen) == (True, ["@ben"], False)
    answer(court.ben, name, comment="Go.")
    found = wait_for_approval(actor=court.lin, request=name.lower())
    assert (found.open, found.status) == (False, "answered")
    assert found.result == {"answer": "Yes", "by": "ben", "comment": "Go.", "is_default": False}


async def test_who_waits_is_answered_by_the_answer(
    court: Court, put: Put, server: Server, addresses: None
) -> None:
    token = await in_thread(lambda: token_of(court.lin))
    name = await in_thread(lambda: put("@ben"))
    begun = time.monotonic()
    found = await waited(server, token, name, lambda: answer(court.ben, name))
    assert found["result"]["answer"] == "Yes"
    assert time.monotonic() - begun < 45


def test_lists_cost_the_same_for_few_and_many_questions(court: Court, put: Put, api: ApiOf) -> None:
    put("@ben")
    client = api(court.ben)
    for path in ("approvals/", "approvals/questions/"):
        with CaptureQueriesContext(connection) as few:
            client.get(path)
        for _ in range(8):
            put("@ben", "@cleo")
        with CaptureQueriesContext(connection) as many:
            client.get(path)
        assert len(many) == len(few)
        assert len(many) <= 12


def test_a_policy_may_hold_the_asking_and_never_the_answering(
    court: Court, put: Put, rule: Rule
) -> None:
    name = put("@ben")
    services.create_policy(
        actor=court.owner, name="All", pattern="*_question", except_requesters=["@dora"],
        stages=[Stage(approvers=["@dora"])],
    )  # fmt: skip
    assert answer(court.ben, name) == "answered"
    with pytest.raises(AppError, match="waits for approval"):
        put("@ben")


def test_questions_are_in_the_admin(court: Court, put: Put) -> None:
    put("@ada")
    browser = Browser()
    browser.force_login(court.ada, backend="orgchart.backends.MemberBackend")
    pk = Question.objects.get().pk
    for page in ("question/", f"question/{pk}/change/", "hearer/"):
        assert browser.get(f"/admin/approvals/{page}").status_code == 200
    browser.post("/admin/approvals/question/", {"action": "withdraw", "_selected_action": [pk]})
    assert Question.objects.get().status == "open"  # it is Lin's
