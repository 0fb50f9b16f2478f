"""Nothing that is sent ends in a 500: each refusal is a problem that says what to do, and changes
no row."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from urllib.parse import quote

import httpx2
import pytest

from mcp_bridge.profiles import all_tools
from teammcp.core import limits
from teammcp.core.actions import registry
from tests.access.conftest import MCP, Faces, Snapshot, at_address, said_by
from tests.access.routes import TOOLS, Route, rest_routes
from tests.access.table import TABLE, filled

pytestmark = [
    pytest.mark.no_cover,  # what it runs, other tests measure
    pytest.mark.timeout(600),  # each tries every action
]

LONG = "x" * 30_000
VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63, 2**64, 10**400, 0.5, -0.0, 1e300,
    "", " ", "\x00", "a\x00b", "\ud800", "\udcff@\ud83d", "\u202egnp", "\ufffe", LONG,
    [], [[[[[]]]]], [None], ["\x00"], ["@lin", 7], {}, {"a": {"b": [{}]}}, {"#vault": -1},
    {"\ud800": 1}, "@", "@@", "@,,@", "#", "##", "#" + LONG[:300], "thread:", "thread:-1",
    "thread:" + "9" * 40, "thread:\u0663", "message:\u00b2", "channel:" + "9" * 30, "channel:x",
    "' OR 1=1 --", '"', "*", "NEAR(", "%", "_", "\\", "../../etc/passwd", "{0.__class__}", "null",
    "1e9", "0x10", "\u0661", "2020-13-45T99:00", "A\u0301\u200b\U0001f9d1\u200d\U0001f680",
)  # fmt: skip
SHARES = 9  # with 1 every argument meets every value, which takes a minute
PROBLEM = {"type", "title", "status", "code", "detail", "retry", "next"}
FOREIGN = {"take_hook"}
"""Whose body is what another program sends, kept as it came: no argument of ours is in it."""
IDENTITY = ("from", "actor", "agent", "author", "sender", "as", "on_behalf_of")


WHO_MAY = ("owner", "member", "admin", "outsider", "anonymous")  # who is asked for first
HOLLOW = {"remove_webhook", "release_conversation"}
"""What nobody in the office can do: there is no webhook, and nothing is parked."""


class Try(NamedTuple):
    """A call of an action that is in order but for one argument."""

    role: str
    argument: str
    arguments: dict[str, Any]


class Sound(NamedTuple):
    """Somebody who may call an action, and the arguments with which they may."""

    role: str
    arguments: dict[str, Any]

    def but(self, name: str, value: Any) -> Try:
        return Try(self.role, name, {**self.arguments, name: value})


def sound(action: str, faces: Faces, pattern: str = "") -> Sound:
    """A call of this action that works; at this address, if there is one. As the owner, or else
    whoever may: what only its holder may do says no more than "not yours" to everybody else."""
    wanted = {part.strip("<>").partition(":")[2] for part in pattern.split("/") if "<" in part}
    rows = [row for row in TABLE if row.action == action]
    rows = [row for row in rows if wanted <= row.arguments.keys()] or rows
    works = ((row, role) for role in WHO_MAY for row in rows if row.expected[role] == "yes")
    row, role = next(works, (rows[0], "owner"))
    return Sound(role, dict(filled(row.arguments, faces.office.ids(role))))


def tries(action: str, faces: Faces, shares: Iterator[int], pattern: str = "") -> Iterator[Try]:
    """Every argument, and one that does not exist, each with a share of the values; the next gets
    the next share, so that every value meets many arguments."""
    if action not in registry:
        return
    usual = sound(action, faces, pattern)
    for name in [*registry[action].input.model_fields, "client_key", "nonsense"]:
        for value in VALUES[next(shares) % SHARES :: SHARES]:
            yield usual.but(name, value)


def encoded(arguments: Mapping[str, Any]) -> bytes:
    """As JSON, with escapes for what UTF-8 has no bytes for."""
    return json.dumps(arguments).encode()


def wrong_problem(problem: Any, status: int) -> str:
    """What is wrong with the document of a refusal; nothing where it is as it should be."""
    if not isinstance(problem, dict) or not problem.keys() >= PROBLEM:
        return f"lacks {PROBLEM - set(problem)}"
    if problem["status"] != status or problem["type"] != f"urn:teammcp:error:{problem['code']}":
        return "contradicts itself"
    if status >= 500:
        return "is a fault of ours"
    if not (problem["detail"] and problem["next"] and isinstance(problem["retry"], bool)):
        return "does not say what to do"
    return ""


def wrong_answer(answer: httpx2.Response) -> str:
    """What is wrong with an answer of REST."""
    if answer.is_success:
        return ""
    if answer.headers.get("Content-Type") != "application/problem+json":
        return f"{answer.status_code} {answer.headers.get('Content-Type')} {answer.text[:200]}"
    wrong = wrong_problem(answer.json(), answer.status_code)
    return wrong and f"{wrong}: {answer.text[:300]}"


class Watch:
    """Collects what went wrong, and puts the database back after what was accepted."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self.wrong: list[str] = []
        self.calls = self.refused = 0

    def see(self, what: str, wrong: str, *, accepted: bool) -> None:
        limits._limiter.storage.reset()  # what is tried here is not how often
        self.calls += 1
        self.refused += not accepted
        if wrong:
            self.wrong.append(f"{what}: {wrong}")
        if self._snapshot.changed:
            if not accepted:
                self.wrong.append(f"{what}: refused, but something was written")
            self._snapshot.restore()

    def end(self, *, at_least: int) -> None:
        assert not self.wrong, "\n".join(self.wrong[:30])
        assert self.refused >= at_least


