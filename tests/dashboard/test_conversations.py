"""Channels, direct conversations and threads at the dashboard, without scripts and with htmx."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from messaging.models import Channel, Membership, Message
from messaging.services import (
    create_channel,
    send_message,
    update_channel,
)
from orgchart.models import Member
from tests.dashboard.conftest import At

HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def say(member: Member, to: str, body: str, **more: Any) -> int:
    return int(send_message(actor=member, to=to, body=body, **more).id)


def test_a_message_is_sent_and_shown(ada: Member, at: At) -> None:
    client = at(ada)
    answer = client.post("/channels/general/", {"body": "Hello **all**.", "priority": "later"})
    assert answer["Location"] == "/channels/general/"
    page = text(client.get("/channels/general/"))
    assert "<strong>all</strong>" in page
    assert "later" in page


def test_with_htmx_only_the_topics_that_changed_come_back(ada: Member, at: At) -> None:
    answer = at(ada).post("/channels/general/", {"body": "Hello."}, headers=HTMX)
    assert answer.status_code == 204
    changed = json.loads(answer["HX-Trigger"])["changed"]
    assert changed["topics"] == ["tail"]
    assert changed["client_key"]


def test_the_author_learns_whom_it_will_not_reach(ada: Member, sam: Member, at: At) -> None:
    create_channel(actor=ada, name="board", kind="private")
    form = {"body": "@sam and @nobody-here, look"}
    answer = at(ada).post("/channels/board/", form, headers=HTMX)
    note = json.loads(answer["HX-Trigger"])["changed"]["note"]
    assert "@sam is not here and will not see it." in note
    assert "Nobody is called @nobody-here." in note


def test_a_repeated_form_is_one_message(ada: Member, at: At) -> None:
    client = at(ada)
    for _ in range(2):
        client.post("/channels/general/", {"body": "Once.", "client_key": "k1"})
    assert Message.objects.filter(body="Once.").count() == 1


def test_a_refused_send_keeps_the_text(ada: Member, at: At) -> None:
    create_channel(actor=ada, name="old")
    update_channel(actor=ada, channel="#old", archived=True)
    client = at(ada)
    plain = client.post("/channels/old/", {"body": "Kept <text>"})
    assert plain.status_code == 409
    assert "#old is archived" in text(plain)
    assert "Kept &lt;text&gt;</textarea>" in text(plain)
    part = client.post("/channels/old/", {"body": "Kept"}, headers=HTMX)
    assert part.status_code == 409
    assert "<form" not in text(part)


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"body": ""},
        {"body": "x" * 20_001},
        {"body": "bell \x07"},
        {"body": "kept", "priority": "soon"},
        {"body": "kept", "expects_reply": "perhaps"},
        {"body": "kept", "nonsense": "1"},
        {"body": "kept", "client_key": "k" * 300},
    ],
)
def test_bad_forms_are_refused_and_change_nothing(ada: Member, at: At, form: Any) -> None:
    answer = at(ada).post("/channels/general/", form)
    assert answer.status_code == 422
    assert not Message.objects.exists()
    if form.get("body") == "kept":
        assert ">kept</textarea>" in text(answer)


def test_the_address_decides_where_it_goes_not_the_form(ada: Member, at: At) -> None:
    at(ada).post("/channels/general/", {"body": "x", "to": "@owner"})
    assert Message.objects.get().channel.name == "general"


def test_who_is_named_again_and_who_is_not(ada: Member, lin: Member, at: At) -> None:
    say(lin, "#general", "first")
    say(lin, "#general", "second")
    say(ada, "#general", "third")
    question = say(ada, "#general", "fourth", expects_reply=True)
    page = text(at(ada).get("/channels/general/"))
    assert page.count('class="message opens') == 3
    assert f'class="message opens" id="m{question}"' in page


def test_days_are_headed(ada: Member, lin: Member, at: At) -> None:
    say(lin, "#general", "yesterday's")
    message = Message.objects.get()
    message.created_at -= timedelta(days=1)
    message.save()
    say(lin, "#general", "today's")
    page = text(at(ada).get("/channels/general/"))
    assert "Yesterday" in page
    assert "Today" in page


def test_times_are_shown_in_the_readers_zone(ada: Member, lin: Member, at: At) -> None:
    say(lin, "#general", "when?")
    Message.objects.update(created_at="2026-01-31T23:30:00Z")
    client = at(ada)
    client.cookies["teammcp_zone"] = "Asia/Tokyo"
    assert "1 February" in text(client.get("/channels/general/"))
    client.cookies["teammcp_zone"] = "../../etc/passwd"
    assert "31 January" in text(client.get("/channels/general/"))


def test_pages_of_a_conversation_meet_exactly(ada: Member, lin: Member, at: At) -> None:
    for number in range(1, 131):
        say(lin, "#general", f"Entry {number}.")
    Membership.objects.filter(member=ada).update(read_seq=130)
    client = at(ada)
    newest = text(client.get("/channels/general/"))
    assert "Entry 81." in newest
    assert "Entry 80." not in newest
    assert 'hx-get="/channels/general/?before=81"' in newest
    older = text(client.get("/channels/general/?before=81", headers=HTMX))
    assert "Entry 80." in older
    assert "Entry 31." in older
    assert "<html" not in older
    first = text(client.get("/channels/general/?before=31", headers=HTMX))
    assert "#general begins here" in first
    assert "data-older" not in first


def test_live_updates_are_the_same_part(ada: Member, lin: Member, at: At) -> None:
    say(lin, "#general", "known")
    say(lin, "#general", "fresh")
    part = text(at(ada).get("/channels/general/?after=1", headers=HTMX))
    assert "known" not in part
    assert "fresh" in part
    assert "opens" not in part  # it continues the group above
    assert "data-day" not in part
    everything = text(at(ada).get("/channels/general/?after=0", headers=HTMX))
    assert everything.count("<li") == 3
    nothing = text(at(ada).get("/channels/general/?after=2", headers=HTMX))
    assert "<li" not in nothing


def test_a_reader_with_much_unread_begins_at_the_first(ada: Member, lin: Member, at: At) -> None:
    for number in range(1, 101):
        say(lin, "#general", f"Entry {number}.")
    client = at(ada)
    page = text(client.get("/channels/general/"))
    assert 'id="unread"' in page
    assert "Entry 1." in page
    assert "Entry 51." not in page
    assert "data-newer" in page
    newest = text(client.get("/channels/general/?newest"))
    assert "100 unread since you were last here" in newest
    client.post("/channels/general/read/", {"up_to": "100"})
    assert Membership.objects.get(member=ada).read_seq == 100


def test_a_permalink_shows_the_message_among_its_neighbours(
    ada: Member, lin: Member, at: At
) -> None:
    ids = [say(lin, "#general", f"Entry {number}.") for number in range(1, 101)]
    client = at(ada)
    answer = client.get(f"/messages/{ids[49]}/")
    assert answer["Location"] == f"/channels/general/?around=50#m{ids[49]}"
    page = text(client.get(answer["Location"]))
    assert "found" in page.split(f'id="m{ids[49]}"')[0][-60:]
    assert "Entry 49." in page
    assert "Entry 51." in page


@pytest.mark.parametrize(
    "query",
    ["before=x", "after=-1", "after=1e9", "before=99999999999999999999", "after=", "around=x"],
)
def test_a_damaged_cursor_is_no_500(ada: Member, at: At, query: str) -> None:
    client = at(ada)
    for headers in ({}, HTMX):
        status = client.get(f"/channels/general/?{query}", headers=headers).status_code
        assert status in {200, 400, 422}


# Direct conversations


def test_a_conversation_begins_with_its_first_message(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    page = client.get("/direct/lin/")
    assert "It begins here" in text(page)
    assert not Channel.objects.filter(kind="direct").exists()
    answer = client.post("/direct/lin/", {"body": "Hello Lin."})
    assert answer["Location"] == "/direct/lin/"
    assert "Hello Lin." in text(client.get("/direct/lin/"))


def test_a_conversation_has_one_address(ada: Member, lin: Member, kay: Member, at: At) -> None:
    say(ada, "@lin,@kay", "Hello both.")
    client = at(ada)
    assert client.get("/direct/lin,kay/")["Location"] == "/direct/kay,lin/"
    assert "Hello both." in text(client.get("/direct/kay,lin/"))


def test_nobody_else_can_open_it(ada: Member, lin: Member, owner: Member, at: At) -> None:
    secret = say(ada, "@lin", "Between us.")
    client = at(owner)
    assert "Between us." not in text(client.get("/direct/lin/"))
    assert "Between us." not in text(client.get("/direct/ada,lin/"))
    for path in (f"/messages/{secret}/", f"/threads/{secret}/", f"/messages/{secret}/deliveries/"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize("handles", ["nobody", "lin,nobody", "ada", ",", "%00", "lin,,"])
def test_direct_addresses_that_name_nobody(ada: Member, lin: Member, at: At, handles: str) -> None:
    assert at(ada).get(f"/direct/{handles}/").status_code in {200, 302, 400, 404, 422}


# Threads


def test_a_thread_has_its_page_and_its_part(ada: Member, lin: Member, at: At) -> None:
    root = say(lin, "#general", "Question?")
    client = at(ada)
    assert client.post(f"/threads/{root}/", {"body": "Answer."})["Location"] == f"/threads/{root}/"
    page = text(client.get(f"/threads/{root}/"))
    assert "Question?" in page
    assert "Answer." in page
    part = text(client.get(f"/threads/{root}/", headers=HTMX))
    assert "<html" not in part
    assert "Answer." in part
    reply = Message.objects.get(body="Answer.")
    assert client.get(f"/threads/{reply.pk}/")["Location"] == f"/threads/{root}/"
    assert "1 reply" in text(client.get(f"/messages/{root}/replies/", headers=HTMX))


def test_a_thread_can_stand_beside_its_channel(ada: Member, lin: Member, at: At) -> None:
    root = say(lin, "#general", "Question?")
    page = text(at(ada).get(f"/channels/general/?thread={root}"))
    assert f'data-thread-id="{root}"' in page
    for wrong in ("0", "999", "x", "9" * 30):
        page = text(at(ada).get(f"/channels/general/?thread={wrong}"))
        assert "data-thread-id" not in page


def test_delivery_facts(ada: Member, lin: Member, sam: Member, at: At) -> None:
    named = say(ada, "#general", "@lin please")
    unnamed = say(ada, "#general", "just saying")
    client = at(ada)
    facts = text(client.get(f"/messages/{named}/deliveries/", headers=HTMX))
    assert "@lin" in facts
    assert "not offered yet" in facts
    assert "names nobody" in text(client.get(f"/messages/{unnamed}/deliveries/"))
