"""Waiting for news: at once when there are any, free while there are none."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client

from audit.live import hub
from mcp_bridge import cancelling, sdk
from orgchart.services import revoke_credential
from teammcp.core.waiting import call_and_wait
from teammcp.serving import Server
from tests.mcp_bridge.conftest import (
    JUNE,
    Connect,
    Staff,
    in_thread,
    request_of,
    text_of,
    until,
)

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
WAIT = {"wait_seconds": 40}


def waiting() -> int:
    """How many wait on the hub of this process."""
    return sum(len(waiters) for waiters in hub._waiting.values())


@ERAS
async def test_a_waiter_is_woken_by_a_message_within_50_ms(connect: Connect, mode: str) -> None:
    """The quickest of five: what else the machine does in between is not the server's time."""
    async with connect("ada", mode=mode) as ada, connect("lin") as lin:
        took = [await seconds_until_woken(ada, lin) for _ in range(5)]
    assert min(took) < 0.05
    assert waiting() == 0


async def seconds_until_woken(ada: Client, lin: Client) -> float:
    waiter = asyncio.ensure_future(ada.call_tool("check_inbox", WAIT))
    await until(waiting, "Ada waits")
    await lin.call_tool("send", {"to": "@ada", "body": "Now."})
    sent = time.perf_counter()
    inbox = await waiter
    took = time.perf_counter() - sent
    assert inbox.structured_content["items"][0]["message"]["body"] == "Now."
    await ada.call_tool("ack", {"up_to": inbox.structured_content["cursor"]})
    return took


async def test_what_is_there_already_is_answered_at_once(connect: Connect) -> None:
    async with connect("ada") as ada, connect("lin") as lin:
        await lin.call_tool("send", {"to": "@ada", "body": "Before."})
        inbox = await ada.call_tool("check_inbox", WAIT)
    assert len(inbox.structured_content["items"]) == 1


@ERAS
async def test_nothing_at_the_time_out_is_an_answer_and_no_error(
    connect: Connect, mode: str
) -> None:
    async with connect("ada", mode=mode) as ada:
        inbox = await ada.call_tool("check_inbox", {"wait_seconds": 1})
    assert not inbox.is_error
    assert inbox.structured_content["items"] == []
    assert "head" in inbox.structured_content


async def test_news_for_others_wake_nobody_else(connect: Connect) -> None:
    async with connect("ada") as ada, connect("lin") as lin:
        waiter = asyncio.ensure_future(ada.call_tool("check_inbox", {"wait_seconds": 1}))
        await until(waiting, "Ada waits")
        await lin.call_tool("send", {"to": "@sam", "body": "For Sam."})
        assert waiting() == 1
        assert (await waiter).structured_content["items"] == []


@ERAS
@pytest.mark.parametrize("seconds", [51, -1, "soon", 1.5, None])
async def test_a_wait_beyond_the_limits_is_refused_with_the_limit(
    connect: Connect, mode: str, seconds: Any
) -> None:
    async with connect("ada", mode=mode) as ada:
        result = await ada.call_tool("check_inbox", {"wait_seconds": seconds})
    assert result.is_error
    assert "wait_seconds: Input should be" in text_of(result)
    if seconds == 51:
        assert "less than or equal to 50" in text_of(result)


async def test_a_wait_takes_no_client_key_because_a_repeat_would_never_see_news(
    connect: Connect,
) -> None:
    async with connect("ada") as ada:
        result = await ada.call_tool("check_inbox", {"wait_seconds": 5, "client_key": "k"})
    assert "client_key: unknown argument" in text_of(result)


@ERAS
async def test_a_client_that_gives_up_ends_its_wait(connect: Connect, mode: str) -> None:
    async with connect("ada", mode=mode) as ada:
        waiter = asyncio.ensure_future(ada.call_tool("check_inbox", WAIT))
        await until(waiting, "Ada waits")
        waiter.cancel()
        await until(lambda: not waiting(), "the wait is over")


async def test_a_cancelled_wait_answers_that_there_is_nothing(
    staff: Staff, http: httpx2.AsyncClient
) -> None:
    waiter = asyncio.ensure_future(_wait_in_the_session_era(http, staff.token("ada")))
    await until(waiting, "Ada waits")
    await _cancel(http, staff.token("lin"), 7)
    await _cancel(http, staff.token("ada"), 8)
    other: list[Any] = [None, {}, "7 or 8"]
    for nothing in other:
        await _cancel(http, staff.token("ada"), nothing)
    assert waiting() == 1  # another's cancellation, and one of another call, change nothing

    await _cancel(http, staff.token("ada"), 7)
    answer = await waiter

    assert '"items":[]' in answer.text
    assert not cancelling._waits


async def test_a_connection_that_breaks_ends_its_wait(staff: Staff, server: Server) -> None:
    gone = asyncio.Event()
    task = asyncio.ensure_future(_serve(server, staff.token("ada"), gone))
    await until(waiting, "Ada waits")
    gone.set()
    await until(lambda: not waiting(), "the wait is over")
    await task


