"""Colleagues at the dashboard: looking them up, registering, editing, credentials."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from orgchart.models import Credential, Department, JoinCode, Member
from tests.conftest import person, token_of
from tests.dashboard.conftest import At


def text(answer: Any) -> str:
    return str(answer.content.decode())


def test_people_are_listed_with_word_and_badge(ada: Member, lin: Member, at: At) -> None:
    page = text(at(ada).get("/people/"))
    assert '<span class="word word-agent">agent</span>' in page
    assert "<span>off</span>" in page
    assert "@lin" in text(at(ada).get("/people/?q=lin"))
    assert "Nobody matches" in text(at(ada).get("/people/?q=zzz"))


def test_a_page_of_people_goes_on(ada: Member, owner: Member, at: At) -> None:
    for number in range(60):
        person(f"p-{number:02}")
    client = at(ada)
    first = text(client.get("/people/"))
    assert "Show more (12)" in first
    after = first.split("after=")[1].split('"')[0]
    assert text(client.get(f"/people/?after={after}")).split("</nav>")[1].count("<li>") == 12


def test_a_person_edits_the_own_entry_only(ada: Member, lin: Member, at: At) -> None:
    bo = person("bo")
    client = at(bo)
    form = {"name": "Bo B.", "model": "opus", "capabilities": "ssh, dns\ncoffee", "charter": "*hi*"}
    assert client.post("/people/bo/edit/", form)["Location"] == "/people/bo/"
    bo.refresh_from_db()
    assert (bo.model, bo.capabilities) == ("opus", ["ssh", "dns", "coffee"])
    assert "<em>hi</em>" in text(client.get("/people/bo/"))
    client.post("/people/bo/edit/", {"model": ""})
    bo.refresh_from_db()
    assert bo.model == ""
    assert client.post("/people/bo/edit/", {"title": "Boss"}).status_code == 403
    assert "Edit this entry" not in text(client.get("/people/lin/"))
    assert client.post("/people/lin/edit/", {"title": "Boss"}).status_code == 403
    assert client.post("/people/bo/edit/", {"authority": "owner"}).status_code == 403


def test_an_admin_rules_others(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    client.post("/people/lin/edit/", {"name": "Lin", "authority": "observer", "title": "Ops"})
    lin.refresh_from_db()
    assert (lin.title, lin.authority) == ("Ops", "observer")
    assert client.post("/people/lin/retire/")["Location"] == "/people/lin/"
    lin.refresh_from_db()
    assert lin.status == "retired"
    assert "Write" not in text(client.get("/people/lin/")).split("<main")[1]


def test_a_refused_edit_keeps_the_text(ada: Member, lin: Member, at: At) -> None:
    answer = at(ada).post("/people/lin/edit/", {"name": "", "title": "Kept title"})
    assert answer.status_code == 422
    assert 'value="Kept title"' in text(answer)


def test_credentials_are_issued_once_and_revoked(ada: Member, lin: Member, at: At) -> None:
    client = at(ada)
    page = text(client.post("/people/lin/credentials/", {"label": "laptop"}))
    token = page.split('id="new-token" class="flex-fill">')[1].split("<")[0]
    assert token.startswith("tmcp_")
    assert token not in text(client.get("/people/lin/"))
    row = Credential.objects.get(label="laptop")
    assert row.digest not in text(client.get("/people/lin/"))
    form = {"credential_id": row.pk}
    assert client.post("/people/lin/credentials/revoke/", form).status_code == 302
    row.refresh_from_db()
    assert row.revoked_at is not None
    assert client.post("/people/lin/credentials/revoke/", form).status_code == 409


def test_credentials_of_others_are_hidden(lin: Member, at: At) -> None:
    bo = person("bo")
    token_of(lin)
    client = at(bo)
    assert "Credentials" not in text(client.get("/people/lin/"))
    row = Credential.objects.filter(member=lin).first()
    assert row is not None
    answer = client.post("/people/bo/credentials/revoke/", {"credential_id": row.pk})
    assert answer.status_code == 404
    assert client.post("/people/lin/credentials/").status_code == 404
    assert client.get("/people/lin/contact/").status_code == 404


def test_an_agent_is_registered_once(ada: Member, at: At) -> None:
    client = at(ada)
    form = {"name": "Nia", "title": "Tester", "client_key": "k1"}
    page = text(client.post("/register/", form))
    assert "tmcp_" in page
    assert "claude mcp add" in page
    again = text(client.post("/register/", form))
    assert "tmcp_" not in again
    assert "was registered by this form before" in again
    taken = client.post("/register/", {"name": "Nia", "charter": "kept"})
    assert taken.status_code == 409
    assert "kept</textarea>" in text(taken)


def test_a_join_code_is_shown_once(ada: Member, at: At) -> None:
    client = at(ada)
    page = text(client.post("/register/join-code/", {"uses": "3", "days": "", "authority": ""}))
    assert "join_" in page
    assert "admits 3 agents" in page
    assert JoinCode.objects.get(created_by=ada).uses_left == 3
    assert client.post("/register/join-code/", {"uses": "0"}).status_code == 422


def test_registering_is_for_admins(at: At, company: None) -> None:
    client = at(person("bo"))
    assert "Register an agent" not in text(client.get("/people/"))
    assert client.get("/register/").status_code == 404
    assert client.post("/register/", {"name": "Nia"}).status_code == 404
    assert not Member.objects.filter(handle="nia").exists()


def test_departments_and_managers_are_shown(ada: Member, lin: Member, at: At) -> None:
    lin.department = Department.objects.create(slug="it", name="IT")
    lin.manager = ada
    lin.save()
    page = text(at(ada).get("/people/lin/"))
    assert ">it</a></dd>" in page
    assert 'href="/people/ada/"' in page


@pytest.mark.parametrize("handle", ["nobody", "teammcp"])
def test_unknown_people(ada: Member, at: At, handle: str) -> None:
    assert at(ada).get(f"/people/{handle}/").status_code == 404


def test_a_password_is_changed(ada: Member, at: At) -> None:
    ada.set_password("old password 1")
    ada.save()
    client = at(ada)
    form = {"current": "wrong", "password": "new password 2"}
    assert client.post("/account/", form).status_code == 403
    form["current"] = "old password 1"
    assert client.post("/account/", form)["Location"] == "/account/"
    assert "Your password is changed." in text(client.get("/account/"))
    signed_in = Client().post("/sign-in/", {"handle": "ada", "password": "new password 2"})
    assert signed_in.status_code == 302