@pytest.fixture
def watch(snapshot: Snapshot) -> Watch:
    return Watch(snapshot)


def bearer(faces: Faces, role: str = "owner") -> dict[str, str]:
    token = faces.office.tokens.get(role)
    return {"Authorization": f"Bearer {token}"} if token else {}


def readable(attempt: Try) -> str:
    return f"{attempt.argument}={str(attempt.arguments[attempt.argument])[:60]!a}"


# What the others begin with


async def test_the_sound_calls_are_sound(faces: Faces, watch: Watch) -> None:
    """Else what is tried here meets "not yours" or "not there", and no further rule."""
    refused = []
    for route in rest_routes():
        if route.action in registry:
            attempt = sound(route.action, faces, route.pattern)
            answer = await send(faces, route, Try(attempt.role, "", attempt.arguments))
            if answer is None or not answer.is_success:
                refused.append(route.action)
            watch.see(route.action, "", accepted=answer is not None and answer.is_success)
    for tool in all_tools():
        attempt = sound(tool.action.name, faces)
        answer = await call(faces, tool.name, encoded(attempt.arguments), attempt.role)
        if not accepted(answer):
            refused.append(tool.action.name)
        watch.see(tool.name, "", accepted=accepted(answer))
    assert set(refused) == HOLLOW


# REST


async def test_hostile_values_over_rest(faces: Faces, watch: Watch) -> None:
    shares = itertools.count()
    for route in rest_routes():
        for attempt in tries(route.action, faces, shares, route.pattern):
            answer = await send(faces, route, attempt)
            if answer is not None:
                what = f"{route.method} {route.pattern} {readable(attempt)}"
                watch.see(what, wrong_answer(answer), accepted=answer.is_success)
    watch.end(at_least=300)


async def send(faces: Faces, route: Route, attempt: Try) -> httpx2.Response | None:
    """None for what HTTP itself cannot carry."""
    if f":{attempt.argument}>" in route.pattern and not path_like(
        attempt.arguments[attempt.argument]
    ):
        return None
    found = at_address(route.pattern, attempt.arguments)
    if found is None:
        return None
    path, left = found
    headers = bearer(faces, attempt.role)
    if route.method != "GET":
        headers["Content-Type"] = "application/json"
        return await faces.http.request(route.method, path, content=encoded(left), headers=headers)
    query = "&".join(f"{name}={percent(value)}" for name, value in left.items())
    return await faces.http.get(f"{path}?{query}", headers=headers)


def path_like(value: Any) -> bool:
    text = str(value)
    return text.isprintable() and 0 < len(text) < 5_000 and "\ud800" not in text


def percent(value: Any) -> str:
    return quote(str(value).encode("utf-8", "surrogatepass"), safe="")


BODIES = (
    b"{", b"[]", b'"x"', b"null", b"7", b"\xff\xfe", b"{" * 5_000, b"[" * 100_000, b'{"to": NaN}',
    b'{"a": 1}{"a": 2}', b"to=%23general&body=x", b"<to>#general</to>", b"\x00", b"\xef\xbb\xbf{}",
    b'{"to": "\\ud800"}', b'{"body": "' + b"x" * 1_000_000 + b'"}', b"x" * 1_000_000,
)  # fmt: skip
TYPES = ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded",
         "application/json; charset=utf-16", "application/xml", "nonsense", "")  # fmt: skip


