"""Tasks in a real browser: cards that follow the ledger, and that are moved by hand and by key."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.dashboard.office import NARROW, Office
from tests.dashboard.test_browser import NO_WEBSOCKETS
from tests.live import wait_until


def make(office: Office, title: str, **fields: Any) -> str:
    """The number of a new task of the owner's."""
    answer = office.call(office.token, "POST", "tasks/", title=title, **fields)
    return str(answer["task"]["id"][2:])


def card(page: Page, column: str, number: str) -> Locator:
    return page.locator(f"#tickets-{column} #t{number}")


def status_of(office: Office, number: str) -> str:
    return str(office.call(office.token, "GET", f"tasks/T-{number}/")["status"])


def live(page: Page) -> None:
    expect(page.locator("#connection")).to_contain_text("Live")


def test_cards_appear_and_move_as_others_work(office: Office) -> None:
    office.hire("lin")
    with office.desk("/tasks/") as page:
        live(page)
        number = make(office, "Weigh the moon")
        expect(card(page, "todo", number)).to_be_visible()
        card(page, "todo", number).focus()
        office.call(office.tokens["lin"], "POST", f"tasks/T-{number}/claim/")
        expect(card(page, "in_progress", number)).to_contain_text("left, @lin")
        assert page.evaluate("document.activeElement.id") == f"t{number}"
        office.call(office.tokens["lin"], "POST", f"tasks/T-{number}/progress/", progress=40)
        expect(card(page, "in_progress", number)).to_contain_text("40 %")
        blocked = {"on": "owner", "what": "Bring the scales."}
        office.call(office.tokens["lin"], "POST", f"tasks/T-{number}/block/", **blocked)
        expect(card(page, "blocked", number)).to_contain_text("@owner must act: Bring the scales.")


def test_a_card_is_moved_by_key_and_by_hand(office: Office) -> None:
    number = make(office, "Carry the moon")
    with office.desk("/tasks/") as page:
        live(page)
        card(page, "todo", number).focus()
        page.keyboard.press("Shift+ArrowRight")
        expect(card(page, "in_progress", number)).to_contain_text("left, @owner")
        assert page.evaluate("document.activeElement.id") == f"t{number}"
        card(page, "in_progress", number).drag_to(page.locator("#column-todo > header"))
        expect(card(page, "todo", number)).to_be_visible()
        wait_until(lambda: status_of(office, number) == "todo", "the task to be free again")
        expect(page.locator("#refusals")).to_be_empty()


def test_blocking_by_key_asks_for_whom_and_what(office: Office) -> None:
    office.hire("lin")
    number = make(office, "Light the moon")
    office.call(office.token, "POST", f"tasks/T-{number}/claim/")
    with office.desk("/tasks/") as page:
        live(page)
        card(page, "in_progress", number).focus()
        page.keyboard.press("Shift+ArrowRight")
        page.get_by_role("button", name="Leave it").click()
        expect(card(page, "in_progress", number)).to_be_visible()
        card(page, "in_progress", number).focus()
        page.keyboard.press("Shift+ArrowRight")
        page.get_by_label("Who has to act").fill("@lin")
        page.get_by_label("What they have to do").fill("Turn the sun on.")
        page.get_by_role("button", name="Block it").click()
        expect(card(page, "blocked", number)).to_contain_text("@lin must act: Turn the sun on.")


def test_a_refused_move_says_why_and_puts_the_card_back(office: Office) -> None:
    first = make(office, "First of all")
    number = make(office, "Second of all", needs=[f"T-{first}"])
    with office.desk("/tasks/") as page:
        live(page)
        card(page, "todo", number).focus()
        page.keyboard.press("Shift+ArrowRight")
        notice = page.locator("#refusals").get_by_role("alert")
        expect(notice).to_contain_text(f"T-{number} waits for T-{first}.")
        expect(notice).to_contain_text(f"Finish T-{first} first.")
        expect(card(page, "todo", number)).to_be_visible()
        assert page.evaluate("document.activeElement.id") == f"t{number}"


