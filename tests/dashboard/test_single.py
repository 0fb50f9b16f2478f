"""One message at the dashboard: its row, its menu, editing, earlier texts."""

from __future__ import annotations

import json
from typing import Any

from messaging.models import Channel, Message
from messaging.services import add_reaction, edit_message, send_message
from orgchart.models import Member
from tests.dashboard.conftest import At

HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def say(member: Member, to: str, body: str) -> int:
    return int(send_message(actor=member, to=to, body=body).id)


def test_a_message_is_drawn_again_as_it_stood(ada: Member, lin: Member, at: At) -> None:
    one = say(lin, "#general", "Deploy at nine.")
    page = text(at(ada).get("/channels/general/"))
    assert f'data-row="message-{one}" hx-get="/messages/{one}/row/?opens"' in page
    edit_message(actor=lin, message_id=one, body="Deploy at ten.")
    row = text(at(ada).get(f"/messages/{one}/row/?opens", headers=HTMX))
    assert "Deploy at ten." in row
    assert f'id="m{one}"' in row
    assert 'class="who"' in row
    assert f'href="/messages/{one}/versions/"' in row
    small = text(at(ada).get(f"/messages/{one}/row/?in_thread", headers=HTMX))
    assert f'id="t{one}"' in small
    assert 'class="who"' not in small
    assert at(ada).get(f"/messages/{one}/row/").status_code == 302


def test_only_the_author_is_offered_to_edit(ada: Member, lin: Member, at: At) -> None:
    one, own = say(lin, "#general", "Lin's."), say(ada, "#general", "Ada's.")
    client = at(ada)
    assert "/edit/" not in text(client.get(f"/messages/{one}/menu/", headers=HTMX))
    assert f"/messages/{own}/edit/?opens" in text(
        client.get(f"/messages/{own}/menu/?opens", headers=HTMX)
    )


def test_a_message_is_edited_in_place(ada: Member, at: At) -> None:
    one = say(ada, "#general", "Deploy at <nine>.")
    client = at(ada)
    form = text(client.get(f"/messages/{one}/edit/?opens", headers=HTMX))
    assert "Deploy at &lt;nine&gt;.</textarea>" in form
    assert 'name="version" value="1"' in form
    values = {"body": "Deploy at ten.", "version": "1"}
    answer = client.post(f"/messages/{one}/edit/", values, headers=HTMX)
    assert answer.status_code == 204
    assert json.loads(answer["HX-Trigger"])["changed"]["topics"] == [f"message-{one}"]
    assert Message.objects.get(pk=one).body == "Deploy at ten."
    late = client.post(f"/messages/{one}/edit/", {**values, "body": "At two."}, headers=HTMX)
    assert late.status_code == 409
    assert "is at version 2 by now" in text(late)


def test_without_a_script_editing_is_a_page(ada: Member, at: At) -> None:
    one = say(ada, "#general", "One.")
    client = at(ada)
    assert "One.</textarea>" in text(client.get(f"/messages/{one}/edit/"))
    answer = client.post(f"/messages/{one}/edit/", {"body": " ", "version": "1"})
    assert answer.status_code == 422
    assert "Edit your message" in text(answer)
    answer = client.post(f"/messages/{one}/edit/", {"body": "Two.", "version": "1"})
    assert answer["Location"] == f"/messages/{one}/"
    assert "Link to it" in text(client.get(f"/messages/{one}/menu/"))


def test_the_texts_of_a_message_are_a_page_and_stand_in_the_rail(
    ada: Member, lin: Member, at: At
) -> None:
    one = say(lin, "#general", "Deploy at **nine**.")
    edit_message(actor=lin, message_id=one, body="Deploy at ten.")
    for headers in ({}, HTMX):
        shown = text(at(ada).get(f"/messages/{one}/versions/", headers=headers))
        assert "<strong>nine</strong>" in shown
        assert "Deploy at ten." in shown
        assert shown.count("present</span>") == 1


def test_hidden_messages_have_no_row_menu_or_texts(
    ada: Member, lin: Member, vault: Channel, at: At
) -> None:
    one = say(lin, "#vault", "Hidden.")
    for part in ("row", "menu", "edit", "versions"):
        for headers in ({}, HTMX):
            assert at(ada).get(f"/messages/{one}/{part}/", headers=headers).status_code == 404


