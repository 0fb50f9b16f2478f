"""Promise 2: the same key from the same member gives the first answer, for good, on every face."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
import pytest
from django.test import Client

from audit.models import Event
from mcp_bridge.calls import Client as McpClient
from mcp_bridge.calls import call_tool
from mcp_bridge.profiles import profile_named
from messaging.models import Channel, Message
from messaging.services import create_channel, send_message, update_channel
from orgchart.models import Credential, JoinCode, Member
from orgchart.services import (
    create_join_code,
    issue_credential,
    register_agent,
    rotate_credential,
    set_password,
)
from teammcp.core import client_keys
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.lane import lane
from teammcp.core.models import ClientKey
from teammcp.serving import Server
from tests.asgi import in_thread, open_stream
from tests.conftest import ApiOf, token_of
from tests.databases import everything_in_the_database

HELLO = {"to": "#general", "body": "Hello.", "client_key": "k-1"}


def test_the_same_call_again_gives_the_first_answer_and_does_nothing(lin: Member) -> None:
    first = send_message.call(lin, HELLO)
    events = Event.objects.count()
    for face in ("mcp", "rest", "dashboard", "job"):
        with calling(CallContext(face=face)):
            assert send_message.call(lin, HELLO) == first
    assert Message.objects.count() == 1
    assert Event.objects.count() == events
    assert Channel.objects.get(name="general").last_seq == 1


def test_the_answer_stays_the_first_one_when_the_world_has_changed(ada: Member) -> None:
    payload = {"name": "plans", "client_key": "k-1"}
    first = create_channel.call(ada, payload)
    update_channel.call(ada, {"channel": "#plans", "name": "old-plans", "purpose": "Done"})
    assert create_channel.call(ada, payload) == first
    assert list(Channel.objects.exclude(name="general").values_list("name", flat=True)) == [
        "old-plans"
    ]


def test_a_default_that_is_spelled_out_is_the_same_content(lin: Member) -> None:
    first = send_message.call(lin, HELLO)
    assert send_message.call(lin, {**HELLO, "priority": "next", "expects_reply": False}) == first
    assert Message.objects.count() == 1


@pytest.mark.parametrize(
    "other", [{"body": "Hello!"}, {"to": "@kay"}, {"priority": "later"}, {"expects_reply": True}]
)
def test_the_same_key_with_other_content_is_a_conflict(
    lin: Member, kay: Member, other: dict[str, Any]
) -> None:
    send_message.call(lin, HELLO)
    events = Event.objects.count()
    with pytest.raises(Conflict) as refused:
        send_message.call(lin, {**HELLO, **other})
    assert refused.value.state == {"client_key": "k-1"}
    assert Message.objects.count() == 1
    assert Event.objects.count() == events


def test_the_same_key_for_another_action_is_a_conflict(lin: Member) -> None:
    send_message.call(lin, HELLO)
    with pytest.raises(Conflict):
        create_channel.call(lin, {"name": "plans", "client_key": "k-1"})
    assert not Channel.objects.filter(name="plans").exists()


def test_a_key_belongs_to_its_member(lin: Member, kay: Member) -> None:
    assert send_message.call(lin, HELLO).id != send_message.call(kay, HELLO).id
    assert Message.objects.count() == 2


def test_a_refused_call_does_not_use_its_key_up(lin: Member) -> None:
    payload = {"to": "#plans", "body": "Hello.", "client_key": "k-1"}
    with pytest.raises(Exception, match="There is no channel #plans"):
        send_message.call(lin, payload)
    assert not ClientKey.objects.exists()
    create_channel.call(lin, {"name": "plans"})
    assert send_message.call(lin, payload).seq == 1


@pytest.mark.parametrize("key", ["k" * 201, "line\nbreak", "\x00", 7, ["k"], {"k": 1}, True])
def test_an_unusable_key_is_refused_by_name(lin: Member, key: object) -> None:
    with pytest.raises(InvalidInput) as refused:
        send_message.call(lin, {**HELLO, "client_key": key})
    assert list(refused.value.state["fields"]) == ["client_key"]
    assert not Message.objects.exists()


@pytest.mark.parametrize("key", ["", None])
def test_no_key_means_every_call_counts(lin: Member, key: object) -> None:
    for _ in range(2):
        send_message.call(lin, {**HELLO, "client_key": key})
    assert Message.objects.count() == 2
    assert not ClientKey.objects.exists()


@pytest.mark.usefixtures("transactional_db")
def test_calls_at_the_same_time_run_once(lin: Member) -> None:
    lane.start()
    try:
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda _: send_message.call(lin, HELLO), range(24)))
    finally:
        lane.stop()
    assert len({answer.id for answer in answers}) == 1
    assert Message.objects.count() == ClientKey.objects.count() == 1


def test_what_rest_accepted_an_action_does_not_repeat(lin: Member, api: ApiOf) -> None:
    first = api(lin).post("messages/", **HELLO)
    again = api(lin).post("messages/", **HELLO)
    with calling(CallContext(face="mcp")):
        other = send_message.call(lin, HELLO)
    assert (first.status, again.status) == (201, 201)
    assert first.data == again.data == other.model_dump()
    assert Message.objects.get().face == "rest"


async def test_what_one_face_accepted_no_other_face_repeats(
    server: Server, transactional_db: None, lin: Member
) -> None:
    """REST, MCP and the dashboard of a running server, with one key for one message."""
    token = await in_thread(lambda: token_of(lin))
    over_rest = await over(server, "/api/messages/", token, HELLO)
    tool = {"name": "send", "arguments": HELLO}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": tool}
    over_mcp = await over(server, "/mcp", token, call)
    on_a_page = await in_thread(lambda: send_on_the_page(lin))
    assert over_mcp["result"]["structuredContent"]["id"] == over_rest["id"]
    assert on_a_page == 302
    assert await in_thread(Message.objects.count) == 1
    other = {**HELLO, "body": "Something else."}
    assert (await over(server, "/api/messages/", token, other))["code"] == "conflict"


async def over(server: Server, path: str, token: str, body: Any) -> Any:
    headers = {
        "content-type": "application/json",
        "accept": "application/json, text/event-stream",
        "mcp-protocol-version": "2025-11-25",
    }
    async with open_stream(
        server, path, token=token, headers=headers, method="POST", body=orjson.dumps(body)
    ) as answer:
        return orjson.loads(await answer.body())


def send_on_the_page(member: Member) -> int:
    """The composer of #general, without script; a redirect says that it was accepted."""
    browser = Client()
    browser.force_login(member)
    form = {"body": HELLO["body"], "client_key": HELLO["client_key"]}
    return int(browser.post("/channels/general/", form).status_code)


