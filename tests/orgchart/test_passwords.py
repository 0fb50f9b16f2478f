"""Passwords are hashed where no other write waits for it, and tries are limited."""

from __future__ import annotations

import threading
from typing import Any

import orjson
import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from pytest_django import Settings

from audit.models import Event
from orgchart.models import Member
from orgchart.services import invite_person, set_password
from teammcp.core.errors import Forbidden
from teammcp.serving import Server
from tests.asgi import in_thread
from tests.conftest import ApiOf, token_of
from tests.core.test_direct import Call, ask, drive

OLD, NEW = "correct horse", "battery staple"
CHANGE = {"current": OLD, "password": NEW}
hashed_in: list[str] = []


class WatchedHasher(MD5PasswordHasher):
    """Notes the thread in which it works."""

    def encode(self, password: str, salt: str) -> Any:
        hashed_in.append(threading.current_thread().name)
        return super().encode(password, salt)


@pytest.fixture
def ada(ada: Member, settings: Settings) -> Member:
    settings.PASSWORD_HASHERS = [f"{__name__}.WatchedHasher"]
    ada.set_password(OLD)
    ada.save(update_fields=["password"])
    token_of(ada)
    hashed_in.clear()
    return ada


async def test_no_hash_is_computed_in_the_write_lane(
    transactional_db: None, ada: Member, server: Server
) -> None:
    reply = await ask(server.api, Call("POST", "/api/me/password/", CHANGE), token_of(ada))
    assert reply.status == 200
    assert len(hashed_in) >= 2
    assert "write-lane" not in hashed_in


async def test_nor_where_the_call_comes_in_parts(
    transactional_db: None, ada: Member, server: Server
) -> None:
    body = orjson.dumps(CHANGE)
    parts = [
        {"type": "http.request", "body": body[:9], "more_body": True},
        {"type": "http.request", "body": body[9:], "more_body": False},
    ]
    sent = await drive(server.api, token_of(ada), parts, "/api/me/password/")
    assert sent[0]["status"] == 200
    assert hashed_in
    assert "write-lane" not in hashed_in
    assert await in_thread(lambda: Member.objects.get(pk=ada.pk).check_password(NEW))


def test_tries_are_limited_for_each_member(ada: Member, owner: Member, api: ApiOf) -> None:
    wrong = {"current": "wrong", "password": NEW}
    for _ in range(10):
        assert api(ada).post("me/password/", **wrong).status == 403
    hashed_in.clear()
    answer = api(ada).post("me/password/", **CHANGE)
    assert answer.status == 429
    assert answer.data["state"]["retry_after_seconds"] > 0
    assert hashed_in == []
    owner.set_password(OLD)
    owner.save(update_fields=["password"])
    assert api(owner).post("me/password/", **CHANGE).status == 200


def test_an_agent_costs_no_hash(lin: Member, ada: Member, api: ApiOf) -> None:
    assert api(lin).post("me/password/", **CHANGE).status == 403
    assert hashed_in == []


def test_a_change_in_between_makes_the_current_password_wrong(ada: Member) -> None:
    ready = set_password.prepare
    assert ready is not None
    values = ready(actor=ada, **CHANGE)
    set_password.call(ada, CHANGE)
    with pytest.raises(Forbidden, match="not right"):
        set_password._function(actor=ada, **values)


def test_a_repeated_change_gets_its_first_answer(ada: Member, api: ApiOf) -> None:
    first = api(ada).post("me/password/", **CHANGE, client_key="k-1")
    again = api(ada).post("me/password/", **CHANGE, client_key="k-1")
    assert (first.status, again.status) == (200, 200)
    assert Event.objects.filter(kind="member.password_set").count() == 1


def test_a_person_who_only_looks_on_changes_their_own_password_too(
    owner: Member, api: ApiOf
) -> None:
    invite_person(actor=owner, name="Ida", authority="observer")
    ida = Member.objects.get(handle="ida")
    ida.set_password(OLD)
    ida.save(update_fields=["password"])
    assert api(ida).post("me/password/", **CHANGE).status == 200