def test_the_menu_of_a_card_offers_what_can_be_done(office: Office) -> None:
    number = make(office, "Polish the moon")
    with office.desk("/tasks/") as page:
        live(page)
        page.get_by_label(f"Move T-{number}").click()
        page.get_by_role("button", name="Claim it").click()
        expect(card(page, "in_progress", number)).to_be_visible()


def test_without_script_all_of_it_works_by_plain_forms(office: Office) -> None:
    with office.desk("/tasks/new/", java_script_enabled=False) as page:
        page.get_by_label("Title").fill("Paint the moon")
        page.get_by_label("Acceptance points").fill("The near side, in full\nThe far side")
        page.get_by_role("button", name="Create it").click()
        expect(page.get_by_role("heading", name="Paint the moon")).to_be_visible()
        page.get_by_role("button", name="Claim it").click()
        expect(page.locator("#task-title")).to_contain_text("In progress")
        page.get_by_role("button", name="Met: The near side, in full").click()
        expect(page.locator("#task-points")).to_contain_text("1 of 2 met")
        page.locator("#do-complete summary").click()
        page.get_by_role("button", name="Complete it").click()
        expect(page.get_by_role("alert")).to_contain_text("The far side")
        page.get_by_label("Message to #t-").fill("Halfway there.")
        page.get_by_role("button", name="Send").click()
        expect(page.locator("#messages")).to_contain_text("Halfway there.")
        page.goto(f"{office.server.url}/tasks/")
        expect(page.get_by_role("link", name="Paint the moon")).to_be_visible()


def test_the_page_of_a_task_follows_and_keeps_what_is_typed(office: Office) -> None:
    office.hire("lin")
    lin = office.tokens["lin"]
    number = make(office, "Map the moon", points=["Seas"])
    with office.desk(f"/tasks/{number}/") as page:
        live(page)
        page.locator("#do-assign summary").click()
        page.get_by_label("To whom").fill("@nobody-yet")
        office.call(lin, "POST", f"tasks/T-{number}/claim/")
        expect(page.locator("#task-title")).to_contain_text("In progress")
        expect(page.locator("#task-history")).to_contain_text("@lin claimed")
        expect(page.get_by_label("To whom")).to_have_value("@nobody-yet")
        office.say("lin", f"#t-{number}", "The seas are first.")
        expect(page.locator("#messages")).to_contain_text("The seas are first.")
        page.locator("#do-assign form").get_by_role("button", name="Assign").click()
        expect(page.locator("#do-assign").get_by_role("alert")).to_contain_text("no member")
        page.get_by_label("To whom").fill("me")
        page.locator("#do-assign form").get_by_role("button", name="Assign").click()
        expect(page.locator("#task-facts")).to_contain_text("Olive Owner")


def test_with_websockets_blocked_the_board_still_follows(office: Office) -> None:
    with office.desk("/inbox/") as page:
        page.add_init_script(NO_WEBSOCKETS)
        page.goto(f"{office.server.url}/tasks/")
        expect(page.locator("#connection")).to_contain_text("Not live")
        number = make(office, "Slow moon")
        expect(card(page, "todo", number)).to_be_visible(timeout=9_000)


def test_on_a_phone_nothing_is_wider_than_the_window(office: Office) -> None:
    due = {"due_at": "2030-01-15T12:00:00Z"}
    number = make(office, "A long title that has to break somewhere on a small screen" * 3, **due)
    with office.desk("/tasks/", viewport=NARROW) as page:
        for address in ("/tasks/", "/tasks/?view=list", "/tasks/?view=calendar&month=2030-01",
                        f"/tasks/{number}/", f"/tasks/{number}/edit/", "/tasks/new/"):  # fmt: skip
            page.goto(office.server.url + address)
            wide = page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, address
