"""The inbox and search at the dashboard."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messaging.models import Delivery
from messaging.services import send_message
from orgchart.models import Member
from tests.dashboard.conftest import At

HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_an_empty_inbox_proves_itself(ada: Member, at: At) -> None:
    page = text(at(ada).get("/inbox/"))
    assert "Nothing waits for you." in page
    assert "the ledger stood at event" in page


def test_what_it_shows_is_offered_and_only_a_click_acknowledges(
    ada: Member, lin: Member, at: At
) -> None:
    send_message(actor=lin, to="#general", body="@ada urgent?", expects_reply=True)
    client = at(ada)
    page = text(client.get("/inbox/"))
    assert "mentioned you" in page
    assert "wants an answer" in page
    row = Delivery.objects.get()
    assert (row.offered_route, row.acknowledged_at) == ("dashboard", None)
    assert "mentioned you" in text(client.get("/inbox/", headers=HTMX))
    answer = client.post("/inbox/ack/", {"deliveries": row.pk}, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["changed"]["topics"] == ["inbox"]
    row.refresh_from_db()
    assert row.acknowledged_at is not None
    assert "Nothing waits for you." in text(client.get("/inbox/"))


def test_all_that_is_shown_can_be_done_at_once(ada: Member, lin: Member, at: At) -> None:
    for number in range(3):
        send_message(actor=lin, to="@ada", body=f"Letter {number}")
    client = at(ada)
    page = text(client.get("/inbox/"))
    cursor = page.split('name="up_to" value="')[1].split('"')[0]
    send_message(actor=lin, to="@ada", body="Came meanwhile")
    assert client.post("/inbox/ack/", {"up_to": cursor})["Location"] == "/inbox/"
    page = text(client.get("/inbox/"))
    assert "Came meanwhile" in page
    assert "Letter" not in page


def test_nobody_acknowledges_for_another(ada: Member, lin: Member, sam: Member, at: At) -> None:
    send_message(actor=sam, to="@lin", body="For Lin")
    row = Delivery.objects.get()
    answer = at(ada).post("/inbox/ack/", {"deliveries": row.pk})
    assert answer.status_code == 404
    row.refresh_from_db()
    assert row.acknowledged_at is None


def test_urgent_letters_come_first(ada: Member, lin: Member, owner: Member, at: At) -> None:
    send_message(actor=owner, to="@ada", body="Drop everything", priority="now")
    send_message(actor=lin, to="@ada", body="When you have time")
    page = text(at(ada).get("/inbox/"))
    assert page.index("Drop everything") < page.index("When you have time")
    assert "1 urgent" in page


def test_search_finds_messages_channels_and_people(ada: Member, lin: Member, at: At) -> None:
    send_message(actor=lin, to="#general", body="The <b>general</b> plan by lin")
    page = text(at(ada).get("/search/?q=general"))
    assert "&lt;b&gt;<mark>general</mark>&lt;/b&gt;" in page
    assert 'class="label" href="/channels/general/"' in page
    assert 'class="label" href="/people/lin/"' in text(at(ada).get("/search/?q=lin"))


@pytest.mark.parametrize("query", ['"open', "***", "()"])
def test_a_broken_query_is_explained(ada: Member, at: At, query: str) -> None:
    answer = at(ada).get("/search/", {"q": query})
    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)


def test_search_pages_by_cursor(ada: Member, lin: Member, at: At) -> None:
    for number in range(25):
        send_message(actor=lin, to="#general", body=f"needle {number}.")
    client = at(ada)
    first = text(client.get("/search/?q=needle&author=lin"))
    following = first.split('href="?q=needle&amp;')[1].split('"')[0]
    assert following.startswith("author=lin&amp;after=")
    second = text(client.get(f"/search/?q=needle&{following.replace('&amp;', '&')}"))
    found = [first.count("<article"), second.count("<article")]
    assert found == [20, 5]
