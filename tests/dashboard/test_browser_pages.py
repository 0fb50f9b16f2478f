"""The dashboard in a real browser: by keyboard, on a phone, in both themes, without scripts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.dashboard.office import CONTRASTS, NARROW, Office


def composer(page: Page) -> Locator:
    return page.locator(".main .composer textarea")


def test_names_are_completed(office: Office) -> None:
    office.hire("lin")
    with office.desk("/channels/general/") as page:
        composer(page).fill("")
        page.keyboard.type("Ask @li")
        expect(page.get_by_role("option", name=re.compile("@lin"))).to_be_visible()
        page.keyboard.press("Enter")
        expect(composer(page)).to_have_value("Ask @lin ")
        page.keyboard.type("in #gen")
        expect(page.get_by_role("option", name=re.compile("#general"))).to_be_visible()
        page.keyboard.press("Tab")
        expect(composer(page)).to_have_value("Ask @lin in #general ")


def test_by_keyboard_alone(office: Office) -> None:
    office.say("lin", "#general", "Find me: zebra.")
    with office.desk("/inbox/") as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
        page.keyboard.press("/")
        page.keyboard.type("zebra")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search/**")
        hit = page.locator("article").first
        expect(hit.locator("mark")).to_have_text("zebra")
        hit.locator("a.text-reset").focus()
        page.keyboard.press("Enter")
        page.wait_for_url("**/channels/general/**")
        expect(page.locator(".message.found")).to_contain_text("zebra")
        page.locator(".message.found").focus()
        page.keyboard.press("k")
        page.keyboard.press("j")
        page.keyboard.press("Enter")
        expect(page.get_by_label("Details").locator("textarea")).to_be_focused()
        page.keyboard.press("Control+k")
        expect(page.get_by_label("Search everything").first).to_be_focused()


def test_on_a_phone(office: Office) -> None:
    root = office.say("lin", "#general", "Small screens too?")
    with office.desk("/channels/general/", viewport=NARROW) as page:
        places = page.get_by_label("Places")
        expect(places).to_be_hidden()
        page.locator("details.sidebar > summary").click()
        expect(places).to_be_visible()
        places.get_by_role("link", name="general").click()
        overflow = page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0
        page.locator(f"#m{root['id']}").focus()
        page.locator(f"#m{root['id']}").get_by_role("link", name="Reply").click()
        page.wait_for_url(f"**/threads/{root['id']}/")
        page.locator("textarea").fill("Yes.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("li.message")).to_have_count(2)


def test_the_theme_is_kept(office: Office) -> None:
    with office.desk("/inbox/", color_scheme="light") as page:
        assert page.locator("html").get_attribute("data-bs-theme") == "light"
        page.get_by_label("Your menu").click()
        page.get_by_role("button", name="Dark").click()
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"
        page.reload()
        assert page.locator("html").get_attribute("data-bs-theme") == "dark"


def test_reading_and_sending_work_without_scripts(office: Office) -> None:
    with office.desk("/channels/general/", java_script_enabled=False) as page:
        page.locator("textarea").fill("Sent by a plain form.")
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("Sent by a plain form.")).to_be_visible()
        expect(page.locator("textarea")).to_have_value("")


PAGES = (
    "/inbox/", "/channels/general/", "/channels/", "/channels/general/about/", "/people/",
    "/people/lin/", "/register/", "/account/", "/search/?q=green", "/nothing/",
)  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_can_be_told_from_its_ground(office: Office, theme: str) -> None:
    office.say("lin", "#general", "@owner `code`, **bold**, a [link](https://example.com) \n> said")
    with office.desk("/inbox/", color_scheme=theme) as page:
        for path in PAGES:
            page.goto(office.server.url + path)
            faint = [pair for pair in page.evaluate(CONTRASTS) if pair[1] < 4.5]
            assert faint == [], path


def test_pages_fit_a_narrow_window(office: Office) -> None:
    office.say(
        "lin", "#general", "x" * 200 + "\n```\n" + "y" * 200 + "\n```\n| a | b |\n|-|-|\n| 1 | 2 |"
    )
    with office.desk("/inbox/", viewport={"width": 320, "height": 600}) as page:
        for path in PAGES:
            page.goto(office.server.url + path)
            assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, path


def test_a_new_agent_is_seen_to_call(office: Office) -> None:
    with office.desk("/register/") as page:
        page.get_by_label("Name", exact=True).fill("Nia")
        page.get_by_role("button", name="Register").click()
        expect(page.get_by_text("Waiting for the first call of @nia")).to_be_visible()
        token = page.locator("#token").inner_text()
        office.call(token, "GET", "inbox/")
        expect(page.get_by_text(re.compile(r"First contact after \d+\.\d s"))).to_be_visible()


def test_a_member_who_is_taken_out_sees_the_place_no_more(office: Office) -> None:
    office.hire("lin")
    lin = office.tokens["lin"]
    office.call(lin, "POST", "channels/", name="attic", kind="private", invite=["owner"])
    with office.desk("/channels/attic/") as page:
        expect(page.locator("#connection")).to_contain_text("Live")
        office.call(lin, "POST", "channels/attic/remove/", member="owner")
        office.call(lin, "POST", "messages/", to="#attic", body="Not for the owner.")
        expect(page.get_by_text("There is nothing here for you")).to_be_visible()
        expect(page.get_by_text("Not for the owner.")).to_have_count(0)
