"""Approvals in a real browser: seen live, decided by two people, late clicks, a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from tests.dashboard.office import CONTRASTS, NARROW, Office
from tests.live import http, wait_until

PASSWORD = "correct horse battery staple"
WIDE = {"width": 1280, "height": 800}


@pytest.fixture(scope="module")
def office(office: Office) -> Office:
    """With Pia, an admin, beside the owner, and a policy over what agents open."""
    office.hire("lin")
    invited = office.call(office.token, "POST", "invitations/", name="Pia Park", handle="pia",
                          authority="admin")  # fmt: skip
    with office._context() as context:
        page = context.new_page()
        page.goto(link_in(invited))
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("A password").fill(PASSWORD)
        page.get_by_role("button", name="Go on").click()
        page.wait_for_url(re.compile("/(inbox|welcome|channels)/"))
        office.pia = context.storage_state()  # type: ignore[attr-defined]
    office.call(
        office.token, "POST", "approvals/policies/", name="Rooms", pattern="create_channel",
        requesters=["kind:agent"], stages=[{"approvers": ["authority:admin", "authority:owner"]}],
    )  # fmt: skip
    return office


def link_in(answer: Any) -> str:
    return next(str(value) for value in answer.values() if "/sign-in/" in str(value))


def hold(office: Office, name: str) -> str:
    """A channel that Lin asks for; the number of the request."""
    answer = http().post(
        f"{office.server.url}/api/channels/",
        json={"name": name, "purpose": f"About {name}"},
        headers={"Authorization": f"Bearer {office.tokens['lin']}"},
    )
    assert answer.status_code == 202, answer.text
    return number_in(answer)


def number_in(answer: httpx2.Response) -> str:
    found = re.search(r"A-(\d+)", answer.text)
    assert found is not None
    return found[1]


def status_of(office: Office, number: str) -> str:
    url = f"approvals/request/?request=A-{number}"
    return str(office.call(office.tokens["lin"], "GET", url)["status"])


@contextmanager
def pias_desk(office: Office, path: str) -> Iterator[Page]:
    with office._context(storage_state=office.pia) as context:  # type: ignore[attr-defined]
        page = context.new_page()
        page.goto(office.server.url + path)
        yield page


def live(page: Page) -> None:
    expect(page.locator("#connection")).to_contain_text("Live")


def test_what_is_held_appears_at_once_and_runs_when_approved(office: Office) -> None:
    with office.desk("/approvals/") as page:
        live(page)
        number = hold(office, "moon")
        expect(page.locator(f"#a{number}")).to_contain_text("asks to create a channel")
        expect(page.locator(".places a[href='/approvals/'] .count")).to_contain_text("1")
        page.locator(f"#a{number}").get_by_role("link", name="Look and decide").click()
        expect(page.locator("#ask-runs")).to_contain_text("About moon")
        expect(page.locator("#ask-seen")).to_contain_text("Olive Owner")
        page.get_by_role("button", name="Approve").click()
        expect(page.locator("#ask-title")).to_contain_text("Approved and done")
        expect(page.locator("#ask-decide")).not_to_contain_text("Your decision")
    wait_until(lambda: status_of(office, number) == "executed", "the channel to be made")


def test_a_decision_of_another_changes_the_page_and_a_late_click_is_refused(
    office: Office,
) -> None:
    number = hold(office, "sun")
    with (
        office.desk(f"/approvals/{number}/") as olive,
        pias_desk(office, f"/approvals/{number}/") as pia,
    ):
        live(olive)
        live(pia)
        expect(olive.locator("#ask-seen")).to_contain_text("Pia Park")
        # Pia's page is cut off from news and keeps its buttons; her click comes too late.
        pia.evaluate("document.getElementById('request').removeAttribute('data-follows')")
        olive.get_by_label("Reason for declining").fill("One is enough.")
        olive.get_by_role("button", name="Decline").click()
        expect(olive.locator("#ask-title")).to_contain_text("Declined")
        pia.get_by_role("button", name="Approve").click()
        expect(pia.locator("#ask-decide").get_by_role("alert")).to_contain_text(
            f"A-{number} is declined already"
        )
    assert status_of(office, number) == "declined"


def test_the_other_one_sees_the_decision_without_a_click(office: Office) -> None:
    number = hold(office, "mars")
    with pias_desk(office, f"/approvals/{number}/") as pia:
        live(pia)
        expect(pia.get_by_role("button", name="Approve")).to_be_visible()
        said = {"request": f"A-{number}", "verdict": "approve", "comment": "Fine."}
        office.call(office.token, "POST", "approvals/decide/", **said)
        expect(pia.locator("#ask-title")).to_contain_text("Approved and done")
        expect(pia.locator("#ask-said")).to_contain_text("Fine.")
        expect(pia.get_by_role("button", name="Approve")).to_have_count(0)


def test_what_is_being_typed_survives_what_others_do(office: Office) -> None:
    number = hold(office, "venus")
    with office.desk(f"/approvals/{number}/") as page:
        live(page)
        page.get_by_label("Comment").fill("Half a thought")
        said = {"request": f"A-{number}", "body": "It is for the probes."}
        office.call(office.tokens["lin"], "POST", "approvals/comment/", **said)
        expect(page.locator("#ask-said")).to_contain_text("It is for the probes.")
        expect(page.get_by_label("Comment")).to_have_value("Half a thought")
        page.get_by_role("button", name="Comment").click()
        expect(page.locator("#ask-said")).to_contain_text("Half a thought")


def test_without_script_it_is_decided_by_plain_forms(office: Office) -> None:
    number = hold(office, "pluto")
    with office.desk(f"/approvals/{number}/", java_script_enabled=False) as page:
        page.get_by_label("Note to the approval").fill("By hand.")
        page.get_by_role("button", name="Approve").click()
        expect(page.locator("#ask-said")).to_contain_text("By hand.")
    wait_until(lambda: status_of(office, number) == "executed", "the channel to be made")


def test_a_held_form_keeps_its_notice_with_a_link(office: Office) -> None:
    office.call(
        office.token, "POST", "approvals/policies/", name="Own rooms", pattern="create_channel",
        requesters=["authority:owner"], stages=[{"approvers": ["@pia"]}],
    )  # fmt: skip
    with office.desk("/channels/") as page:
        live(page)
        form = page.locator("form[action='/channels/']")
        form.locator("[name=name]").fill("neptune")
        form.get_by_role("button").last.click()
        notice = page.locator(".notice-held")
        expect(notice).to_contain_text("waits for approval")
        notice.get_by_role("link").click()
        expect(page.locator("#ask-decide")).to_contain_text("you do not decide on it")


def test_a_policy_is_written_on_a_phone(office: Office) -> None:
    with office.desk("/approvals/policies/new/?for=prompts", viewport=NARROW) as page:
        page.get_by_label("Name").fill("Prompts")
        page.get_by_role("button", name="Add a condition").click()
        page.get_by_label("Argument of condition 1").fill("tool_name")
        page.get_by_label("Value of condition 1").fill("Bash")
        page.get_by_label("How many").fill("9")
        page.get_by_role("button", name="Make this policy").click()
        expect(page.locator(".stage .wrong")).to_contain_text("could never be fulfilled")
        page.get_by_label("How many").fill("1")
        page.get_by_role("button", name="Make this policy").click()
        expect(page.locator("#policies")).to_contain_text("tool_name is Bash")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["wide", "narrow"])
def test_pages_fit_and_can_be_read(office: Office, scheme: Any, viewport: Any) -> None:
    number = hold(office, f"io-{scheme}-{viewport['width']}")
    paths = ("", f"{number}/", "policies/", "policies/new/?for=spending", "who/", "standing/",
             "stand-ins/")  # fmt: skip
    for path in paths:
        with office.desk(f"/approvals/{path}", viewport=viewport, color_scheme=scheme) as page:
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, path
            pale = [one for one in page.evaluate(CONTRASTS) if one[1] < 4.5]
            assert pale == [], path


def put(office: Office, **more: Any) -> str:
    """A question of Lin's to the owner and Pia; its number."""
    asked = office.call(
        office.tokens["lin"], "POST", "approvals/questions/", question="Blue or green?",
        asked=["authority:owner", "@pia"], options=["Blue", "Green"], **more,
    )  # fmt: skip
    return str(asked["id"]).removeprefix("Q-")