# Promise 12: a key remembers answers, but never a secret.


def test_no_secret_is_kept_anywhere(owner: Member) -> None:
    registered = register_agent.call(owner, {"name": "Max", "client_key": "k-1"})
    issued = issue_credential.call(owner, {"label": "phone", "client_key": "k-2"})
    payload = {"credential_id": issued.credential.id, "client_key": "k-3"}
    rotated = rotate_credential.call(owner, payload)
    code = create_join_code.call(owner, {"client_key": "k-4"})
    shown = [registered.token, issued.token, rotated.token, code.join_code]
    secrets = {secret for secret in shown if secret}
    assert len(secrets) == 4

    kept = everything_in_the_database()

    for secret in secrets:
        assert secret[:11] in kept  # the hint: proof that the search looks in the right places
        assert secret[11:] not in kept
    assert ClientKey.objects.count() == 4


def test_a_repeated_call_gets_the_first_answer_without_its_secret(owner: Member) -> None:
    registering = {"name": "Max", "client_key": "k-1"}
    first, again = (register_agent.call(owner, registering) for _ in range(2))
    assert first.token
    assert again.model_dump() == {**first.model_dump(), "token": None, "connect": {}}
    coding = {"uses": 3, "client_key": "k-2"}
    code, same = (create_join_code.call(owner, coding) for _ in range(2))
    assert same.model_dump() == {**code.model_dump(), "join_code": None}
    assert JoinCode.objects.count() == 1
    assert Credential.objects.filter(member__handle="max").count() == 1


def test_a_password_leaves_no_trace_in_what_a_key_keeps(owner: Member) -> None:
    """A digest of it could be guessed at leisure: the key stands for the call without it."""
    owner.set_password("correct horse")
    owner.save(update_fields=["password"])
    call = {"current": "correct horse", "client_key": "new-password"}
    set_password.call(owner, {**call, "password": "battery staple"})
    with_one = ClientKey.objects.get(key="new-password").digest
    assert with_one == client_keys.digest_of("set_password", {})


def test_newcomers_with_one_code_do_not_share_their_keys(owner: Member, api: ApiOf) -> None:
    code = create_join_code(actor=owner, uses=5).join_code
    join = {"join_code": code, "client_key": "1"}
    first = api().post("register/", **join, name="Max")
    second = api().post("register/", **join, name="Mia")
    again = api().post("register/", **join, name="Max")
    assert (first.status, second.status) == (201, 201)
    assert again.data["member"]["id"] == first.data["member"]["id"]
    assert again.data["token"] is None


# An answer that was stored by an earlier version of the server


@pytest.fixture
def earlier(lin: Member) -> str:
    """An answer without a field that answers have today."""
    send_message.call(lin, HELLO)
    row = ClientKey.objects.get(member=lin, key="k-1")
    stored = orjson.loads(row.result)
    del stored["where"]
    row.result = orjson.dumps(stored).decode()
    row.save(update_fields=["result"])
    return row.result


def test_it_is_given_as_it_was_stored_over_rest(lin: Member, api: ApiOf, earlier: str) -> None:
    answer = api(lin).post("messages/", **HELLO)
    assert answer.status < 300
    assert answer.data == orjson.loads(earlier)
    assert Message.objects.count() == 1


async def test_it_is_given_as_it_was_stored_over_mcp(
    transactional_db: None, lin: Member, earlier: str
) -> None:
    client = McpClient(lin, profile_named("default"), renew=_never, who=lambda: lin)
    result = await call_tool(client, "send", HELLO)
    assert not result["isError"]
    kept = {k: v for k, v in orjson.loads(earlier).items() if v is not None}
    assert {k: v for k, v in result["structuredContent"].items() if v is not None} == kept


async def _never() -> Member:
    raise AssertionError("nobody waits here")