async def test_a_token_that_is_revoked_meanwhile_reads_nothing_more(
    staff: Staff, connect: Connect
) -> None:
    async with connect("sam") as sam, connect("lin") as lin:
        waiter = asyncio.ensure_future(sam.call_tool("check_inbox", WAIT))
        await until(waiting, "Sam waits")
        await in_thread(lambda: _revoke(staff))
        await lin.call_tool("send", {"to": "@sam", "body": "Secret."})
        result = await waiter
    assert result.is_error
    assert "not_authenticated" in text_of(result)
    assert "Secret" not in text_of(result)


@ERAS
async def test_a_client_that_asks_for_progress_hears_that_its_call_is_alive(
    connect: Connect, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sdk, "PROGRESS_SECONDS", 0.05)
    heard: list[float] = []

    async def hear(progress: float, total: float | None, message: str | None) -> None:
        heard.append(progress)

    async with connect("ada", mode=mode) as ada, connect("lin") as lin:
        call = ada.call_tool("check_inbox", {"wait_seconds": 1}, progress_callback=hear)
        await call
        assert len(heard) >= 3
        assert heard == sorted(heard)
        await lin.call_tool("send", {"to": "@ada", "body": "Now."}, progress_callback=hear)


@pytest.mark.no_cover
async def test_a_hundred_waiters_hold_no_thread(connect: Connect) -> None:
    async with connect("ada") as ada:
        await ada.call_tool("check_inbox", {})
        before = threading.active_count()
        calls = [asyncio.ensure_future(ada.call_tool("check_inbox", WAIT)) for _ in range(100)]
        await until(lambda: waiting() == 100, "a hundred wait")
        assert threading.active_count() <= before + 4  # the read pool, which fills up once
        for call in calls:
            call.cancel()
        await asyncio.gather(*calls, return_exceptions=True)
        await until(lambda: not waiting(), "all have gone")


async def test_waking_up_to_nothing_goes_on_waiting_until_the_time_is_over() -> None:
    """A topic can be woken by what its reader then does not see."""
    answers = [_Answer(1, []), _Answer(2, []), _Answer(3, ["news"])]
    seen: list[int] = []

    async def woken(topic: str, after: int, seconds: float) -> bool:
        seen.append(after)
        return True

    action: Any = _Action(answers)
    waiter: Any = _Waiter
    answer: Any = await call_and_wait(action, _Actor(), {"wait_seconds": 9}, waiter, wait=woken)
    assert answer.items == ["news"]
    assert seen == [1, 2]


class _Actor:
    pk = 1

    def has_scope(self, scope: str) -> bool:
        return True

    def stopped(self) -> None:
        return None


class _Answer:
    def __init__(self, head: int, items: list[str]) -> None:
        self.head, self.items = head, items


class _Action:
    def __init__(self, answers: list[_Answer]) -> None:
        self._answers = iter(answers)

    def check_scope(self, actor: Any) -> None:
        assert actor.has_scope("inbox:read")

    def validate(self, payload: Any) -> Any:
        return payload

    async def acall(self, actor: Any, payload: Any) -> _Answer:
        return next(self._answers)


class _Waiter:
    argument = "wait_seconds"

    @staticmethod
    def asked(payload: Any) -> bool:
        return True

    @staticmethod
    def topic(actor: Any) -> str:
        return "inbox-1"

    @staticmethod
    def head(answer: _Answer) -> int:
        return answer.head

    @staticmethod
    def empty(answer: _Answer) -> bool:
        return not answer.items


async def _wait_in_the_session_era(http: httpx2.AsyncClient, token: str) -> httpx2.Response:
    return await http.post(**request_of(token, "check_inbox", WAIT, version=JUNE, identity=7))


async def _cancel(http: httpx2.AsyncClient, token: str, identity: Any) -> None:
    request = request_of(token, "check_inbox", {}, version=JUNE)
    params = {"requestId": identity} if identity else {"reason": "no longer"}
    request["json"] = {"jsonrpc": "2.0", "method": "notifications/cancelled", "params": params}
    assert (await http.post(**request)).status_code == 202


def _revoke(staff: Staff) -> None:
    for credential in staff.sam.credentials.filter(revoked_at=None):
        revoke_credential(actor=staff.ada, credential_id=credential.pk)


async def _serve(server: Server, token: str, gone: asyncio.Event) -> None:
    """One waiting call over plain ASGI, whose client leaves when told to."""
    request = request_of(token, "check_inbox", WAIT)
    headers = {**request["headers"], "Host": "localhost", "Content-Type": "application/json"}
    scope = {
        "type": "http",
        "method": "POST",
        "path": "/mcp",
        "query_string": b"",
        "headers": [(key.lower().encode(), value.encode()) for key, value in headers.items()],
    }
    body = iter([{"type": "http.request", "body": json.dumps(request["json"]).encode()}])

    async def receive() -> Any:
        for message in body:
            return message
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        raise AssertionError("nothing is left to say")

    await server(scope, receive, send)
