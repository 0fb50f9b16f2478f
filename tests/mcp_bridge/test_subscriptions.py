"""Listening: a change is signalled at once, only to who may read it, and as long as they may."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any

import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from audit.listening import listening_routes
from audit.live import hub
from mcp_bridge import signals, streams
from mcp_bridge.models import Subscription
from messaging.models import Channel, Delivery, Wake
from messaging.services import (
    create_channel,
    invite_to_channel,
    remove_from_channel,
    update_channel,
)
from orgchart.models import Credential
from orgchart.services import retire_member, revoke_credential
from teammcp.serving import Server
from tests.asgi import StreamingTransport
from tests.conftest import agent
from tests.mcp_bridge.conftest import URL, Connect, Staff, in_thread, until
from tests.mcp_bridge.listening import (
    ERAS,
    GENERAL,
    INBOX,
    NO_WARNING,
    VAULT,
    Heard,
    Listen,
    Session,
    listeners,
    listening_with,
    say,
)

pytestmark = NO_WARNING


@pytest.fixture
def listen(connect: Connect) -> Listen:
    return listening_with(connect)


@pytest.fixture
def shared(staff: Staff) -> Channel:
    """A private channel of Lin and Sam; Ada is not in it."""
    create_channel(actor=staff.lin, name="vault", kind="private", invite=["sam"])
    return Channel.objects.get(name="vault")


# Signals


@pytest.mark.no_cover
@ERAS
async def test_a_change_is_signalled_within_50_ms_of_the_commit(
    listen: Listen, staff: Staff, mode: str
) -> None:
    delays = []
    async with listen("lin", mode, INBOX, GENERAL) as heard:
        for number in range(1, 6):
            await asyncio.sleep(signals.INTERVAL)
            await say(staff.ada, "#general", "Hello @lin.")
            sent = time.perf_counter()
            await heard.signal(INBOX, number)
            await heard.signal(GENERAL, number)
            delays.append(time.perf_counter() - sent)
    assert min(delays) < 0.05, delays  # other signals may wait for a processor
    assert heard.uris.count(INBOX) == heard.uris.count(GENERAL) == 5


@ERAS
async def test_each_address_hears_of_what_changes_it_and_of_nothing_else(
    listen: Listen, staff: Staff, mode: str
) -> None:
    root = (await say(staff.ada, "#general", "A root.")).id
    other = (await say(staff.ada, "#general", "Another.")).id
    uris = [f"teammcp://thread/{root}", f"teammcp://message/{other}", "teammcp://member/ada"]
    async with listen("lin", mode, *uris, "teammcp://people", "teammcp://channels") as heard:
        await say(staff.sam, f"thread:{root}", "An answer.")
        await heard.signal(uris[0])
        await heard.signal("teammcp://channels")
        await say(staff.sam, f"thread:{other}", "An answer.")
        await heard.signal(uris[1])
        await in_thread(partial(agent, staff.ada, "zoe"))
        await heard.signal("teammcp://people")
        await in_thread(partial(retire_member, actor=staff.ada, member="zoe"))
        await heard.quiet()
    assert heard.uris.count(uris[0]) == heard.uris.count(uris[1]) == 1
    assert uris[2] not in heard.uris


@ERAS
async def test_ones_own_actions_do_not_signal_ones_own_inbox(
    listen: Listen, staff: Staff, mode: str
) -> None:
    async with listen("lin", mode, INBOX, GENERAL) as heard:
        await heard.client.call_tool("send", {"to": "#general", "body": "I, @lin, say so."})
        await heard.signal(GENERAL)
        await heard.client.read_resource(INBOX)
        await heard.client.call_tool("ack", {"read": {"#general": 1}})
        await heard.quiet()
    assert INBOX not in heard.uris


@ERAS
async def test_nothing_is_signalled_of_what_is_for_others(
    listen: Listen, staff: Staff, mode: str
) -> None:
    async with listen("sam", mode, INBOX) as heard:
        await say(staff.ada, "@lin")
        await say(staff.ada, "#general", "Hello @lin.")
        await heard.quiet()
    assert heard.uris == []


@pytest.mark.no_cover
@ERAS
async def test_two_hundred_messages_are_few_signals_and_are_all_acknowledged_once_in_order(
    listen: Listen, staff: Staff, mode: str
) -> None:
    read: dict[int, int] = {}
    acked: list[int] = []

    async def handle(heard: Heard) -> None:
        """What an agent does that waits for signals only: it looks after each."""
        known = 0
        while len(acked) < 200:
            await until(partial(more, heard, known), "a signal")
            known = len(heard.uris)
            while items := await inbox(heard):
                read.update((one["delivery"], int(one["message"]["body"])) for one in items)
                named = {"deliveries": [one["delivery"] for one in items]}
                done = await heard.client.call_tool("ack", named)
                acked.extend(done.structured_content["acknowledged"])

    def more(heard: Heard, known: int) -> bool:
        return len(heard.uris) > known

    async def inbox(heard: Heard) -> list[Any]:
        found = await heard.client.call_tool("check_inbox", {"limit": 100})
        return list(found.structured_content["items"])

    async with listen("lin", mode, INBOX) as heard, asyncio.timeout(100):
        handling = asyncio.ensure_future(handle(heard))
        for number in range(200):
            await say(staff.ada, "@lin", str(number))
        await handling
    assert len(acked) == len(set(acked)) == 200
    assert [read[delivery] for delivery in sorted(acked)] == list(range(200))
    assert await in_thread(Delivery.objects.filter(acknowledged_at=None).count) == 0
    assert 1 <= len(heard.uris) < 70, len(heard.uris)


# Rights


@ERAS
async def test_what_one_may_not_read_is_refused_as_what_does_not_exist(
    listen: Listen, shared: Channel, mode: str
) -> None:
    said = []
    for uri in (VAULT, "teammcp://channel/vaulu"):
        with pytest.raises((MCPError, ExceptionGroup)) as refused:
            async with listen("ada", mode, uri):
                pass
        error: Any = refused.value
        while isinstance(error, ExceptionGroup):
            (error,) = error.exceptions
        said.append(error.error.model_dump_json().replace("vaulu", "vault"))
    assert said[0] == said[1]
    assert await in_thread(Subscription.objects.count) == 0
    assert "There is no channel #vault" in said[0]


async def test_of_many_addresses_the_readable_ones_are_honoured(
    listen: Listen, shared: Channel, staff: Staff
) -> None:
    uris = [VAULT, INBOX, "teammcp://nothing", INBOX]
    async with listen("ada", "auto", *uris) as heard:
        assert heard.honoured == [INBOX]
        await say(staff.lin, "#vault", "Not for @ada.")
        await heard.quiet()
        assert heard.uris == []
        await say(staff.lin, "@ada")
        await heard.signal(INBOX)
    assert heard.uris == [INBOX]


@ERAS
async def test_who_leaves_a_private_channel_hears_a_last_signal_and_no_more_of_it(
    listen: Listen, staff: Staff, shared: Channel, mode: str
) -> None:
    async with listen("sam", mode, VAULT, INBOX) as heard:
        await say(staff.lin, "#vault")
        await heard.signal(VAULT)
        heard.uris.clear()
        began = time.monotonic()
        await in_thread(
            partial(remove_from_channel, actor=staff.lin, channel="#vault", member="sam")
        )
        await heard.signal(VAULT)
        assert time.monotonic() - began < 5
        with pytest.raises(MCPError, match="There is no channel #vault"):
            await heard.client.read_resource(VAULT)
        for _ in range(3):
            await say(staff.lin, "#vault", "Sam hears nothing of this.")
            await asyncio.sleep(signals.INTERVAL)
        await heard.quiet()
        assert heard.uris == [VAULT]
        await say(staff.lin, "@sam", "Still there?")
        await heard.signal(INBOX)
        await in_thread(
            partial(invite_to_channel, actor=staff.lin, channel="#vault", members=["sam"])
        )
        await heard.signal(VAULT, 2)


async def test_a_stream_ends_with_the_last_address_that_can_be_read(
    listen: Listen, staff: Staff, shared: Channel
) -> None:
    async with listen("sam", "auto", VAULT) as heard:
        await in_thread(
            partial(remove_from_channel, actor=staff.lin, channel="#vault", member="sam")
        )
        await until(lambda: heard.ended, "the stream ends")
        assert heard.uris == [VAULT]


@ERAS
async def test_a_channel_that_is_renamed_is_gone_under_its_name(
    listen: Listen, staff: Staff, shared: Channel, mode: str
) -> None:
    async with listen("sam", mode, VAULT, INBOX) as heard:
        await in_thread(partial(update_channel, actor=staff.lin, channel="#vault", name="safe"))
        await heard.signal(VAULT)
        await say(staff.lin, "#safe")
        await heard.quiet()
    assert heard.uris == [VAULT]


@ERAS
@pytest.mark.parametrize("how", ["revoked", "retired"])
async def test_who_loses_the_credential_or_the_place_hears_nothing_more(
    listen: Listen, staff: Staff, mode: str, how: str
) -> None:
    async with listen("lin", mode, GENERAL) as heard:
        began = time.monotonic()
        if how == "revoked":
            row = await in_thread(lambda: Credential.objects.get(member=staff.lin, label="test"))
            end: Any = partial(revoke_credential, actor=staff.ada, credential_id=row.pk)
        else:
            end = partial(retire_member, actor=staff.ada, member="lin")
        await in_thread(end)
        await say(staff.ada, "#general")
        await until(lambda: not listeners(), "nobody is listened for")
        assert time.monotonic() - began < 5
        assert heard.uris == []
        if mode == "auto":
            await until(lambda: heard.ended, "the stream ended in good order")


async def test_a_request_names_at_most_fifty_addresses(listen: Listen) -> None:
    uris = [f"teammcp://member/m{number}" for number in range(51)]
    with pytest.raises((MCPError, ExceptionGroup)):
        async with listen("lin", "auto", *uris):
            pass
    async with listen("lin", "legacy") as heard:
        for number in range(50):
            await heard.client.subscribe_resource(f"teammcp://people?after=m{number}")
        with pytest.raises(MCPError, match="50 addresses already"):
            await heard.client.subscribe_resource(INBOX)


# Coming back


@ERAS
async def test_listening_begins_with_a_signal_of_each_address(
    listen: Listen, staff: Staff, mode: str
) -> None:
    for _ in range(2):
        async with listen("lin", mode, INBOX, GENERAL, begun=False) as heard:
            await heard.signal(INBOX)
            await heard.signal(GENERAL)


# What it costs


@pytest.mark.no_cover
async def test_two_hundred_listeners_cost_no_thread_and_no_query_and_leave_nothing_behind(
    server: Server, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    await say(staff.ada, "@lin", "Their conversation is begun.")
    session = await Session(server, _client(server), staff.token("lin")).begin()
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(_mcp(server, staff.token("sam")))
        for _ in range(200):
            await stack.enter_async_context(client.listen(resource_subscriptions=[INBOX]))
        await session.subscribe(INBOX)
        stream = await stack.enter_async_context(session.stream())
        await stream.frames(1)
        assert listeners() == 201
        await asyncio.sleep(0.1)
        threads = threading.active_count()
        asked: list[Any] = []
        see = signals.Signals._see

        def seeing(listener: Any, resolve: bool) -> Any:  # noqa: FBT001
            asked.extend([listener] if resolve else [])
            return see(listener, resolve)

        monkeypatch.setattr(signals.Signals, "_see", seeing)
        for _ in range(3):
            await say(staff.ada, "@lin")
        await stream.frames(1)
        assert asked == []
        assert threading.active_count() <= threads
    await until(lambda: not hub._watching, "everybody is forgotten")
    assert not streams._open


def _client(server: Server) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.ASGITransport(server))


@asynccontextmanager
async def _mcp(server: Server, token: str) -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(transport=StreamingTransport(server), headers=headers) as http,
        Client(streamable_http_client(URL, http_client=http)) as client,
    ):
        yield client


@ERAS
async def test_a_client_that_goes_away_is_forgotten(listen: Listen, mode: str) -> None:
    async with listen("lin", mode, INBOX, GENERAL):
        assert listeners() == 1
    await until(lambda: not hub._watching, "the listener is forgotten")


@ERAS
async def test_a_server_that_stops_ends_the_streams(
    listen: Listen, server: Server, mode: str
) -> None:
    async with listen("lin", mode, INBOX) as heard:
        server.release()
        await until(lambda: not hub._watching, "the listener is gone")
        if mode == "auto":
            await until(lambda: heard.ended, "the stream ended in good order")


@ERAS
async def test_to_listen_to_the_inbox_is_a_way_to_be_woken_of_which_account_is_kept(
    listen: Listen, staff: Staff, mode: str
) -> None:
    async with listen("lin", mode, GENERAL):
        assert not listening_routes(staff.lin.pk)
    async with listen("lin", mode, INBOX, GENERAL) as heard:
        assert listening_routes(staff.lin.pk) == {"subscription"}
        for _ in range(20):
            await say(staff.ada, "@lin")
        await heard.signal(INBOX)
        tries: list[Any] = []

        async def written() -> bool:
            tries[:] = await in_thread(lambda: list(Wake.objects.filter(member=staff.lin)))
            return bool(tries)

        async with asyncio.timeout(10):
            while not await written():
                await asyncio.sleep(0.05)
    assert [one.route for one in tries] == ["subscription"]  # the burst is one
    await until(lambda: not listening_routes(staff.lin.pk), "nobody listens any more")
