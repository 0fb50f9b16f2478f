"""Single messages in a real browser: edited in place, and drawn again when they changed."""

from __future__ import annotations

from tests.dashboard.office import Office


def test_a_message_is_edited_where_it_stands(office: Office) -> None:
    said = office.call(office.token, "POST", "messages/", to="#general", body="Deploy at nine.")
    with office.desk("/channels/general/") as page:
        row = page.locator(f"#m{said['id']}")
        row.hover()
        row.get_by_label("More about this message").click()
        row.get_by_text("Edit").click()
        field = row.locator("textarea")
        field.wait_for()
        assert page.evaluate("document.activeElement.name") == "body"
        field.fill("Deploy at two.")
        field.press("Escape")
        row.locator(".body", has_text="Deploy at nine.").wait_for()
        row.hover()
        row.get_by_label("More about this message").click()
        row.get_by_text("Edit").click()
        row.locator("textarea").fill("Deploy at ten.")
        row.locator("textarea").press("Enter")
        row.locator(".body", has_text="Deploy at ten.").wait_for()
        assert row.locator(".edited").count() == 1


def test_what_others_do_to_a_message_shows_at_once(office: Office) -> None:
    said = office.say("lin", "#general", "Deploy at nine.")["id"]
    with office.desk("/channels/general/") as page:
        page.get_by_text("Live", exact=True).wait_for()
        row = page.locator(f"#m{said}")
        lin = office.tokens["lin"]
        office.call(lin, "PATCH", f"messages/{said}/", body="Deploy at ten.")
        row.locator(".body", has_text="Deploy at ten.").wait_for()
        office.call(lin, "POST", f"messages/{said}/reactions/", emoji="🚀")
        button = row.locator(".reactions button")
        button.wait_for()
        button.focus()
        page.keyboard.press("Enter")
        row.locator(".reactions [aria-pressed=true]").wait_for()
        assert page.evaluate("document.activeElement.id") == f"rm{said}-1"  # the focus stays
        office.call(lin, "DELETE", f"messages/{said}/")
        row.locator(".gone", has_text="Deleted by @lin").wait_for()
        assert row.locator(".reactions").count() == 0
