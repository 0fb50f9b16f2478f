"""The Django admin: it shows what its reader may see, and changes only by actions."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from audit.models import Event
from messaging.models import Channel, Message
from messaging.services import create_channel, send_message
from orgchart.models import Credential, Member
from tests.conftest import person, token_of
from tests.dashboard.conftest import At

OURS = ("core", "audit", "orgchart", "messaging")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def address(model: Any, end: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{end}", args=arguments)


@pytest.fixture
def busy(ada: Member, lin: Member, kay: Member, vault: Channel) -> None:
    """Something of everything."""
    token_of(lin)
    root = send_message(actor=lin, to="#general", body="Shown to all.")
    send_message(actor=kay, to=f"thread:{root.id}", body="@lin an answer")
    send_message(actor=lin, to="#vault", body="The combination is 1234.")
    send_message(actor=lin, to="@kay", body="Between us: 5678.")


def test_every_model_is_there(company: None) -> None:
    assert {model for model in MODELS if not admin.site.is_registered(model)} == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_and_rows_open_and_search(ada: Member, busy: None, at: At, model: Any) -> None:
    client = at(ada)
    assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "changelist") + "?q=general").status_code == 200
    row = model.objects.order_by("pk").last()
    if row is not None:
        assert client.get(address(model, "change", row.pk)).status_code in {200, 302}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_is_added_or_deleted(ada: Member, busy: None, at: At, model: Any) -> None:
    client = at(ada)
    before = model.objects.count()
    assert client.post(address(model, "add"), {}).status_code == 403
    row = model.objects.order_by("pk").first()
    if row is not None:
        answer = client.post(address(model, "delete", row.pk), {"post": "yes"})
        assert answer.status_code in {302, 403}
        form = {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"}
        client.post(address(model, "changelist"), form)
    assert model.objects.count() >= before


@pytest.mark.parametrize(
    "model",
    [model for model in MODELS if model.__name__ not in {"Member", "Channel"}],
    ids=lambda model: model.__name__,
)
def test_rows_without_an_action_cannot_be_changed(
    ada: Member, busy: None, at: At, model: Any
) -> None:
    row = model.objects.order_by("pk").first()
    if row is not None:
        values = {field.name: "x" for field in model._meta.fields}
        answer = at(ada).post(address(model, "change", row.pk), values)
        assert answer.status_code in {302, 403}


def test_an_admin_sees_no_more_than_at_the_dashboard(ada: Member, busy: None, at: At) -> None:
    client = at(ada)
    for model in MODELS:
        page = text(client.get(address(model, "changelist")))
        assert "1234" not in page
        assert "5678" not in page
        assert "#vault" not in page
    for message in Message.objects.filter(channel__kind__in=["private", "direct"]):
        assert client.get(address(Message, "change", message.pk)).status_code == 302
    hidden = Event.objects.filter(
        topics__icontains=f"channel-{Channel.objects.get(name='vault').pk}"
    )
    assert client.get(address(Event, "change", hidden[0].pk)).status_code == 302


def test_digests_are_shown_nowhere(ada: Member, lin: Member, busy: None, at: At) -> None:
    client = at(ada)
    row = Credential.objects.filter(member=lin).first()
    assert row is not None
    page = text(client.get(address(Credential, "change", row.pk)))
    assert row.hint in page
    assert row.digest not in page
    assert lin.password not in text(client.get(address(Member, "change", lin.pk)))


def test_a_member_is_changed_by_the_action(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    form = {"name": "Lin", "handle": "lin", "title": "Lead", "charter": "", "capabilities": "[]",
            "authority": "observer", "status": "active"}  # fmt: skip
    assert client.post(address(Member, "change", lin.pk), form).status_code == 302
    lin.refresh_from_db()
    assert (lin.title, lin.authority) == ("Lead", "observer")
    event = Event.objects.get(kind="member.updated")
    assert (event.face, event.actor) == ("admin", ada)
    assert set(event.data["changed"]) == {"title", "authority"}


def test_what_the_action_refuses_is_told(ada: Member, owner: Member, at: At) -> None:
    client = at(ada)
    form = {"name": "Owner", "handle": "owner", "title": "Demoted", "charter": "",
            "capabilities": "[]", "authority": "member", "status": "active"}  # fmt: skip
    answer = client.post(address(Member, "change", owner.pk), form, follow=True)
    assert "Only an owner can change this about an owner." in text(answer)
    owner.refresh_from_db()
    assert owner.authority == "owner"


def test_a_channel_is_changed_by_the_action(ada: Member, at: At) -> None:
    create_channel(actor=ada, name="lab")
    row = Channel.objects.get(name="lab")
    form = {"name": "labs", "purpose": "To try things"}
    at(ada).post(address(Channel, "change", row.pk), form)
    row.refresh_from_db()
    assert row.name == "labs"
    assert Event.objects.filter(kind="channel.updated", face="admin").exists()


def test_credentials_are_revoked_by_the_action(ada: Member, lin: Member, at: At) -> None:
    token_of(lin)
    rows = Credential.objects.filter(member=lin)
    form = {"action": "revoke", "_selected_action": [row.pk for row in rows]}
    at(ada).post(address(Credential, "changelist"), form)
    assert not rows.filter(revoked_at=None).exists()
    assert Event.objects.filter(kind="credential.revoked", face="admin").count() == len(rows)


def test_members_are_retired_by_the_action(ada: Member, lin: Member, owner: Member, at: At) -> None:
    form = {"action": "retire", "_selected_action": [lin.pk, owner.pk]}
    answer = at(ada).post(address(Member, "changelist"), form, follow=True)
    assert "Only an owner can retire an owner." in text(answer)
    assert "Retired: 1." in text(answer)
    lin.refresh_from_db()
    assert lin.status == "retired"


def test_the_admin_is_for_admins(lin: Member, at: At) -> None:
    client = at(person("bo"))
    assert client.get("/admin/", follow=True).redirect_chain[-1][0] == "/inbox/"
    assert client.get("/admin/orgchart/member/").status_code == 302


def test_it_has_one_way_in(company: None, at: At, ada: Member) -> None:
    answer = Client().get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/sign-in/?next=")
    assert at(ada).get("/admin/password_change/")["Location"] == "/account/"
