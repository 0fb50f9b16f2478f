"""The conversation page in a real browser: live, unread and read, threads, lost connections."""

from __future__ import annotations

import re
import time

from playwright.sync_api import Locator, Page, expect

from tests.dashboard.office import Office

NO_WEBSOCKETS = """
window.WebSocket = class extends EventTarget {
  static OPEN = 1;
  readyState = 3;
  constructor() {
    super();
    setTimeout(() => this.dispatchEvent(new CloseEvent("close", { code: 1006 })), 50);
  }
};
"""


def messages(page: Page) -> Locator:
    return page.locator("#messages li.message")


def composer(page: Page) -> Locator:
    return page.locator(".main .composer textarea")


def test_a_message_of_another_member_appears_without_a_reload(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        expect(page.locator("#connection")).to_contain_text("Live")
        delays = []
        for body in ("The build is green.", "And deployed.", "And in use."):
            office.say("lin", "#general", body)
            said = time.monotonic()
            expect(page.get_by_text(body)).to_be_visible()
            delays.append(time.monotonic() - said)
        assert min(delays) < 2, delays
        assert page.get_by_text("The build is green.").count() == 1


def test_enter_sends_and_shift_enter_starts_a_line(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        composer(page).fill("")
        page.keyboard.type("First line")
        page.keyboard.press("Shift+Enter")
        page.keyboard.type("second line")
        page.keyboard.press("Enter")
        sent = messages(page).last
        expect(sent).to_contain_text("First line")
        expect(sent).to_contain_text("second line")
        expect(composer(page)).to_have_value("")
        expect(composer(page)).to_be_focused()
        page.keyboard.type("Next one")
        page.keyboard.press("Enter")
        expect(messages(page).last).to_contain_text("Next one")


def test_a_refused_send_keeps_the_text(office: Office) -> None:
    office.say("lin", "#general", "hello")
    office.call(office.token, "POST", "channels/", name="closed")
    with office.desk("/channels/closed/") as page:
        composer(page).fill("What I wanted to say")
        office.call(office.token, "PATCH", "channels/closed/", archived=True)
        page.get_by_role("button", name="Send").click()
        expect(page.get_by_role("alert")).to_contain_text("#closed is archived")
        expect(composer(page)).to_have_value("What I wanted to say")


def test_a_send_that_finds_no_server_keeps_the_text_and_sends_it_once(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        page.route("**/channels/general/", lambda route: route.abort())
        composer(page).fill("Only once, please")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_contain_text("could not be reached")
        expect(composer(page)).to_have_value("Only once, please")
        page.unroute("**/channels/general/")
        page.keyboard.press("Enter")
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(messages(page).filter(has_text="Only once, please")).to_have_count(1)


def test_a_thread_opens_beside_the_channel_and_grows_live(office: Office) -> None:
    root = office.say("lin", "#general", "Shall we use a queue?")
    with office.desk("/channels/general/") as page:
        opener = page.locator(f"#m{root['id']}")
        opener.hover()
        opener.get_by_role("link", name="Reply").click()
        rail = page.get_by_label("Details")
        expect(rail.get_by_role("heading", name="Thread")).to_be_visible()
        expect(rail.locator("textarea")).to_be_focused()
        page.keyboard.type("No, a table will do.")
        page.keyboard.press("Enter")
        expect(rail.locator("li.message")).to_have_count(2)
        office.say("lin", f"thread:{root['id']}", "Fine with me.")
        expect(rail.locator("li.message")).to_have_count(3)
        expect(opener).to_contain_text("2 replies")
        assert f"thread={root['id']}" in page.url
        page.reload()
        expect(page.get_by_label("Details").locator("li.message")).to_have_count(3)
        page.get_by_role("link", name="Close the thread").click()
        expect(page.get_by_label("Details")).to_be_hidden()


def test_unread_counts_follow_and_what_is_seen_becomes_read(office: Office) -> None:
    office.call(office.token, "POST", "channels/", name="counted")
    office.hire("lin")
    office.call(office.tokens["lin"], "POST", "channels/counted/join/")
    with office.desk("/inbox/") as page:
        link = page.get_by_label("Places").get_by_role("link", name="counted")
        office.say("lin", "#counted", "one")
        expect(link).to_contain_text("1 unread")
        office.say("lin", "#counted", "two")
        expect(link).to_contain_text("2 unread")
        link.click()
        expect(page.locator("#unread")).to_be_visible()
        expect(page.get_by_label("Places").get_by_role("link", name="counted")).not_to_contain_text(
            "unread"
        )


def test_only_what_was_on_screen_becomes_read(office: Office) -> None:
    office.call(office.token, "POST", "channels/", name="long")
    for number in range(60):
        office.say("lin", "#long", f"Line {number}\n\nwith\n\nmore\n\nof it")
    with office.desk("/channels/long/") as page:
        expect(page.locator("#unread")).to_be_in_viewport()
        page.wait_for_timeout(1_500)
        unread = office.call(office.token, "GET", "channels/long/")["unread"]
        assert 30 < unread < 60
        page.goto(page.url + "?newest")
        expect(page.get_by_text("unread since you were last here")).to_be_visible()
        page.wait_for_timeout(1_500)
        assert office.call(office.token, "GET", "channels/long/")["unread"] == unread
        page.get_by_role("button", name="Mark all as read").click()
        page.wait_for_load_state()
        assert office.call(office.token, "GET", "channels/long/")["unread"] == 0


def test_scrolling_back_reaches_the_first_message(office: Office) -> None:
    office.call(office.token, "POST", "channels/", name="history")
    for number in range(1, 141):
        office.say("lin", "#history", f"Entry {number} of many")
    office.call(office.token, "POST", "channels/history/read/", up_to=140)
    with office.desk("/channels/history/") as page:
        expect(page.get_by_text("Entry 140 of many")).to_be_in_viewport()
        for _ in range(8):
            page.locator("#scroller").evaluate("box => { box.scrollTop = -box.scrollHeight }")
            page.wait_for_timeout(250)
        expect(page.get_by_role("heading", name="#history begins here")).to_be_visible()
        numbers = [
            int(re.search(r"Entry (\d+)", text)[1])  # type: ignore[index]
            for text in messages(page).locator(".body").all_text_contents()
        ]
        assert numbers == list(range(1, 141))
        assert page.locator("[data-day]").count() == 1


def test_reading_on_from_the_first_unread_message_reaches_the_newest(office: Office) -> None:
    office.call(office.token, "POST", "channels/", name="missed")
    for number in range(1, 121):
        office.say("lin", "#missed", f"Item {number} of many")
    with office.desk("/channels/missed/") as page:
        expect(page.get_by_text("Item 1 of many")).to_be_in_viewport()
        for _ in range(6):
            page.locator("#scroller").evaluate("box => { box.scrollTop = 0 }")
            page.wait_for_timeout(300)
        expect(page.get_by_text("Item 120 of many")).to_be_visible()
        office.say("lin", "#missed", "Item 121 of many")
        expect(page.get_by_text("Item 121 of many")).to_be_visible()
        assert messages(page).count() == 121


def test_with_websockets_blocked_the_page_still_follows(office: Office) -> None:
    with office.desk("/inbox/") as page:
        page.add_init_script(NO_WEBSOCKETS)
        page.goto(f"{office.server.url}/channels/general/")
        expect(page.locator("#connection")).to_contain_text("Not live")
        office.say("lin", "#general", "Slow but sure.")
        expect(page.get_by_text("Slow but sure.")).to_be_visible()


def test_after_a_restart_of_the_server_the_page_catches_up(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        expect(page.locator("#connection")).to_contain_text("Live")
        office.server.restart()
        office.say("lin", "#general", "We are back.")
        expect(page.get_by_text("We are back.")).to_be_visible()
        expect(page.locator("#connection")).to_contain_text("Live")


def test_delivery_facts_of_an_own_message(office: Office) -> None:
    office.hire("lin")
    with office.desk("/channels/general/") as page:
        composer(page).fill("@lin are you there?")
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Send").click()
        own = messages(page).last
        facts = own.locator("details").filter(has_text="Delivery")
        expect(own).to_contain_text("are you there?")
        own.hover()
        facts.locator("summary").click()
        expect(facts.locator(".menu-body")).to_contain_text("not offered yet")
        page.keyboard.press("Escape")
        office.call(office.tokens["lin"], "GET", "inbox/")
        own.hover()
        facts.locator("summary").click()
        expect(facts.locator(".menu-body")).to_contain_text("via rest")