def test_the_author_deletes_after_having_been_asked(ada: Member, at: At) -> None:
    one = say(ada, "#general", "Oh **no**.")
    client = at(ada)
    assert f"/messages/{one}/delete/" in text(client.get(f"/messages/{one}/menu/", headers=HTMX))
    for headers in ({}, HTMX):
        asked = text(client.get(f"/messages/{one}/delete/", headers=headers))
        assert "Nobody can undo this." in asked
        assert "(optional)" in asked
    answer = client.post(f"/messages/{one}/delete/", {"reason": "", "erase": "false"}, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["changed"]["topics"] == [f"message-{one}"]
    page = text(client.get("/channels/general/"))
    assert "Deleted by @ada" in page
    assert "Oh <strong>no" not in page
    assert "Erase…" in text(client.get(f"/messages/{one}/menu/", headers=HTMX))
    client.post(f"/messages/{one}/delete/", {"erase": "true"})
    assert "Erased by @ada" in text(client.get("/channels/general/"))
    assert "/delete/" not in text(client.get(f"/messages/{one}/menu/", headers=HTMX))


def test_an_admin_gives_a_reason_that_everybody_sees(
    ada: Member, lin: Member, kay: Member, at: At
) -> None:
    one = say(lin, "#general", "Buy now!")
    client = at(ada)
    assert "required" in text(client.get(f"/messages/{one}/delete/"))
    answer = client.post(f"/messages/{one}/delete/", {"reason": ""})
    assert answer.status_code == 422
    assert "deleted with a reason" in text(answer)
    client.post(f"/messages/{one}/delete/", {"reason": "Not <here>."})
    assert "Deleted by @ada: Not &lt;here&gt;." in text(at(kay).get("/channels/general/"))
    assert "/delete/" not in text(at(kay).get(f"/messages/{one}/menu/", headers=HTMX))


def test_reactions_are_given_and_taken_back(ada: Member, lin: Member, kay: Member, at: At) -> None:
    one = say(lin, "#general", "Deploy is green.")
    add_reaction(actor=kay, message_id=one, emoji="🎉")
    client = at(ada)
    for headers in ({}, HTMX):
        assert "React with 👍" in text(client.get(f"/messages/{one}/react/", headers=headers))
    answer = client.post(f"/messages/{one}/react/", {"emoji": "🎉"}, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["changed"]["topics"] == [f"message-{one}"]
    page = text(client.get("/channels/general/"))
    assert 'aria-label="🎉 by you and @kay"' in page
    assert 'aria-pressed="true"' in page
    refused = client.post(f"/messages/{one}/react/", {"emoji": "<b>"}, headers=HTMX)
    assert refused.status_code == 422
    assert "<b>" not in text(refused)
    client.post(f"/messages/{one}/unreact/", {"emoji": "🎉"})
    assert 'aria-label="🎉 by @kay"' in text(client.get("/channels/general/"))


def test_messages_are_pinned_and_listed(ada: Member, lin: Member, at: At) -> None:
    one = say(lin, "#general", "House <rules>.")
    client = at(ada)
    assert "Nothing is pinned here." in text(client.get("/channels/general/pins/"))
    assert client.post(f"/messages/{one}/pin/", {}, headers=HTMX).status_code == 204
    for headers in ({}, HTMX):
        pins = text(client.get("/channels/general/pins/", headers=headers))
        assert "House &lt;rules&gt;." in pins
        assert "pinned by @ada" in pins
    assert "pinned by @ada" in text(client.get("/channels/general/"))
    refused = at(lin).post(f"/messages/{one}/unpin/", {})
    assert refused.status_code == 403
    assert "@ada pinned message" in text(refused)
    client.post(f"/messages/{one}/unpin/", {})
    assert "pinned by" not in text(client.get("/channels/general/"))


def test_a_member_saves_and_lets_go(ada: Member, lin: Member, at: At) -> None:
    one = say(lin, "#general", "The wiki moved.")
    client = at(ada)
    assert "You have saved nothing." in text(client.get("/saved/"))
    for headers in ({}, HTMX):
        assert "in an hour" in text(client.get(f"/messages/{one}/save/", headers=headers))
    form = {"note": "Tell <Kay>", "remind_in": "60"}
    answer = client.post(f"/messages/{one}/save/", form, headers=HTMX)
    assert json.loads(answer["HX-Trigger"])["changed"]["topics"] == [f"member-{ada.pk}"]
    shown = text(client.get("/saved/"))
    assert "Tell &lt;Kay&gt;" in shown
    assert "reminds you" in shown
    assert "You have saved nothing." in text(at(lin).get("/saved/"))
    long = client.post(f"/messages/{one}/save/", {"note": "x" * 300})
    assert long.status_code == 422
    client.post(f"/messages/{one}/unsave/", {})
    assert "You have saved nothing." in text(client.get("/saved/", headers=HTMX))


def test_a_thread_is_followed_and_read_in_short(ada: Member, lin: Member, at: At) -> None:
    root = say(lin, "#general", "Which <database>?")
    for number in range(8):
        say(lin, f"thread:{root}", f"Decision: number {number}.")
    client = at(ada)
    thread = text(client.get(f"/threads/{root}/"))
    assert f"/threads/{root}/summary/" in thread
    assert f'action="/threads/{root}/follow/"' in thread
    followed = text(client.post(f"/threads/{root}/follow/", {}, headers=HTMX))
    assert f'action="/threads/{root}/unfollow/"' in followed
    assert client.post(f"/threads/{root}/unfollow/", {})["Location"] == f"/threads/{root}/"
    for headers in ({}, HTMX):
        short = text(client.get(f"/threads/{root}/summary/", headers=headers))
        assert "Which &lt;database&gt;?" in short
        assert "8 replies" in short
        assert "Decision: number 7." in short