async def test_hostile_bodies_over_rest(faces: Faces, watch: Watch) -> None:
    for route in rest_routes():
        usual = sound_or_none(route, faces)
        found = at_address(route.pattern, usual.arguments)
        if route.method == "GET" or found is None:
            continue
        path, left = found
        sent = [(body, "application/json") for body in BODIES]
        sent += [(encoded(left), kind) for kind in TYPES]
        for body, kind in sent:
            headers = {**bearer(faces, usual.role), "Content-Type": kind}
            answer = await faces.http.request(route.method, path, content=body, headers=headers)
            what = f"{route.method} {path} {kind} {body[:40]!r}"
            watch.see(what, wrong_answer(answer), accepted=answer.is_success)
    watch.end(at_least=300)


def sound_or_none(route: Route, faces: Faces) -> Sound:
    known = route.action in registry
    return sound(route.action, faces, route.pattern) if known else Sound("owner", {})


async def test_wrong_methods_over_rest(faces: Faces, watch: Watch) -> None:
    routes = list(rest_routes())
    for pattern in sorted({route.pattern for route in routes}):
        served = {route.method for route in routes if route.pattern == pattern}
        last = [route for route in routes if route.pattern == pattern][-1]
        found = at_address(pattern, sound_or_none(last, faces).arguments)
        if found is None:
            continue
        wrong = {"GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"} - served
        for method in sorted(wrong):
            answer = await faces.http.request(method, found[0], headers=bearer(faces))
            said = "" if answer.status_code == 405 else f"{answer.status_code} instead of 405"
            what = f"{method} {found[0]}"
            watch.see(what, said or wrong_answer(answer), accepted=answer.is_success)
    watch.end(at_least=100)


# MCP


async def call(faces: Faces, name: str, arguments: bytes, role: str = "owner") -> httpx2.Response:
    """A `tools/call` whose arguments are any JSON text."""
    body = b'{"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": {"name": %s, %s}}'
    content = body % (json.dumps(name).encode(), b'"arguments": ' + arguments)
    headers = {
        **bearer(faces, role),
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2025-11-25",
    }
    return await faces.http.post(MCP, content=content, headers=headers)


def wrong_result(answer: httpx2.Response) -> str:
    """What is wrong with an answer of MCP: a tool error carries a problem; what is no call at all
    is a JSON-RPC error of the caller's making."""
    if answer.status_code >= 500:
        return f"{answer.status_code} {answer.text[:200]}"
    said = said_by(answer)
    if "error" in said:
        return "" if said["error"]["code"] in {-32600, -32602, -32700} else answer.text[:300]
    if not said["result"]["isError"]:
        return ""
    problem = said["result"]["_meta"]["teammcp/problem"]
    wrong = wrong_problem(problem, problem.get("status"))
    return wrong and f"{wrong}: {answer.text[:300]}"


def accepted(answer: httpx2.Response) -> bool:
    return answer.is_success and said_by(answer).get("result", {}).get("isError") is False


