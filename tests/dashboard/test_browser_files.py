"""Files in a real browser: attaching, the page of files, and samples that try to run."""

from __future__ import annotations

import base64
import contextlib
from typing import Any

import pytest
from playwright.sync_api import Error, FilePayload, Page, expect

from tests.dashboard.office import Office
from tests.live import http

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
RUNS = "document.title='PWNED';top.document.title='PWNED';fetch('/pwned')"
HOSTILE = {
    "page.html": f"<!doctype html><script>{RUNS}</script>".encode(),
    "page.txt": f"<html><body onload=\"{RUNS}\">".encode(),
    "page.png": f"<html><img src=x onerror=\"{RUNS}\">".encode(),
    "late.txt": b" " * 9_000 + f"<script>{RUNS}</script>".encode(),
    "draw.svg": f"<svg xmlns='http://www.w3.org/2000/svg' onload=\"{RUNS}\"/>".encode(),
    "draw.png": (
        "<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'>"
        f"<script>{RUNS}</script></svg>"
    ).encode(),
    "both.gif": b"GIF89a/*\0\0\0\0" + f"*/=1;{RUNS};//<script>{RUNS}</script>".encode(),
    "both.html": PIXEL + f"<script>{RUNS}</script>".encode(),
    "shim.js": RUNS.encode(),
    "frame.xhtml": (
        f"<html xmlns='http://www.w3.org/1999/xhtml'><script>{RUNS}</script></html>"
    ).encode(),
    "style.xml": b"<?xml version='1.0'?><?xml-stylesheet href='javascript:alert(1)'?><a/>",
    "utf7.html": b"+ADw-script+AD4-document.title='PWNED'+ADw-/script+AD4-",
    "wide.html": "\ufeff<script>document.title='PWNED'</script>".encode("utf-16-le"),
    "paper.pdf": b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript/JS(app.alert(1))>>>>\n\0",
    "<img src=x onerror=alert(1)>.txt": b"named",
    "\"><script>document.title='PWNED'<&#x2f;script>.txt": b"named",
    "{{7*7}}${7*7}.txt": b"named",
    "javascript:alert(1)": b"named",
}  # fmt: skip


def post(office: Office, name: str, content: bytes, to: str = "#general") -> Any:
    """The owner uploads a file into a channel."""
    answer = http().post(
        f"{office.server.url}/api/files/",
        params={"name": name, "to": to},
        content=content,
        headers={"Authorization": f"Bearer {office.token}"},
    )
    answer.raise_for_status()
    return answer.json()


def payload(name: str, content: bytes) -> FilePayload:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


def chips(page: Page) -> Any:
    return page.locator(".main .composer .chip:has([name=files])")


