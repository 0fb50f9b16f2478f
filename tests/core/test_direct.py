"""The short way through REST: the same answer as the long one, byte for byte, or none at all."""

from __future__ import annotations

import asyncio
from typing import Any, NamedTuple

import orjson
import pytest

from audit.models import Event
from messaging.models import Channel, Message
from messaging.services import send_message
from orgchart.models import Credential, JoinCode, Member
from orgchart.services import revoke_credential
from teammcp.core.direct import regular_call
from teammcp.serving import Server
from tests.asgi import in_thread, open_stream
from tests.conftest import token_of
from tests.scenes import scene

JSON = {"content-type": "application/json"}


class Call(NamedTuple):
    """One request."""

    method: str
    path: str
    body: Any = None
    headers: dict[str, str] = {}  # noqa: RUF012 - never changed


class Reply(NamedTuple):
    """One answer."""

    status: int
    headers: dict[str, str]
    content: bytes


async def ask(application: Any, call: Call, token: str) -> Reply:
    body = call.body if isinstance(call.body, bytes) else orjson.dumps(call.body or {})
    body = b"" if call.method == "GET" else body
    given = {**JSON, "content-length": str(len(body))} if body else {}
    async with open_stream(
        application,
        call.path,
        token=token,
        headers={**given, **call.headers},
        method=call.method,
        body=body,
    ) as answer:
        return Reply(answer.status, answer.headers, await answer.body())


async def assert_equal(server: Server, call: Call, token: str) -> Reply:
    """That the short way gives what the long one gives."""
    direct = await ask(server.api, call, token)
    long = await ask(server.api._django, call, token)
    assert direct.content == long.content
    assert direct.status == long.status
    left_out = {"allow", "vary"}  # what DRF says of its own negotiation
    assert {k: v for k, v in direct.headers.items() if k not in left_out} == {
        k: v for k, v in long.headers.items() if k not in left_out
    }
    return direct


def scope_of(call: Call) -> dict[str, Any]:
    """The request as a server hands it on."""
    path, _, query = call.path.partition("?")
    headers = {"host": "localhost", "authorization": "Bearer tmcp_x", **call.headers}
    if call.method != "GET":
        headers = {**JSON, **headers}
    return {
        "type": "http",
        "method": call.method,
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers.items()],
    }


REGULAR = [
    Call("GET", "/api/me/"),
    Call("GET", "/api/members/?query=lin&limit=3"),
    Call("GET", "/api/members/kay/"),
    Call("GET", "/api/members/nobody/"),
    Call("GET", "/api/members/%C3%BC/"),
    Call("GET", "/api/channels/"),
    Call("GET", "/api/channels/vault/"),
    Call("GET", "/api/channels/@kay/members/"),
    Call("GET", "/api/messages/?where=%23general&limit=2"),
    Call("GET", "/api/messages/999999999/"),
    Call("GET", "/api/search/?query=hello"),
    Call("GET", "/api/search/?query=%22"),
    Call("GET", "/api/search/"),
    Call("GET", "/api/me/?who=kay"),
    Call("GET", "/api/members/kay/?member=lin"),
    Call("GET", "/api/events/?after=3&limit=2"),
    Call("GET", "/api/events/?after=999999999"),
    Call("GET", "/api/members/?limit=1&limit=2"),
    Call("GET", "/api/members/?query=%FF"),
    Call("GET", "/api/members/?" + "&".join(f"a{n}=1" for n in range(1100))),
    Call("GET", "/api/credentials/?member=kay"),
    Call("GET", "/api/channels/vault/", headers={"accept": "text/html, */*;q=0.1"}),
    Call("POST", "/api/messages/", {"to": "#general", "body": "Hi.", "client_key": "1"}),
    Call("POST", "/api/messages/", {"to": "@kay", "body": "Hi.", "client_key": "2"}),
    Call("POST", "/api/messages/", {"to": "#nowhere", "body": "Hi."}),
    Call("POST", "/api/messages/", {"to": "#general"}),
    Call("POST", "/api/messages/", {"to": "#general", "body": "Hi.", "from": "kay"}),
    Call("POST", "/api/messages/", b"{"),
    Call("POST", "/api/messages/", b"[]"),
    Call("POST", "/api/messages/", b'{"to": "\\ud800"}'),
    Call("POST", "/api/messages/", b""),
    Call("POST", "/api/join-codes/", {}),
    Call("PATCH", "/api/members/lin/", {"title": "Builder", "client_key": "3"}),
    Call("PATCH", "/api/members/kay/", {"title": "Fool"}),
    Call("PATCH", "/api/members/lin/", {"member": "kay"}),
    Call("POST", "/api/channels/", {"name": "plans", "client_key": "4"}),
    Call("POST", "/api/channels/vault/notify/", {"notify": "all", "client_key": "5"}),
    Call("POST", "/api/channels/vault/notify/", {"notify": "some"}),
    Call("POST", "/api/inbox/ack/", {"deliveries": [1], "client_key": "6"}),
    Call("POST", "/api/inbox/ack/", {"deliveries": [1_000_000]}),
    Call("POST", "/api/messages/", {}, {"content-type": "application/json; charset=UTF-8"}),
]

UNUSUAL = [
    Call("GET", "/api/me/", headers={"accept": "text/html"}),
    Call("GET", "/api/me/?format=json"),
    Call("GET", "/api/me/", headers={"host": "evil.example"}),
    Call("GET", "/api/me/", headers={"authorization": "Basic eDp5"}),
    Call("HEAD", "/api/me/"),
    Call("OPTIONS", "/api/me/"),
    Call("DELETE", "/api/me/"),
    Call("GET", "/api/me"),
    Call("GET", "/api/nothing/"),
    Call("GET", "/api/inbox/?limit=0"),
    Call("POST", "/api/register/", {"name": "Max"}),
    Call("POST", "/api/messages/?to=x", {"body": "Hi."}),
    Call("POST", "/api/messages/", b"to=x", {"content-type": "text/plain"}),
]