async def test_hostile_values_over_mcp(faces: Faces, watch: Watch) -> None:
    shares = itertools.count(SHARES // 2)
    for tool in all_tools():
        for attempt in tries(tool.action.name, faces, shares):
            answer = await call(faces, tool.name, encoded(attempt.arguments), attempt.role)
            what = f"{tool.name} {readable(attempt)}"
            watch.see(what, wrong_result(answer), accepted=accepted(answer))
    watch.end(at_least=300)


NO_ARGUMENTS = (b"[]", b'"x"', b"7", b"true", b"[[]]", b'[{"to": "#general"}]', b"{]", b"{", b"NaN")


async def test_hostile_arguments_and_names_over_mcp(faces: Faces, watch: Watch) -> None:
    for tool in all_tools():
        for arguments in NO_ARGUMENTS:
            answer = await call(faces, tool.name, arguments)
            watch.see(f"{tool.name} {arguments!r}", wrong_result(answer), accepted=accepted(answer))
    for name in ("", "sent", "send ", "__class__", "\x00", "\ud800", LONG, "ack;DROP"):
        answer = await call(faces, name, b"{}")
        watch.see(f"tool {name[:20]!a}", wrong_result(answer), accepted=accepted(answer))
    watch.end(at_least=200)


# Who one is, and what one has


@pytest.mark.parametrize("name", IDENTITY)
async def test_an_argument_that_says_who_acts_is_refused_by_name(
    faces: Faces, watch: Watch, name: str
) -> None:
    for route in rest_routes():
        action = registry.get(route.action)
        if action is None or route.action in FOREIGN or name in action.input.model_fields:
            continue
        answer = await send(faces, route, sound(route.action, faces).but(name, "@ada"))
        if answer is not None:
            what = f"{route.method} {route.pattern}"
            watch.see(what, refused_by_name(answer.json(), name), accepted=answer.is_success)
    for tool in all_tools():
        if name not in tool.action.input.model_fields:
            attempt = sound(tool.action.name, faces).but(name, "@ada")
            arguments = encoded(attempt.arguments)
            answer = await call(faces, tool.name, arguments, attempt.role)
            result = answer.json()["result"]
            if tool.plain is not None:  # one text, in the form that its client wants
                said = result["content"][0]["text"]
                wrong = "" if f"{name}: unknown argument" in said else f"not refused: {said[:200]}"
                watch.see(tool.name, wrong, accepted=False)
                continue
            problem = result.get("_meta", {}).get("teammcp/problem", {})
            watch.see(tool.name, refused_by_name(problem, name), accepted=not result["isError"])
    watch.end(at_least=50)


def refused_by_name(problem: Any, name: str) -> str:
    fields = problem.get("state", {}).get("fields", {})
    known = problem.get("code") == "invalid_input" and fields.get(name) == "unknown argument"
    return "" if known else f"not refused by name: {str(problem)[:200]}"


@pytest.mark.parametrize("name", ["token", "api_key", "access_token", "key"])
async def test_a_token_in_the_address_is_refused_and_not_repeated(
    faces: Faces, watch: Watch, name: str
) -> None:
    token = faces.office.tokens["owner"]
    for route in rest_routes():
        found = at_address(route.pattern, sound_or_none(route, faces).arguments)
        if found is None:
            continue
        url = f"{found[0]}?{name}={token}"
        for headers in ({}, bearer(faces)):
            content = encoded(found[1]) if route.method != "GET" else None
            answer = await faces.http.request(
                route.method, url, content=content,
                headers={**headers, "Content-Type": "application/json"},
            )  # fmt: skip
            refused = answer.status_code in ({400} if headers else {400, 401})
            wrong = "" if refused else f"{answer.status_code} {answer.text[:100]}"
            if token in answer.text:
                wrong = "repeats the token"
            watch.see(f"{route.method} {url[:60]}", wrong, accepted=answer.is_success)
    answer = await faces.http.post(f"/mcp?{name}={token}", headers=bearer(faces), json={})
    assert answer.status_code == 400
    assert token not in answer.text
    watch.end(at_least=50)


# What the address itself can be


@pytest.mark.parametrize(
    "path",
    [
        "/api/", "/api/nothing/", "/api/members//", "/api/members/%00/", "/api/members/%FF/",
        "/api/messages/0/", "/api/messages/-1/", "/api/messages/1e3/", "/api/messages/99999999/",
        f"/api/messages/{'9' * 60}/", "/api/messages/\u0661/", "/api/channels/%23%23/",
        "/api/channels/%2e%2e/", "/api/channels/a%0Ab/", f"/api/channels/{'x' * 2_000}/",
        "/api/events/stream/?after=x", "/api/events/?after=-1", "/api/inbox/?wait_seconds=51",
        "/api/search/?query=%F0%9F", "/api/me/?format=xml", "/api/me", "/api//me/",
    ],
)  # fmt: skip
async def test_an_address_of_nothing_is_a_problem(faces: Faces, watch: Watch, path: str) -> None:
    answer = await faces.http.get(path, headers=bearer(faces))
    watch.see(path, wrong_answer(answer), accepted=answer.is_success)
    watch.end(at_least=1)


def test_every_argument_of_every_action_is_tried_on_a_face() -> None:
    reached = {route.action for route in rest_routes()} | TOOLS.keys()
    assert registry.keys() - reached == {"finish_welcome", "use_tool", "fire_blueprint"}
    assert not [name for name in registry if not re.fullmatch(r"[a-z_]+", name)]