def test_files_chosen_in_the_composer_go_with_the_message(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        page.locator(".main [data-attach]").set_input_files(
            [
                payload("notes.txt", b"Notes."),
                payload("pixel.png", PIXEL),
            ]
        )
        expect(chips(page)).to_have_count(2)
        page.get_by_label("Leave notes.txt out").click()
        expect(chips(page)).to_have_count(1)
        page.locator(".main .composer textarea").fill("A picture")
        page.keyboard.press("Enter")
        sent = page.locator("#messages li.message").last
        expect(sent).to_contain_text("A picture")
        expect(sent.locator(".attachments .file")).to_contain_text("pixel.png")
        expect(chips(page)).to_have_count(0)
        shown = sent.locator(".attachments img")
        shown.scroll_into_view_if_needed()
        drawn = "(img) => img.complete && img.naturalWidth === 1"
        page.wait_for_function(drawn, arg=shown.element_handle())


def test_a_message_can_be_a_file_alone_pasted_or_dropped(office: Office) -> None:
    give = """(kind) => {
      const field = document.querySelector(".main .composer textarea");
      const data = new DataTransfer();
      data.items.add(new File(["dropped"], kind + ".txt", { type: "text/plain" }));
      const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true })
        : new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true });
      (kind === "paste" ? field : document.querySelector("#messages")).dispatchEvent(event);
    }"""
    with office.desk("/channels/general/") as page:
        for kind in ("paste", "drop"):
            page.evaluate(give, kind)
            expect(chips(page)).to_have_count(1)
            page.get_by_role("button", name="Send").click()
            sent = page.locator("#messages li.message").last
            expect(sent).to_contain_text(f"Shared {kind}.txt.")
            expect(sent.locator(".attachments .file")).to_have_count(1)


def test_a_file_that_is_refused_is_told_and_the_text_stays(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        page.locator(".main .composer textarea").fill("My words")
        page.locator(".main [data-attach]").set_input_files([payload("a" * 160 + ".txt", b"x")])
        expect(page.locator(".main [data-note]")).to_contain_text("at most 150")
        expect(page.locator(".main .composer textarea")).to_have_value("My words")
        expect(chips(page)).to_have_count(0)
        page.locator(".main .composer textarea").fill("")


def test_the_page_of_files_uploads_makes_folders_moves_and_deletes(office: Office) -> None:
    office.call(office.token, "POST", "channels/", name="papers")
    with office.desk("/channels/papers/") as page:
        page.get_by_role("link", name="Files").click()
        page.locator("#upload").set_input_files([payload("plan.txt", b"Plan.")])
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("link", name="plan.txt")).to_be_visible()
        page.get_by_label("New folder").fill("#papers/old")
        page.get_by_role("button", name="Make").click()
        expect(page.get_by_role("link", name="old", exact=True)).to_be_visible()
        page.get_by_label("New folder").fill("#papers/OLD")
        page.get_by_role("button", name="Make").click()
        expect(page.get_by_role("alert")).to_contain_text("exists already")
        page.get_by_label("Change plan.txt").click()
        row = page.locator("li", has_text="plan.txt")
        row.get_by_label("New name or folder").fill("#papers/old")
        row.get_by_role("button", name="Move").click()
        expect(page.get_by_role("link", name="plan.txt")).to_have_count(0)
        page.get_by_role("link", name="old", exact=True).click()
        expect(page.get_by_role("link", name="plan.txt")).to_be_visible()
        page.get_by_label("Change plan.txt").click()
        page.on("dialog", lambda dialog: dialog.accept())
        page.get_by_role("button", name="Delete it everywhere").click()
        expect(page.get_by_text("Nothing lies here yet")).to_be_visible()


def test_files_go_with_the_form_without_script(office: Office) -> None:
    with office.desk("/channels/general/", java_script_enabled=False) as page:
        page.locator(".main [name=upload]").set_input_files([payload("plain.txt", b"Plain.")])
        page.locator(".main .composer textarea").fill("Without script")
        page.get_by_role("button", name="Send").click()
        sent = page.locator("#messages li.message").last
        expect(sent).to_contain_text("Without script")
        expect(sent.locator(".attachments .file")).to_contain_text("plain.txt")
        page.goto(office.server.url + "/channels/general/files/")
        page.locator("#upload").set_input_files([payload("plain2.txt", b"Plain.")])
        page.get_by_role("button", name="Upload").click()
        expect(page.get_by_role("link", name="plain2.txt")).to_be_visible()


def test_a_form_of_another_site_stores_nothing(office: Office) -> None:
    with office.desk("/channels/general/") as page:
        before = office.call(office.token, "GET", "files/usage/")["used"]
        status = page.evaluate(
            """async () => {
              const data = new FormData();
              data.append("upload", new File(["x"], "forged.txt"));
              return (await fetch("/files/", { method: "POST", body: data })).status;
            }"""
        )
        assert status == 403
        assert office.call(office.token, "GET", "files/usage/")["used"] == before


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_runs_nowhere(office: Office, name: str) -> None:
    """Shown in the list and in the conversation, opened, framed and fetched as a script."""
    file = post(office, name, HOSTILE[name])
    heard: list[str] = []
    with office.desk("/channels/general/files/") as page:
        page.on("request", lambda request: heard.append(request.url))
        page.on("dialog", lambda dialog: heard.append("pwned"))
        expect(page.locator("ul.files > li").first).to_be_visible()
        page.goto(office.server.url + "/channels/general/")
        page.locator("#messages li.message").last.scroll_into_view_if_needed()
        for address in (f"/files/{file['id']}/", f"/files/{file['id']}/?shown"):
            page.evaluate(
                """async (address) => {
                  const ends = [];
                  for (const [tag, name] of [["iframe", "src"], ["script", "src"], ["embed", "src"],
                                             ["object", "data"], ["img", "src"]]) {
                    const element = document.createElement(tag);
                    element[name] = address;
                    ends.push(new Promise((done) => {
                      element.onload = element.onerror = done;
                      setTimeout(done, 400);
                    }));
                    document.body.append(element);
                  }
                  await Promise.all(ends);
                }""",
                address,
            )
            with contextlib.suppress(Error):  # a file that is saved is no page
                page.goto(office.server.url + address)
            assert "PWNED" not in page.title()
        office.problems.clear()  # what the policy forbade, it says
    assert not [url for url in heard if "pwned" in url]
