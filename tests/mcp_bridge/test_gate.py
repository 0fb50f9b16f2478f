"""Who may come in, and what those hear who may not."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.db import DatabaseError
from django.utils import timezone
from mcp.shared.exceptions import MCPError
from pytest_django.fixtures import Settings

from audit.live import hub
from mcp_bridge.http import MAX_BODY
from orgchart import callers
from orgchart.models import Credential, Member
from orgchart.services import retire_member, revoke_credential, update_member
from teammcp.serving import Server
from tests.mcp_bridge.conftest import URL, Connect, Staff, in_thread, request_of, text_of


async def test_a_caller_without_a_token_is_told_how_to_get_one(
    staff: Staff, http: httpx2.AsyncClient
) -> None:
    answer = await http.post(URL, json={})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "not_authenticated"
    assert "/api/register/" in problem["next"]
    assert "join_code" in problem["next"]


@pytest.mark.parametrize(
    "authorization",
    [
        "Bearer",
        "Bearer ",
        "Bearer wrong",
        "Bearer tmcp_wrong",
        "Basic YTpi",
        "tmcp_x",
        "Bearer \xe9",
    ],
)
async def test_all_wrong_credentials_get_the_same_refusal(
    staff: Staff, http: httpx2.AsyncClient, authorization: str
) -> None:
    headers = {b"Authorization": authorization.encode("latin-1")}
    answer = await http.post(URL, headers=headers, json={})

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'


async def test_the_scheme_is_read_in_any_case(staff: Staff, http: httpx2.AsyncClient) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"]["Authorization"] = "bearer  " + staff.token("lin")
    assert (await http.post(**request)).status_code == 200


async def test_a_revoked_token_is_refused_at_the_very_next_call(
    staff: Staff, http: httpx2.AsyncClient
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    assert (await http.post(**request)).status_code == 200
    credential = await in_thread(lambda: Credential.objects.get(member=staff.lin, label="test"))

    await in_thread(lambda: revoke_credential(actor=staff.ada, credential_id=credential.pk))

    assert (await http.post(**request)).status_code == 401


async def test_a_retired_member_is_refused_at_the_very_next_call(
    staff: Staff, http: httpx2.AsyncClient
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    assert (await http.post(**request)).status_code == 200

    await in_thread(lambda: retire_member(actor=staff.ada, member="@lin"))

    assert (await http.post(**request)).status_code == 401


async def test_a_changed_authority_counts_from_the_very_next_call(
    staff: Staff, connect: Connect
) -> None:
    async with connect("lin") as client:
        before = await client.call_tool("send", {"to": "#general", "body": "one"})
        await in_thread(lambda: update_member(actor=staff.ada, member="@lin", authority="observer"))
        after = await client.call_tool("send", {"to": "#general", "body": "two"})

    assert not before.is_error
    assert after.is_error
    assert "forbidden" in text_of(after)


async def test_a_token_past_its_time_is_refused(staff: Staff, http: httpx2.AsyncClient) -> None:
    def expire() -> None:
        past = timezone.now() - timedelta(seconds=1)
        Credential.objects.filter(member=staff.lin).update(expires_at=past)

    await in_thread(expire)
    answer = await http.post(**request_of(staff.token("lin"), "find_people", {}))
    assert answer.status_code == 401


async def test_tokens_are_remembered_by_digest_only(staff: Staff, http: httpx2.AsyncClient) -> None:
    await http.post(**request_of(staff.token("lin"), "find_people", {}))
    assert staff.token("lin") not in repr(callers.callers._known)


async def test_an_action_cannot_change_the_member_that_the_next_call_gets(
    staff: Staff, server: Server
) -> None:
    first = await callers.callers.of(staff.token("lin"))
    assert first is not None
    first.member.authority = Member.Authority.OWNER

    again = await callers.callers.of(staff.token("lin"))
    assert again is not None
    assert again.member.authority == "member"


async def test_a_database_that_is_away_is_no_reason_to_throw_the_token_away(
    staff: Staff, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(token: str) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr(callers, "authenticate", away)
    monkeypatch.setattr(callers.callers, "_known", {})
    answer = await http.post(**request_of(staff.token("lin"), "find_people", {}))

    assert answer.status_code == 503
    assert answer.json()["retry"] is True


async def test_a_start_that_failed_is_tried_again_at_the_next_request(
    staff: Staff, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away() -> None:
        raise DatabaseError("gone")

    request = request_of(staff.token("lin"), "find_people", {})
    with monkeypatch.context() as broken:
        broken.setattr(hub, "start", away)
        assert (await http.post(**request)).status_code == 503
    assert (await http.post(**request)).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "", "localhost.evil.example"])
async def test_a_name_that_is_not_ours_is_refused_before_anything_else(
    staff: Staff, http: httpx2.AsyncClient, host: str
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"]["Host"] = host
    answer = await http.post(**request)

    assert answer.status_code == 421
    assert answer.json()["code"] == "foreign_host"
    assert "TEAMMCP_ALLOWED_HOSTS" in answer.json()["next"]


@pytest.mark.parametrize("host", ["localhost", "localhost:8420", "127.0.0.1:9", "[::1]:8420"])
async def test_our_own_names_are_served_on_any_port(
    staff: Staff, http: httpx2.AsyncClient, host: str
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"]["Host"] = host
    assert (await http.post(**request)).status_code == 200


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "http://localhost:3000", "http://localhost", "null", "localhost:8420"],
)
async def test_pages_from_elsewhere_are_refused(
    staff: Staff, http: httpx2.AsyncClient, origin: str
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"] |= {"Host": "localhost:8420", "Origin": origin}
    answer = await http.post(**request)

    assert answer.status_code == 403
    assert "access-control-allow-origin" not in answer.headers


async def test_our_own_pages_and_trusted_ones_are_let_in(
    staff: Staff, http: httpx2.AsyncClient, settings: Settings
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://team.example"]
    request = request_of(staff.token("lin"), "find_people", {})
    for origin in ("http://localhost:8420", "https://team.example"):
        request["headers"] |= {"Host": "localhost:8420", "Origin": origin}
        assert (await http.post(**request)).status_code == 200


@pytest.mark.parametrize("name", ["token", "access_token", "api_key", "Authorization"])
async def test_a_secret_in_the_url_is_refused_even_when_it_is_right(
    staff: Staff, http: httpx2.AsyncClient, name: str
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["url"] = f"{URL}?{name}=" + staff.token("lin")
    answer = await http.post(**request)

    assert answer.status_code == 400
    assert "Authorization: Bearer" in answer.json()["next"]
    assert staff.token("lin") not in answer.text


async def test_an_unknown_profile_is_refused_with_the_known_ones(
    staff: Staff, http: httpx2.AsyncClient, connect: Connect
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["url"] = f"{URL}?profile=huge"
    answer = await http.post(**request)
    assert answer.status_code == 400
    assert "default, full" in answer.json()["error"]["message"]
    assert answer.json()["error"]["data"]["code"] == "invalid_input"

    with pytest.raises(BaseException) as refused:  # noqa: PT011 - from within the client's tasks
        async with connect("lin", profile="huge"):
            pass
    (error,) = _leaves(refused.value)
    assert isinstance(error, MCPError)
    assert "default, full" in error.error.message


async def test_the_full_profile_offers_more(connect: Connect) -> None:
    async with connect("lin", profile="full") as client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        answer = await client.call_tool("list_channels", {})
    assert "list_channels" in names
    assert not answer.is_error


async def test_a_request_that_is_too_large_is_refused(
    staff: Staff, http: httpx2.AsyncClient
) -> None:
    request = request_of(staff.token("lin"), "send", {"to": "#general", "body": "x" * MAX_BODY})
    answer = await http.post(**request)
    assert answer.status_code == 413
    assert answer.json()["code"] == "too_large"


async def test_a_body_in_many_pieces_is_put_together(staff: Staff, server: Server) -> None:
    request = request_of(staff.token("lin"), "find_people", {"query": "sam"})
    body = json.dumps(request["json"]).encode()
    pieces = [body[index : index + 7] for index in range(0, len(body), 7)]
    messages = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces]
    answer = await _serve(server, request["headers"], [*messages, {"type": "http.request"}])
    assert b'"handle":"sam"' in answer[1]["body"]


async def test_a_client_that_leaves_while_it_sends_is_let_go(staff: Staff, server: Server) -> None:
    request = request_of(staff.token("lin"), "send", {"to": "#general", "body": "x"})
    half = {"type": "http.request", "body": b'{"jsonrpc"', "more_body": True}
    assert await _serve(server, request["headers"], [half, {"type": "http.disconnect"}]) == []


async def _serve(
    server: Server, headers: dict[str, str], messages: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Give the bridge these ASGI messages; what it sends."""
    sent: list[dict[str, Any]] = []
    raw = {**headers, "Host": "localhost", "Content-Type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "query_string": b"",
        "headers": [(key.lower().encode(), value.encode()) for key, value in raw.items()],
    }
    unread = iter(messages)

    async def receive() -> Any:
        return next(unread)

    async def send(message: Any) -> None:
        sent.append(message)

    await server(scope, receive, send)
    return sent


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for part in error.exceptions for leaf in _leaves(part)]
    return [error]
