"""The Django admin: it shows what its reader may see, and changes only by actions."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Message
from messaging.services import add_reaction, create_channel, edit_message, send_message
from orgchart.models import Credential, Department, Member
from tasks import services as tasks
from tasks.models import Blueprint, Promise, WorkingCalendar
from tasks.services.promise_reminding import remind_of_promises
from teammcp.core.models import ClientKey
from tests.conftest import person, token_of
from tests.dashboard.conftest import At
from tests.scenes import scene

OURS = ("core", "audit", "orgchart", "messaging", "tasks")
MODELS = [model for label in OURS for model in apps.get_app_config(label).get_models()]


def text(answer: Any) -> str:
    return str(answer.content.decode())


def address(model: Any, end: str, *arguments: Any) -> str:
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{end}", args=arguments)


@scene
def everything_there_is(ada: Member, lin: Member, kay: Member, vault: Channel) -> None:
    """Something of everything."""
    token_of(lin)
    root = send_message(actor=lin, to="#general", body="Shown to all.")
    send_message(actor=kay, to=f"thread:{root.id}", body="@lin an answer")
    secret = send_message(actor=lin, to="#vault", body="The combination is 1234.")
    send_message(actor=lin, to="@kay", body="Between us: 5678.")
    for message in (root.id, secret.id):
        edit_message(actor=lin, message_id=message, body="Edited.")
        add_reaction(actor=lin, message_id=message, emoji="👍")
    edit_message(actor=lin, message_id=root.id, body="Shown to all.")
    soon = timezone.now() + timedelta(hours=1)
    made = tasks.create_blueprint(actor=lin, title="Sweep.", cron="0 9 * * *")
    tasks.run_blueprint(actor=lin, blueprint_id=made.id)
    tasks.promise(actor=lin, text="I will sweep.", due_at=soon, to="kay")
    tasks.set_working_calendar(actor=ada, zone="Europe/Berlin", hours=["MON-FRI 09:00-17:00"])
    remind_of_promises(soon)


def test_every_model_is_there(company: None) -> None:
    assert {model for model in MODELS if not admin.site.is_registered(model)} == set()


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_lists_and_rows_open_and_search(
    ada: Member, everything_there_is: None, at: At, model: Any
) -> None:
    client = at(ada)
    assert client.get(address(model, "changelist")).status_code == 200
    assert client.get(address(model, "changelist") + "?q=general").status_code == 200
    row = model.objects.order_by("pk").last()
    if row is not None:
        assert client.get(address(model, "change", row.pk)).status_code in {200, 302}


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_nothing_is_added_or_deleted(
    ada: Member, everything_there_is: None, at: At, model: Any
) -> None:
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


CHANGED_BY_ACTION = {"Member", "Channel", "Department", "Task", "Goal", "WorkingCalendar"}


@pytest.mark.parametrize(
    "model",
    [model for model in MODELS if model.__name__ not in CHANGED_BY_ACTION],
    ids=lambda model: model.__name__,
)
def test_rows_without_an_action_cannot_be_changed(
    ada: Member, everything_there_is: None, at: At, model: Any
) -> None:
    row = model.objects.order_by("pk").first()
    if row is not None:
        values = {field.name: "x" for field in model._meta.fields}
        answer = at(ada).post(address(model, "change", row.pk), values)
        assert answer.status_code in {302, 403}


def test_an_admin_sees_no_more_than_at_the_dashboard(
    ada: Member, everything_there_is: None, at: At
) -> None:
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


def test_digests_are_shown_nowhere(
    ada: Member, lin: Member, everything_there_is: None, at: At
) -> None:
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
            "tools": "[]", "languages": "[]", "authority": "observer"}  # fmt: skip
    assert client.post(address(Member, "change", lin.pk), form).status_code == 302
    lin.refresh_from_db()
    assert (lin.title, lin.authority) == ("Lead", "observer")
    event = Event.objects.get(kind="member.updated")
    assert (event.face, event.actor) == ("admin", ada)
    assert set(event.data["changed"]) == {"title", "authority"}


def test_the_chart_is_changed_by_the_actions(
    ada: Member, lin: Member, kay: Member, owner: Member, at: At
) -> None:
    client, row = at(ada), Department.objects.create(slug="it", name="IT")
    form = {"name": "Lin", "handle": "lin", "title": "", "charter": "", "capabilities": "[]",
            "tools": "[]", "languages": "[]", "model": "", "authority": "member"}  # fmt: skip
    there = address(Member, "change", lin.pk)
    assert client.post(there, {**form, "manager": kay.pk, "department": row.pk}).status_code == 302
    lin.refresh_from_db()
    assert (lin.manager, lin.department) == (kay, row)
    below = {**form, "name": "Kay", "handle": "kay", "manager": lin.pk}
    loop = client.post(address(Member, "change", kay.pk), below, follow=True)
    assert "that would make a loop" in text(loop)
    client.post(address(Department, "change", row.pk), {"name": "IT", "head": lin.pk, "parent": ""})
    row.refresh_from_db()
    assert row.head == lin
    for action, status in (("pause", "paused"), ("unpause", "active")):
        chosen = {"action": action, "_selected_action": [lin.pk, owner.pk]}
        answer = client.post(address(Member, "changelist"), chosen, follow=True)
        assert f"You cannot {action} @owner" in text(answer)
        lin.refresh_from_db()
        assert lin.status == status
    client.post(
        address(Department, "changelist"), {"action": "remove", "_selected_action": [row.pk]}
    )
    assert Department.objects.exists()  # a member is in it
    kinds = set(Event.objects.filter(face="admin").values_list("kind", flat=True))
    assert {"member.manager_set", "member.moved", "member.paused", "department.updated"} <= kinds


def test_what_the_action_refuses_is_told(ada: Member, owner: Member, at: At) -> None:
    client = at(ada)
    form = {"name": "Owner", "handle": "owner", "title": "Demoted", "charter": "",
            "capabilities": "[]", "tools": "[]", "languages": "[]",
            "authority": "member"}  # fmt: skip
    answer = client.post(address(Member, "change", owner.pk), form, follow=True)
    assert "You cannot change the entry of @owner: orders go down" in text(answer)
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
    assert "You cannot retire @owner: orders go down the reporting line only." in text(answer)
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


# Conditions in the address of a list

PEEKING = (
    (Member, "password__startswith=pbkdf2"),
    (Member, "credentials__digest__startswith=a"),
    (Credential, "digest__startswith=a"),
    (ClientKey, "result__contains=a"),
    (Event, "seq__regex=("),
    (Event, "data__contains=a"),
    (Event, "hash__startswith=0"),
    (Member, "password=x"),
)


@pytest.mark.parametrize(("model", "query"), PEEKING)
def test_what_is_hidden_cannot_be_asked_for_in_the_address(
    ada: Member, everything_there_is: None, at: At, model: Any, query: str
) -> None:
    assert at(ada).get(f"{address(model, 'changelist')}?{query}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [
        "kind__exact=agent", "authority__exact=member", "status__exact=active",
        "department__id__exact=1", "department__isnull=True", "q=lin",
    ],
)  # fmt: skip
def test_the_filters_of_a_list_work(
    ada: Member, everything_there_is: None, at: At, query: str
) -> None:
    assert at(ada).get(f"{address(Member, 'changelist')}?{query}").status_code == 200
    assert at(ada).get(f"{address(Event, 'changelist')}?kind=message.sent").status_code == 200


HOSTILE = (
    "p=x", "p=-1", "p=99999999999999999999999", "p=0", "o=x", "o=99.-1", "q=%00", "e=1",
    "q=" + "x" * 3000, "_to_field=password", "_popup=1", "all=", "revoked_at__gte=x",
    "department__id__exact=x", "department__isnull=x", "kind__exact=%00", "nonsense=1",
    "revoked_at__isnull=x", "source_model=x", "department__id__exact=99999999999999999999999",
)  # fmt: skip


@pytest.mark.no_cover
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_no_address_of_a_list_ends_in_a_fault(
    ada: Member, everything_there_is: None, at: At, model: Any
) -> None:
    client = at(ada)
    for query in HOSTILE:
        answer = client.get(f"{address(model, 'changelist')}?{query}")
        assert answer.status_code in {200, 302, 400}, query


def test_time_is_changed_by_the_actions_of_every_face(
    ada: Member, everything_there_is: None, at: At
) -> None:
    client = at(ada)
    for model, action, row in (
        (Blueprint, "pause", Blueprint.objects.get()),
        (Promise, "release", Promise.objects.get()),
    ):
        body = {"action": action, "_selected_action": [row.pk]}
        assert client.post(address(model, "changelist"), body).status_code == 302
    assert Blueprint.objects.get().state == "paused"
    assert Promise.objects.get().closed_by == ada
    calendar = WorkingCalendar.objects.get()
    body = {"zone": "Asia/Tokyo", "hours": '["MON 09:00-10:00"]', "holidays": "[]"}
    assert client.post(address(WorkingCalendar, "change", calendar.pk), body).status_code == 302
    calendar.refresh_from_db()
    assert (calendar.zone, calendar.hours) == ("Asia/Tokyo", ["MON 09:00-10:00"])
    assert Event.objects.latest("seq").face == "admin"
