"""Channels at the dashboard: opening, joining, changing them, and the sidebar that counts."""

from __future__ import annotations

from typing import Any

from django.test import Client

from messaging.models import Membership
from messaging.services import create_channel, join_channel, send_message, set_notify
from orgchart.models import Member
from tests.dashboard.conftest import At

HTMX = {"HX-Request": "true"}


def text(answer: Any) -> str:
    return str(answer.content.decode())


def say(member: Member, to: str, body: str) -> None:
    send_message(actor=member, to=to, body=body)


def test_a_channel_is_opened_and_joined(ada: Member, owner: Member, at: At) -> None:
    client = at(ada)
    form = {"name": "Release-2", "kind": "public", "purpose": "Ships", "invite": "@owner"}
    assert client.post("/channels/", form)["Location"] == "/channels/release-2/"
    assert Membership.objects.filter(channel__name="release-2").count() == 2
    refused = client.post("/channels/", form)
    assert refused.status_code == 409
    assert "#release-2 exists already" in text(refused)
    assert 'value="Ships"' in text(refused)


def test_joining_leaving_muting_and_changing(ada: Member, lin: Member, at: At) -> None:
    create_channel(actor=lin, name="lab")
    client = at(ada)
    assert "Join" in text(client.get("/channels/lab/"))
    assert client.post("/channels/lab/join/")["Location"] == "/channels/lab/"
    client.post("/channels/lab/notify/", {"notify": "mute"})
    assert Membership.objects.get(member=ada, channel__name="lab").notify == "mute"
    answer = client.post("/channels/lab/change/", {"name": "labs", "purpose": "To try things"})
    assert answer["Location"] == "/channels/labs/"
    client.post("/channels/labs/invite/", {"members": "@owner"})
    assert "Owner" in text(client.get("/channels/labs/about/"))
    client.post("/channels/labs/change/", {"archived": "true"})
    assert "archived" in text(client.get("/channels/labs/"))
    assert "labs" not in text(client.get("/channels/?q=labs")).split("<h2")[0].split("rows")[-1]
    assert "labs" in text(client.get("/channels/?q=labs&archived=1"))
    assert client.post("/channels/labs/leave/")["Location"] == "/channels/"


def test_a_refused_change_keeps_the_form(ada: Member, lin: Member, at: At) -> None:
    create_channel(actor=lin, name="lab")
    join_channel(actor=ada, channel="#lab")
    answer = at(ada).post("/channels/lab/change/", {"name": "not a name", "purpose": "P"})
    assert answer.status_code == 422
    assert "cannot be the name of a channel" in text(answer)
    assert 'value="not a name"' in text(answer)


def test_muted_channels_count_nothing(ada: Member, lin: Member, at: At) -> None:
    set_notify(actor=ada, channel="#general", notify="mute")
    say(lin, "#general", "noise")
    assert "1<span" not in text(at(ada).get("/places/")).split("Colleagues")[0]


def test_the_sidebar_counts(ada: Member, lin: Member, at: At) -> None:
    say(lin, "#general", "@ada hello")
    say(lin, "@ada", "psst")
    page = text(at(ada).get("/places/?here=/inbox/"))
    assert 'aria-current="page" class="unread"' in page
    assert '2<span class="visually-hidden"> waiting' in page
    assert page.count('1<span class="visually-hidden"> unread') == 2


def test_names_are_completed(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    assert 'data-insert="@lin"' in text(client.get("/complete/?q=@li"))
    assert 'data-insert="#general"' in text(client.get("/complete/?q=%23gen"))
    assert text(client.get("/complete/?q=x")).strip() == ""


def test_observers_read_but_do_not_write(olga: Member, at: At) -> None:
    client = at(olga)
    assert client.get("/channels/general/").status_code == 200
    answer = client.post("/channels/general/", {"body": "May I?"})
    assert answer.status_code == 403
    assert "May I?" in text(answer)


def test_a_signed_out_script_is_told_so() -> None:
    answer = Client().get("/places/", headers=HTMX)
    assert answer.status_code == 401
