"""Questions to people at the dashboard: one queue, a form for each option, late clicks."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from approvals.models import Hearer, Question
from approvals.services import answer_question, ask_question
from approvals.services.question_times import step_questions
from orgchart.models import Member
from tests.dashboard.conftest import At
from tests.dashboard.test_approvals import channels_held, hold

__all__ = ["channels_held"]
HTMX = {"HX-Request": "true"}
FORM = {
    "question": "Ship on Friday?", "asked": "@ada, @owner", "options": "Yes\r\nNo\r\n",
    "default": "No", "within": "3", "unit": "hours", "cost": "high", "cost_reason": "The press.",
}  # fmt: skip


def text(answer: Any) -> str:
    return str(answer.content.decode())


def put(member: Member, *asked: str, **more: Any) -> int:
    """A question, and its number."""
    given = {"question": "Ship on Friday?", "options": ["Yes", "No"], **more}
    found = ask_question(actor=member, asked=list(asked or ["@ada"]), **given)
    return int(found.id.removeprefix("Q-"))


def test_requests_and_questions_are_one_list_by_what_waiting_costs(
    ada: Member, lin: Member, channels_held: None, at: At
) -> None:
    low = put(lin, cost="low", answer_minutes=5)
    high = put(lin, cost="high", cost_reason="The press waits.")
    call = hold(lin)
    page = text(at(ada).get("/approvals/"))
    places = [page.index(f'id="{row}"') for row in (f"q{high}", f"a{call}", f"q{low}")]
    assert places == sorted(places)
    assert "The press waits." in page
    assert re.search(r'Approvals</span><span class="count">3', page)
    assert f'id="q{high}"' not in text(at(lin).get("/approvals/"))
    assert f'id="q{high}"' in text(at(lin).get("/approvals/?show=mine"))


def test_each_option_is_a_form_and_one_click_answers(ada: Member, lin: Member, at: At) -> None:
    number = put(lin)
    page = text(at(ada).get(f"/approvals/questions/{number}/"))
    assert re.findall(r'type="hidden" name="answer" value="([^"]*)"', page) == ["Yes", "No"]
    done = at(ada).post(f"/approvals/questions/{number}/answer/", {"answer": "Yes"}, headers=HTMX)
    assert done.status_code == 204
    assert f"ask-{number}" in done.headers["HX-Trigger"]
    page = text(at(lin).get(f"/approvals/questions/{number}/"))
    assert "<strong>Yes</strong>" in page
    assert "at the dashboard" in page
    assert "Yes" in text(at(ada).get("/approvals/?show=ended"))


def test_a_late_click_is_refused_and_says_who_answered(
    ada: Member, owner: Member, lin: Member, at: At
) -> None:
    number = put(lin, "@ada", "@owner")
    answer_question(actor=owner, question=f"Q-{number}", answer="No")
    form = {"answer": "Yes"}
    late = at(ada).post(f"/approvals/questions/{number}/answer/", form, headers=HTMX)
    assert late.status_code == 409
    assert "answered already by @owner: No" in text(late)
    assert at(ada).post(f"/approvals/questions/{number}/answer/", form).status_code == 409
    assert Question.objects.get().answer == "No"


def test_the_page_counts_as_shown_and_the_queue_does_not(ada: Member, lin: Member, at: At) -> None:
    number = put(lin)
    at(ada).get("/approvals/")
    assert not Hearer.objects.filter(shown_at__isnull=False).exists()
    at(ada).get(f"/approvals/questions/{number}/")
    shown = Hearer.objects.get(shown_at__isnull=False)
    assert (shown.member, shown.face) == (ada, "dashboard")


def test_a_default_is_shown_as_one(ada: Member, lin: Member, at: At) -> None:
    number = put(lin, default="No", answer_minutes=1)
    assert "is recorded as a default" in text(at(ada).get(f"/approvals/questions/{number}/"))
    step_questions(timezone.now() + timedelta(minutes=2))
    page = text(at(ada).get(f"/approvals/questions/{number}/"))
    assert "<strong>No</strong>, by default" in page
    assert "nobody chose this" in page
    assert "by default" in text(at(lin).get("/approvals/?show=ended"))


def test_who_asked_withdraws_at_the_page(ada: Member, lin: Member, at: At) -> None:
    number = put(ada, "@owner")
    assert "Withdraw it" in text(at(ada).get(f"/approvals/questions/{number}/"))
    at(ada).post(f"/approvals/questions/{number}/withdraw/", {"reason": "Found out."})
    assert Question.objects.get().status == "withdrawn"
    assert "Found out." in text(at(ada).get(f"/approvals/questions/{number}/"))


def test_a_question_of_others_looks_like_none(
    ada: Member, lin: Member, kay: Member, at: At
) -> None:
    number = put(lin)
    hidden = at(kay).get(f"/approvals/questions/{number}/")
    absent = at(kay).get(f"/approvals/questions/{number + 500}/")
    assert hidden.status_code == absent.status_code == 404


def test_people_ask_by_a_form(ada: Member, owner: Member, at: At) -> None:
    bob = at(owner)
    assert "Ask people" in text(bob.get("/approvals/questions/new/"))
    form = {**FORM, "asked": "@ada"}
    done = bob.post("/approvals/questions/new/", form)
    row = Question.objects.get()
    assert done.headers["Location"] == f"/approvals/questions/{row.pk}/"
    assert (row.options, row.default, row.cost) == (["Yes", "No"], "No", "high")
    assert row.answer_by - row.created_at == timedelta(hours=3)


@pytest.mark.parametrize(
    "wrong",
    [{"default": "Maybe"}, {"asked": "@nobody"}, {"within": "x"}, {"within": "99999"},
     {"options": "One"}, {"cost_reason": ""}],
)  # fmt: skip
def test_a_form_that_makes_no_sense_keeps_what_was_typed(
    ada: Member, owner: Member, at: At, wrong: dict[str, str]
) -> None:
    answer = at(owner).post("/approvals/questions/new/", {**FORM, "asked": "@ada", **wrong})
    assert answer.status_code == 422
    assert 'value="Ship on Friday?"' in text(answer)
    assert not Question.objects.exists()


def test_what_is_asked_is_shown_as_text(ada: Member, lin: Member, at: At) -> None:
    number = put(
        lin, question="<b>Ship</b>?", options=["<i>Yes</i>", "No"], details="<script>x()</script>"
    )
    for path in ("/approvals/", f"/approvals/questions/{number}/"):
        page = text(at(ada).get(path))
        assert "<b>Ship" not in page
        assert "<i>Yes" not in page
        assert "<script>x" not in page


def test_the_act_that_a_question_is_about_is_shown(ada: Member, lin: Member, at: At) -> None:
    about = {"about_action": "send_message", "arguments": {"to": "#general", "body": "Hello."}}
    page = text(at(ada).get(f"/approvals/questions/{put(lin, **about)}/"))
    assert "<dt>body</dt><dd>Hello.</dd>" in page
    assert "is no approval of it" in page


def test_the_inbox_leads_to_the_question(ada: Member, lin: Member, at: At) -> None:
    number = put(lin)
    assert f'href="/approvals/questions/{number}/">Look at Q-{number}' in text(
        at(ada).get("/inbox/")
    )


def test_questions_alone_are_listed_page_by_page(
    ada: Member, lin: Member, at: At, monkeypatch: pytest.MonkeyPatch
) -> None:
    from approvals.views import queue

    monkeypatch.setattr(queue, "LINES", 3)
    first = [put(lin) for _ in range(7)]
    page = text(at(ada).get("/approvals/?show=all"))
    assert "Questions alone (4 more)" in page
    found: list[str] = []
    address = "/approvals/?show=all&questions="
    for _ in range(3):
        page = text(at(ada).get(address))
        found += re.findall(r'<li class="ask ask-open" id="q(\d+)"', page)
        more = re.search(r'href="(\?show=all&amp;questions=\d+)"', page)
        address = "/approvals/" + more[1].replace("&amp;", "&") if more else ""
    assert not address.startswith("/approvals/?")
    assert found == [str(number) for number in reversed(first)]
