"""Projects in a real browser: a wall is built, a channel brought behind it, a bridge opened."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.dashboard.office import NARROW, Office
from tests.live import http


def begin(office: Office, page: Page, name: str, lead: str) -> None:
    page.goto(office.server.url + "/projects/")
    page.get_by_label("Name", exact=True).fill(name)
    page.get_by_label("What it is for").fill(f"All of {name}.")
    page.get_by_label("Lead").fill(lead)
    page.get_by_role("button", name="Begin it").click()
    expect(page.get_by_role("heading", level=1, name=name)).to_be_visible()


def sees_plans(office: Office, handle: str) -> bool:
    header = {"Authorization": f"Bearer {office.tokens[handle]}"}
    status = http().get(f"{office.server.url}/api/channels/plans/", headers=header).status_code
    assert status in {200, 404}
    return status == 200


def picture(page: Page, name: str) -> None:
    """For whoever wants to look: PICTURES names a folder."""
    if folder := os.environ.get("PICTURES"):
        page.screenshot(path=str(Path(folder, f"{name}.png")), full_page=True)


def test_an_admin_builds_a_wall_and_opens_a_bridge(office: Office) -> None:
    for handle in ("lin", "kay", "sam"):
        office.hire(handle)
    office.call(office.tokens["sam"], "POST", "channels/", name="plans")
    office.call(office.tokens["sam"], "POST", "messages/", to="#plans", body="A secret.")
    with office.desk("/projects/") as page:
        begin(office, page, "Apollo", "@lin")
        page.get_by_label("Who").fill("@kay")
        page.get_by_role("button", name="Let them in").click()
        expect(page.locator("#project")).to_contain_text("@kay")
        page.get_by_role("textbox", name="Channel").fill("#plans")
        page.get_by_role("button", name="Bring it in").click()
        expect(page.get_by_text("A secret.")).to_be_visible()
        assert sees_plans(office, "lin")
        assert not sees_plans(office, "sam")
        begin(office, page, "Borealis", "@sam")
        page.goto(office.server.url + "/projects/")
        page.get_by_role("textbox", name="Channel").fill("#plans")
        page.get_by_label("To the members of").select_option("borealis")
        tomorrow = timezone.now() + timedelta(days=1)
        page.get_by_label("Until (UTC)").fill(f"{tomorrow:%Y-%m-%dT%H:%M}")
        page.get_by_label("Why").fill("They build the landing gear.")
        page.get_by_role("button", name="Open it").click()
        expect(page.get_by_role("button", name="Close the bridge into #plans")).to_be_visible()
        assert sees_plans(office, "sam")
        picture(page, "projects")
        page.get_by_role("button", name="Close the bridge into #plans").click()
        expect(page.get_by_text("ended", exact=True)).to_be_visible()
        assert not sees_plans(office, "sam")


def test_a_project_follows_what_others_do_and_says_what_is_refused(office: Office) -> None:
    for handle in ("pia", "moe"):
        office.hire(handle)
    with office.desk("/projects/", viewport=NARROW, color_scheme="dark") as page:
        begin(office, page, "Gemini", "@pia")
        people = {"members": ["moe"]}
        office.call(office.tokens["pia"], "POST", "projects/gemini/members/", **people)
        expect(page.locator("#project")).to_contain_text("@moe")
        page.get_by_role("textbox", name="Channel").fill("#general")
        page.get_by_role("button", name="Bring it in").click()
        expect(page.get_by_role("alert")).to_contain_text("#general is for the whole company.")
        assert page.get_by_role("textbox", name="Channel").input_value() == "#general"
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= NARROW["width"]
        picture(page, "project-narrow")
