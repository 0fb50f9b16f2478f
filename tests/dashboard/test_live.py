"""The live socket: ids and topics of what its viewer may see, and nothing else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import orjson
import pytest
from asgiref.sync import sync_to_async
from channels.testing import WebsocketCommunicator
from django.conf import settings
from django.test import Client

from audit.selectors import head_seq
from messaging.models import Channel
from messaging.services import create_channel, send_message
from orgchart.directory import find_people
from orgchart.models import Member
from orgchart.services import retire_member
from orgchart.services.company import found_company
from teammcp.core.lane import lane
from teammcp.serving import Server
from tests.asgi import open_stream
from tests.conftest import agent, person, token_of

STREAM = "/api/events/stream/"


class Socket(WebsocketCommunicator):
    """A page's socket."""

    async def events(self) -> list[dict[str, Any]]:
        while True:
            frame: Any = orjson.loads(await self.receive_from(timeout=60))
            if isinstance(frame, list) and frame:  # an object is news that no ledger has
                return list(frame)

    async def presence_of(self, handle: str) -> str:
        """The next word that is told of this member."""
        while True:
            frame: Any = orjson.loads(await self.receive_from(timeout=60))
            if isinstance(frame, dict) and handle in frame["presence"]:
                return str(frame["presence"][handle])


def cookie_of(member: Member) -> str:
    client = Client()
    client.force_login(member, backend="orgchart.backends.MemberBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


@pytest.fixture
async def people(server: Server) -> dict[str, Member]:
    def hire() -> dict[str, Member]:
        found_company()
        owner = Member.objects.get(authority="owner")
        ada = person("ada", "admin")
        return {"owner": owner, "ada": ada, "lin": agent(owner, "lin"), "kay": agent(owner, "kay")}

    return await sync_to_async(hire)()


@asynccontextmanager
async def page_of(
    server: Server, member: Member | None, query: str = "", origin: str = "http://localhost"
) -> AsyncIterator[Socket]:
    headers = [(b"host", b"localhost"), (b"origin", origin.encode())]
    if member is not None:
        cookie = await sync_to_async(cookie_of)(member)
        headers.append((b"cookie", f"{settings.SESSION_COOKIE_NAME}={cookie}".encode()))
    socket = Socket(server, f"/live/{query}", headers=headers)
    yield socket
    await socket.disconnect()


def told(job: Callable[[], Any]) -> Any:
    return lane.arun(job)


async def test_a_page_hears_what_its_viewer_may_see(
    server: Server, people: dict[str, Member]
) -> None:
    ada, lin = people["ada"], people["lin"]
    await told(lambda: create_channel(actor=lin, name="vault", kind="private", invite=["kay"]))
    async with page_of(server, ada) as socket:
        assert (await socket.connect())[0]
        await asyncio.sleep(0.1)
        await told(lambda: send_message(actor=lin, to="#vault", body="secret"))
        await told(lambda: send_message(actor=lin, to="#general", body="@ada hello"))
        (event,) = await socket.events()
        channel = await sync_to_async(Channel.objects.get)(name="general")
        assert event["kind"] == "message.sent"
        assert event["topics"] == [f"channel-{channel.pk}", "inbox"]
        assert set(event) == {"seq", "kind", "topics"}


async def test_a_page_goes_on_from_where_it_was_drawn(
    server: Server, people: dict[str, Member]
) -> None:
    lin = people["lin"]
    receipt = await told(lambda: send_message(actor=lin, to="#general", body="one"))
    await told(lambda: send_message(actor=lin, to="#general", body="two"))
    assert receipt.id
    async with page_of(server, people["ada"], "?after=1") as socket:
        await socket.connect()
        kinds = [event["kind"] for event in await socket.events()]
        assert kinds.count("message.sent") == 2


@pytest.mark.parametrize("after", ["x", "-1", "9" * 30, "999999", ""])
async def test_an_odd_cursor_follows_from_now(
    server: Server, people: dict[str, Member], after: str
) -> None:
    async with page_of(server, people["ada"], f"?after={after}") as socket:
        await socket.connect()
        await asyncio.sleep(0.1)
        await told(lambda: send_message(actor=people["lin"], to="#general", body="now"))
        assert [event["kind"] for event in await socket.events()] == ["message.sent"]


async def test_who_is_signed_out_is_told_so(server: Server, people: dict[str, Member]) -> None:
    async with page_of(server, None) as socket:
        assert (await socket.connect())[0]
        assert (await socket.receive_output(timeout=60))["code"] == 4401


async def test_who_retires_hears_no_more(server: Server, people: dict[str, Member]) -> None:
    async with page_of(server, people["ada"]) as socket:
        await socket.connect()
        await asyncio.sleep(0.1)
        await told(lambda: retire_member(actor=people["owner"], member="ada"))
        while (output := await socket.receive_output(timeout=60))["type"] != "websocket.close":
            pass
        assert output["code"] == 4401


async def test_other_sites_get_no_socket(server: Server, people: dict[str, Member]) -> None:
    async with page_of(server, people["ada"], origin="https://evil.example") as socket:
        assert not (await socket.connect())[0]


async def test_what_a_page_says_is_ignored(server: Server, people: dict[str, Member]) -> None:
    async with page_of(server, people["ada"]) as socket:
        await socket.connect()
        await asyncio.sleep(0.1)
        await socket.send_to(text_data="{not json")
        await socket.send_to(bytes_data=b"\xff")
        await told(lambda: send_message(actor=people["lin"], to="#general", body="still here"))
        assert await socket.events()


# Who is there


async def test_a_page_hears_within_two_seconds_who_came_worked_and_died(
    server: Server, people: dict[str, Member]
) -> None:
    clock = asyncio.get_running_loop().time
    tokens = {name: await sync_to_async(token_of)(people[name]) for name in ("lin", "kay")}
    async with page_of(server, people["ada"]) as page:
        await page.connect()
        async with open_stream(server, STREAM, token=tokens["lin"]) as idle:
            await idle.chunk()
            assert await page.presence_of("lin") == "idle"
            async with open_stream(server, STREAM, token=tokens["kay"]) as dying:
                await dying.chunk()
                assert await page.presence_of("kay") == "idle"
            gone = clock()
            assert await page.presence_of("kay") == "away"
            assert clock() - gone < 2
            shown = await sync_to_async(find_people)(actor=people["lin"])
            words = {member.handle: member.presence for member in shown.items}
            assert (words["lin"], words["kay"]) == ("idle", "away")


async def test_nobody_is_told_by_inbox_or_ledger_that_somebody_closed_a_page(
    server: Server, people: dict[str, Member]
) -> None:
    async with page_of(server, people["ada"]) as page:
        await page.connect()
        async with page_of(server, people["owner"]) as other:
            await other.connect()
            assert await page.presence_of("owner") in {"idle", "online"}
        before = await sync_to_async(head_seq)()
        assert await page.presence_of("owner") == "away"
        assert await sync_to_async(head_seq)() == before