def test_a_question_appears_at_once_and_one_click_answers_it(office: Office) -> None:
    with office.desk("/approvals/") as page:
        live(page)
        number = put(office, default="Green", cost="high", cost_reason="The painter waits")
        row = page.locator(f"#q{number}")
        expect(row).to_contain_text("The painter waits")
        row.get_by_role("link", name="Look and answer").click()
        expect(page.locator("#ask-seen")).to_contain_text("Olive Owner")
        page.get_by_role("button", name="Blue").click()
        expect(page.locator("#ask-title")).to_contain_text("Answered")
        expect(page.locator("#ask-answer")).not_to_contain_text("Your answer")


def test_an_answer_elsewhere_changes_the_page_and_a_late_click_is_refused(office: Office) -> None:
    number = put(office)
    path = f"/approvals/questions/{number}/"
    with office.desk(path) as olive, pias_desk(office, path) as pia, pias_desk(office, path) as old:
        for page in (olive, pia, old):
            live(page)
        old.evaluate("document.getElementById('question').removeAttribute('data-follows')")
        olive.get_by_role("button", name="Green").click()
        expect(pia.locator("#ask-end")).to_contain_text("Green")
        expect(pia.locator("#ask-answer")).not_to_contain_text("Your answer")
        old.get_by_role("button", name="Blue").click()
        expect(old.locator("#ask-answer").get_by_role("alert")).to_contain_text("answered already")
    shown = office.call(office.tokens["lin"], "GET", f"approvals/questions/Q-{number}/")
    assert shown["answer"] == "Green"


def test_a_note_goes_with_an_answer_and_fits_a_phone(office: Office) -> None:
    number = put(office)
    with office.desk(f"/approvals/questions/{number}/", viewport=NARROW) as page:
        page.get_by_text("Answer with a note").click()
        page.get_by_label("Green").check()
        page.get_by_label("Note to the answer").fill("As on the door.")
        page.get_by_role("button", name="Send it").click()
        expect(page.locator("#ask-end")).to_contain_text("“As on the door.”")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) == 0