@pytest.fixture
def token(transactional_db: None, addresses: None, token_of_lin_in_talk: str) -> str:
    return token_of_lin_in_talk


@scene
def token_of_lin_in_talk(lin: Member, kay: Member, vault: Channel) -> str:
    send_message(actor=lin, to="#general", body="Hello.")
    send_message(actor=kay, to="@lin", body="Hello.")
    return token_of(lin)


@pytest.mark.parametrize("call", REGULAR, ids=lambda call: f"{call.method} {call.path}"[:60])
async def test_a_regular_call_is_answered_as_django_answers_it(
    server: Server, token: str, call: Call
) -> None:
    before = await in_thread(Event.objects.count)
    reply = await assert_equal(server, call, token)
    assert regular_call(scope_of(call)) is not None
    assert reply.status < 500
    if reply.status >= 400:
        assert reply.headers["content-type"] == "application/problem+json"
        assert await in_thread(Event.objects.count) == before


@pytest.mark.parametrize("call", UNUSUAL, ids=lambda call: f"{call.method} {call.path}"[:60])
async def test_whatever_is_unusual_is_left_to_django(
    server: Server, token: str, call: Call
) -> None:
    assert regular_call(scope_of(call)) is None
    reply = await assert_equal(server, call, token)
    assert reply.status < 500


@pytest.mark.parametrize("given", ["", "tmcp_unknown", "nonsense", "tmcp_ü"])
async def test_a_token_that_does_not_hold_is_left_to_django(
    server: Server, token: str, given: str
) -> None:
    reply = await assert_equal(server, Call("GET", "/api/me/"), given)
    assert reply.status == 401
    reply = await assert_equal(server, Call("POST", "/api/messages/", {"to": "#general"}), given)
    assert reply.status == 401
    assert await in_thread(Message.objects.count) == 2


async def test_two_headers_of_one_name_are_left_to_django(token: str) -> None:
    scope = scope_of(Call("GET", "/api/me/"))
    scope["headers"].append((b"authorization", b"Bearer tmcp_y"))
    assert regular_call(scope) is None


async def test_a_body_that_is_too_large_is_refused_alike(server: Server, token: str) -> None:
    large = b'{"to": "#general", "body": "' + b"x" * 5_000_000 + b'"}'
    reply = await assert_equal(server, Call("POST", "/api/messages/", large), token)
    assert reply.status == 413


async def test_a_body_in_parts_is_read_whole(server: Server, token: str) -> None:
    parts = [b'{"to": "#gene', b'ral", "body"', b': "In parts."}']
    messages = [
        {"type": "http.request", "body": part, "more_body": number < 2}
        for number, part in enumerate(parts)
    ]
    for application in (server.api, server.api._django):
        assert (await drive(application, token, messages))[0]["status"] == 201
    assert await in_thread(Message.objects.count) == 4
    assert await in_thread(lambda: Message.objects.latest("pk").body) == "In parts."


async def test_a_caller_who_leaves_before_the_body_has_come_does_nothing(
    server: Server, token: str, lin: Member
) -> None:
    """An action whose arguments all have defaults must not run on what never arrived."""
    before = await in_thread(Event.objects.count)
    path = "/api/channels/general/leave/"
    gone = {"type": "http.disconnect"}
    half = {"type": "http.request", "body": b"{}", "more_body": True}
    for application in (server.api, server.api._django):
        assert await drive(application, token, [gone], path) == []
        assert await drive(application, token, [half, gone], path) == []
    assert await in_thread(Event.objects.count) == before


async def drive(
    application: Any, token: str, messages: list[Any], path: str = "/api/messages/"
) -> list[Any]:
    """POST with exactly these messages from the client; what the server sent."""
    scope = scope_of(Call("POST", path, headers={"authorization": f"Bearer {token}"}))
    unread = list(messages)
    sent: list[Any] = []

    async def receive() -> Any:
        if unread:
            return unread.pop(0)
        return await asyncio.get_running_loop().create_future()

    async def send(message: Any) -> None:
        sent.append(message)

    scope |= {"http_version": "1.1", "scheme": "http", "root_path": "", "client": None}
    await application(scope, receive, send)
    return sent


async def test_after_a_revocation_the_next_call_fails(
    server: Server, token: str, lin: Member
) -> None:
    """The look-up is kept for a moment: a revocation must not wait for its end."""
    assert (await ask(server.api, Call("GET", "/api/me/"), token)).status == 200
    newest = await in_thread(lambda: Credential.objects.filter(member=lin).latest("pk").pk)
    await in_thread(lambda: revoke_credential(actor=lin, credential_id=newest))
    assert (await ask(server.api, Call("GET", "/api/me/"), token)).status == 401
    body = {"to": "#general", "body": "Still me?"}
    assert (await ask(server.api, Call("POST", "/api/messages/", body), token)).status == 401
    assert await in_thread(Message.objects.count) == 2


async def test_what_was_done_carries_the_face_and_the_credential(
    server: Server, token: str, lin: Member
) -> None:
    reply = await ask(server.api, Call("POST", "/api/credentials/", {"label": "phone"}), token)
    assert reply.status == 201
    event = await in_thread(lambda: Event.objects.select_related("actor").latest("seq"))
    assert (event.face, event.actor) == ("rest", lin)
    assert await in_thread(JoinCode.objects.count) == 0
