"""Sessions of the session era: their streams break off and come back, and nothing is lost."""

from __future__ import annotations

import asyncio

import httpx2
import pytest

from audit.models import Event
from mcp_bridge import sessions, signals, streams
from mcp_bridge.models import Subscription
from teammcp.core.errors import NotFound
from teammcp.serving import Server
from tests.mcp_bridge.conftest import URL, Staff, in_thread
from tests.mcp_bridge.listening import (
    GENERAL,
    INBOX,
    Session,
    listeners,
    say,
    told,
)


@pytest.fixture
async def session(server: Server, http: httpx2.AsyncClient, staff: Staff) -> Session:
    return await Session(server, http, staff.token("lin")).begin()


async def test_a_stream_that_comes_back_is_told_what_changed_meanwhile(
    session: Session, staff: Staff
) -> None:
    await session.subscribe(INBOX, GENERAL)
    async with session.stream() as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        marks = await stream.frames(2)
        assert [mark.data["params"]["uri"] for mark in marks] == [INBOX, GENERAL]
        assert stream.parser.retry == streams.RETRY
        last = marks[-1].id
    await say(staff.ada, "#general", "Not for anybody.")
    async with session.stream(last) as stream:
        assert await told(stream, 1) == [GENERAL]
        await say(staff.ada, "@lin")
        assert await told(stream, 1) == [INBOX]
    async with session.stream() as stream:
        assert set(await told(stream, 2)) == {INBOX, GENERAL}
    async with session.stream(10**15) as stream:
        assert set(await told(stream, 2)) == {INBOX, GENERAL}


async def test_a_signal_that_was_held_back_is_not_lost_when_the_stream_breaks_off(
    session: Session, staff: Staff
) -> None:
    await session.subscribe(GENERAL, INBOX)
    async with session.stream() as stream:
        await stream.frames(2)
        await asyncio.sleep(signals.INTERVAL)
        await say(staff.ada, "#general")
        await stream.frames(1)
        await say(staff.ada, "#general")  # too soon after the one before: held back
        await say(staff.ada, "@lin")
        (frame,) = await stream.frames(1)
        assert frame.data["params"]["uri"] == INBOX
    async with session.stream(frame.id) as stream:
        assert GENERAL in await told(stream, 1)


async def test_a_subscription_outlives_the_process_that_took_it(
    session: Session, staff: Staff, http: httpx2.AsyncClient
) -> None:
    await session.subscribe(INBOX)
    await session.server.stop()
    other = Server()
    await other.start()
    try:
        session.server = other
        async with session.stream() as stream:
            assert await told(stream, 1) == [INBOX]
            await asyncio.sleep(signals.INTERVAL)
            await say(staff.ada, "@lin")
            assert await told(stream, 1) == [INBOX]
    finally:
        await other.stop()


async def test_subscribing_and_unsubscribing_reach_the_open_stream(
    session: Session, staff: Staff
) -> None:
    async with session.stream() as stream:
        await session.subscribe(GENERAL)
        await session.subscribe(GENERAL)
        assert await told(stream, 1) == [GENERAL]
        await session.post("resources/unsubscribe", {"uri": GENERAL})
        await session.subscribe(INBOX)
        assert await told(stream, 1) == [INBOX]
        await say(staff.ada, "#general")
        await say(staff.ada, "@lin")
        assert await told(stream, 1) == [INBOX]
    rows = await in_thread(lambda: list(Subscription.objects.values_list("uri", flat=True)))
    assert rows == [INBOX]
    kinds = Event.objects.filter(kind__startswith="resource.").order_by("seq")
    written = await in_thread(lambda: list(kinds.values_list("kind", flat=True)))
    assert written == ["resource.subscribed", "resource.unsubscribed", "resource.subscribed"]


async def test_a_session_is_of_one_credential_and_unknown_ones_are_not_there(
    session: Session, staff: Staff, server: Server, http: httpx2.AsyncClient
) -> None:
    await session.subscribe(INBOX)
    real = session.id
    for token, identifier in (
        (staff.token("sam"), real),
        (session.token, real[:-1] + ("A" if real[-1] != "A" else "B")),
        (session.token, "made-up"),
    ):
        other = Session(server, http, token)
        other.id = identifier
        subscribing = await other.post("resources/subscribe", {"uri": INBOX})
        assert subscribing.status_code == 404
        assert "initialize" in subscribing.json()["error"]["message"]
        async with other.stream() as stream:
            assert stream.status == 404
        listed = await other.post("tools/list", {})
        assert listed.status_code == 200  # calls need no session
    nameless = Session(server, http, session.token)
    assert (await nameless.post("resources/subscribe", {"uri": INBOX})).status_code == 400


async def test_a_body_that_is_not_plain_json_subscribes_nothing(
    session: Session, http: httpx2.AsyncClient
) -> None:
    method = b'{"jsonrpc":"2.0","id":1,"method":"resources/subscribe",'
    headers = {**session.headers, "Authorization": f"Bearer {session.token}"}
    headers["Content-Type"] = "application/json"
    for params in (b'{"uri":"teammcp://inbox","n":NaN}', b'{"uri":"\\ud800"}', b'{"uri":7}', b"[]"):
        body = method + b'"params":' + params + b"}"
        answer = await http.post(URL, headers=headers, content=body)
        assert answer.status_code < 500
        assert '"code":-32603' not in answer.text
    assert not await in_thread(Subscription.objects.exists)


async def test_a_session_that_is_ended_is_told_nothing_more(session: Session, staff: Staff) -> None:
    await session.subscribe(INBOX, GENERAL)
    headers = {**session.headers, "Authorization": f"Bearer {session.token}"}
    async with session.stream() as stream:
        await stream.frames(2)
        ended = await session.http.request("DELETE", URL, headers=headers)
        assert ended.status_code == 204
        assert not await in_thread(Subscription.objects.exists)
        assert await stream.body() == b""


async def test_a_second_stream_of_a_session_takes_the_place_of_the_first(
    session: Session, staff: Staff
) -> None:
    await session.subscribe(INBOX)
    async with session.stream() as first:
        await first.frames(1)
        async with session.stream() as second:
            await second.frames(1)
            assert await first.body() == b""
            assert listeners() == 1
            assert len(streams._open) == 1
    assert not streams._open


def test_a_session_is_signed_for_its_credential() -> None:
    begun = sessions.begin(7)
    assert sessions.find(begun, 7) == sessions.find(begun, 7)
    assert sessions.find(sessions.begin(7), 7) != sessions.find(begun, 7)
    for identifier, credential in ((begun, 8), (begun[:-1], 7), ("", 7)):
        with pytest.raises(NotFound, match="no such session"):
            sessions.find(identifier, credential)
