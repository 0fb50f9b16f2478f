"""The direct path gives the answers of the SDK, and takes nothing that is unusual."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest

from mcp_bridge import direct
from tests.mcp_bridge.conftest import JUNE, META, MODERN, NOVEMBER, URL, Staff, request_of

VERSIONS = pytest.mark.parametrize("version", [MODERN, NOVEMBER, JUNE])
CALLS: dict[str, tuple[str, Any]] = {
    "an answer": ("find_people", {"query": "sam"}),
    "no arguments": ("find_people", {}),
    "null arguments": ("find_people", None),
    "an answer with messages": ("read", {"where": "#general"}),
    "a wait of no time": ("check_inbox", {"wait_seconds": 0, "limit": 3}),
    "an unknown tool": ("nothing", {}),
    "an empty name": ("", {}),
    "a missing argument": ("send", {"to": "#general"}),
    "an unknown argument": ("send", {"to": "#general", "body": "x", "colour": "red"}),
    "arguments of wrong types": ("send", {"to": 7, "body": [], "priority": None}),
    "a claim of identity": ("send", {"to": "#general", "body": "x", "from": "ada"}),
    "a refusal with state": ("read", {"where": "@nobody"}),
    "a number beyond all bounds": ("read", {"where": "#general", "limit": 10**40}),
    "half a surrogate pair": ("read", {"where": "\ud800"}),
    "half a surrogate pair as a name": ("read", {"where": "#general", "\udfff": 1}),
    "a zero byte": ("read", {"where": "#a\x00"}),
    "a client key that is none": ("send", {"to": "#general", "body": "x", "client_key": 5}),
}
IDS = [1, 0, -4, "a", "", 2**53, 2**80, "\u00fc", "\ud800"]


class Ways:
    """Both ways of one request, and which of them the server took."""

    def __init__(self, http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        self._http = http
        self._monkeypatch = monkeypatch
        self.taken = 0
        self._plain_call = direct.plain_call

    async def both(self, request: dict[str, Any]) -> tuple[httpx2.Response, httpx2.Response]:
        self._monkeypatch.setattr(direct, "plain_call", self._count)
        short = await self._http.post(**request)
        self._monkeypatch.setattr(direct, "plain_call", lambda *_: None)
        return short, await self._http.post(**request)

    def _count(self, *arguments: Any) -> Any:
        call = self._plain_call(*arguments)
        self.taken += call is not None
        return call


@pytest.fixture
def ways(http: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> Ways:
    return Ways(http, monkeypatch)


def message_of(response: httpx2.Response) -> Any:
    """The JSON-RPC message of a response, whether it came as JSON or as the event of a stream; its
    text where there is none."""
    kind = response.headers.get("content-type", "")
    if kind.startswith("text/event-stream"):
        (data,) = [line for line in response.text.splitlines() if line.startswith("data:")]
        return _steady(json.loads(data.removeprefix("data:")))
    if kind != "application/json" or not response.text:
        return response.text
    return _steady(response.json())


def _steady(value: Any) -> Any:
    """Without what differs from call to call: the time of an inbox check."""
    if isinstance(value, dict):
        if "checked_at" in value:
            value["checked_at"] = "now"
        for part in value.get("content", ()):
            part["text"] = part["text"].split(',"checked_at"')[0]
        return {key: _steady(item) for key, item in value.items()}
    return [_steady(item) for item in value] if isinstance(value, list) else value


@VERSIONS
@pytest.mark.parametrize("case", CALLS)
async def test_a_plain_call_is_answered_as_the_sdk_answers_it(
    staff: Staff, ways: Ways, version: str, case: str
) -> None:
    tool, arguments = CALLS[case]
    request = request_of(staff.token("lin"), tool, arguments, version=version)
    short, long = await ways.both(_encoded(request))

    assert short.status_code == long.status_code
    assert short.headers["content-type"] == "application/json"
    assert message_of(short) == message_of(long)
    assert ways.taken == (short.status_code == 200)  # only half characters are refused, as no JSON


@VERSIONS
@pytest.mark.parametrize("identity", IDS)
async def test_the_id_of_a_call_comes_back(
    staff: Staff, ways: Ways, version: str, identity: Any
) -> None:
    request = request_of(staff.token("lin"), "find_people", {}, version=version, identity=identity)
    short, long = await ways.both(_encoded(request))

    if long.status_code == 200:  # the SDK itself cannot send back half a character
        assert message_of(short) == message_of(long)
        assert message_of(short)["id"] == identity
    assert short.status_code == long.status_code


def changed(request: dict[str, Any], what: str, value: Any) -> dict[str, Any]:
    """The request with a header or a part of the body replaced, or removed for None."""
    kind, _, path = what.partition(":")
    target = request["headers"] if kind == "header" else request["json"]
    keys = [path] if kind == "header" else path.split(".")
    for key in keys[:-1]:
        target = target[key]
    if value is None:
        target.pop(keys[-1], None)
    else:
        target[keys[-1]] = value
    return request


VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
UNUSUAL: list[tuple[str, Any]] = [
    ("header:MCP-Protocol-Version", None),
    ("header:MCP-Protocol-Version", "2027-01-01"),
    ("header:MCP-Protocol-Version", "2025-03-26"),
    ("header:Mcp-Method", None),
    ("header:Mcp-Method", "tools/list"),
    ("header:Mcp-Name", None),
    ("header:Mcp-Name", "send"),
    ("header:Mcp-Name", "=?base64?ZmluZF9wZW9wbGU=?="),
    ("header:Accept", "application/json"),
    ("header:Accept", "text/html"),
    ("header:Content-Type", "text/plain"),
    ("body:jsonrpc", "1.0"),
    ("body:jsonrpc", None),
    ("body:id", None),
    ("body:id", 1.5),
    ("body:id", True),
    ("body:id", [1]),
    ("body:method", "tools/list"),
    ("body:method", "no/such"),
    ("body:method", 7),
    ("body:extra", 1),
    ("body:params", None),
    ("body:params", []),
    ("body:params", {}),
    ("body:params._meta", None),
    ("body:params._meta", {}),
    ("body:params._meta", {**META, VERSION_KEY: "2027-01-01"}),
    ("body:params._meta", {**META, VERSION_KEY: 7}),
    ("body:params._meta", {**META, "progressToken": {}}),
    ("body:params.name", None),
    ("body:params.name", 7),
    ("body:params.name", "=?base64?x?="),
    ("body:params.arguments", []),
    ("body:params.arguments", "text"),
    ("body:params.arguments", 7),
    ("body:params.task", {"ttl": 1}),
    ("body:params.requestState", "x"),
]


@pytest.mark.parametrize("version", [MODERN, JUNE])
@pytest.mark.parametrize(("what", "value"), UNUSUAL, ids=lambda value: str(value)[:40])
async def test_what_is_unusual_is_left_to_the_sdk_or_answered_alike(
    staff: Staff, ways: Ways, version: str, what: str, value: Any
) -> None:
    plain = request_of(staff.token("lin"), "find_people", {}, version=version)
    short, long = await ways.both(changed(plain, what, value))

    assert short.status_code == long.status_code
    assert message_of(short) == message_of(long)


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"7", b"\xff", b"[" * 5_000, b'[{"jsonrpc":"2.0"}]', b"nan"]
)
async def test_what_is_no_request_gets_the_refusal_of_the_sdk(
    staff: Staff, ways: Ways, body: bytes
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    del request["json"]
    request["headers"]["Content-Type"] = "application/json"
    short, long = await ways.both({**request, "content": body})

    assert ways.taken == 0
    assert (short.status_code, short.content) == (long.status_code, long.content)
    assert short.status_code == 400


async def test_a_routing_header_that_is_sent_twice_is_refused(staff: Staff, ways: Ways) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"] = [*request["headers"].items(), ("Mcp-Name", "find_people")]
    short, _ = await ways.both(request)
    assert ways.taken == 0
    assert short.status_code == 400


async def test_a_call_that_waits_goes_the_long_way(staff: Staff, ways: Ways) -> None:
    request = request_of(staff.token("lin"), "check_inbox", {"wait_seconds": 99})
    short, long = await ways.both(request)
    assert ways.taken == 0
    assert message_of(short) == message_of(long)


async def test_a_notification_is_accepted_and_dropped(staff: Staff, ways: Ways) -> None:
    request = request_of(staff.token("lin"), "find_people", {}, version=JUNE)
    request["json"] = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    short, long = await ways.both(request)
    assert (short.status_code, long.status_code) == (202, 202)


async def test_the_charset_of_the_content_type_makes_no_difference(
    staff: Staff, ways: Ways
) -> None:
    request = request_of(staff.token("lin"), "find_people", {})
    request["headers"]["Content-Type"] = "Application/JSON; charset=utf-8"
    short, long = await ways.both(request)
    assert ways.taken == 1
    assert message_of(short) == message_of(long)


def _encoded(request: dict[str, Any]) -> dict[str, Any]:
    """The request with its body as plain ASCII, as halves of surrogate pairs need it."""
    content = json.dumps(request["json"]).encode()
    headers = {**request["headers"], "Content-Type": "application/json"}
    return {"url": URL, "headers": headers, "content": content}
