"""How a stream of events begins with the present state, and how it ends for a stalled reader."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
import uvicorn

from audit.models import Event
from audit.selectors import head_seq
from messaging.models import Channel
from messaging.services import check_inbox, send_message
from orgchart.models import Member
from teammcp.core.lane import run_write
from teammcp.joined import JoinedProtocol
from teammcp.serving import Server
from tests.asgi import Parser, in_thread, open_stream, until
from tests.conftest import token_of

STREAM = "/api/events/stream/"


@pytest.fixture
def token(transactional_db: None, lin: Member, kay: Member, sam: Member, vault: Channel) -> str:
    send_message(actor=kay, to="@lin", body="A question.", priority="next")
    send_message(actor=kay, to="#vault", body="A secret.")
    return token_of(lin)


# The beginning


async def test_a_snapshot_comes_first_and_what_follows_continues_it(
    server: Server, token: str, kay: Member
) -> None:
    head = await in_thread(head_seq)
    async with open_stream(server, f"{STREAM}?snapshot=true", token=token) as stream:
        (first,) = await stream.frames(1)
        await in_thread(partial(send_message, actor=kay, to="@lin", body="Another."))
        (second,) = await stream.frames(1)
    assert (first.event, first.id, first.data["head"]) == ("snapshot", head, head)
    assert first.data["you"]["handle"] == "lin"
    assert first.data["waiting"] == {"unread": 1, "urgent": 0}
    assert {"kay", "sam"} <= {person["handle"] for person in first.data["people"]["items"]}
    unread = {channel["name"]: channel["unread"] for channel in first.data["channels"]["items"]}
    assert unread["#vault"] == unread["@kay"] == 1
    assert (second.event, second.id) == ("message.sent", head + 1)


async def test_a_snapshot_offers_nothing_and_shows_no_hidden_place(
    server: Server, token: str, sam: Member, lin: Member
) -> None:
    theirs = await in_thread(partial(token_of, sam))
    async with open_stream(server, f"{STREAM}?snapshot=true", token=theirs) as stream:
        (first,) = await stream.frames(1)
    assert "vault" not in str(first.data)
    async with open_stream(server, f"{STREAM}?snapshot=true", token=token) as stream:
        await stream.frames(1)
    inbox = await in_thread(partial(check_inbox, actor=lin))
    assert [item.redelivered for item in inbox.items] == [False]


async def test_a_reader_that_can_go_on_gets_no_snapshot(server: Server, token: str) -> None:
    head = await in_thread(head_seq)
    headers = {"Last-Event-ID": str(head - 1)}
    async with open_stream(
        server, f"{STREAM}?snapshot=true", token=token, headers=headers
    ) as stream:
        (first,) = await stream.frames(1)
    assert (first.id, first.event) == (head, "message.sent")


async def test_an_expired_cursor_is_answered_with_a_snapshot_where_one_was_asked_for(
    server: Server, token: str
) -> None:
    headers = {"Last-Event-ID": "100000"}
    async with open_stream(server, STREAM, token=token, headers=headers) as stream:
        assert stream.status == 410
        assert b"snapshot=true" in await stream.body()
    async with open_stream(
        server, f"{STREAM}?snapshot=true", token=token, headers=headers
    ) as stream:
        (first,) = await stream.frames(1)
    assert first.event == "snapshot"


async def test_a_snapshot_is_asked_for_with_true_or_false(server: Server, token: str) -> None:
    async with open_stream(server, f"{STREAM}?snapshot=yes", token=token) as stream:
        assert stream.status == 400
        assert b"not a boolean" in await stream.body()


# The end


@pytest.fixture
async def address(server: Server) -> AsyncIterator[tuple[str, int]]:
    """The application behind the real web server, on this loop."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(server, http=JoinedProtocol, lifespan="off", log_config=None)
    web = uvicorn.Server(config)
    serving = asyncio.ensure_future(web.serve(sockets=[listener]))
    await until(lambda: web.started, "the web server listens")
    yield listener.getsockname()[:2]
    web.should_exit = web.force_exit = True
    await serving


async def test_a_reader_that_stops_reading_is_cut_off_and_resumes_whole(
    server: Server,
    address: tuple[str, int],
    token: str,
    lin: Member,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("teammcp.core.handler.STALLED_SECONDS", 0.3)
    count = await in_thread(partial(fill_ledger, lin))
    with await in_thread(partial(ask, address, token, count)) as connection:
        with caplog.at_level("INFO", logger="teammcp.core.handler"):
            await until(lambda: "stopped reading" in caplog.text, "the reader is cut off")
        content = await in_thread(partial(what_arrived, connection))
    seen = [frame.id for frame in Parser().feed(content)]
    assert 0 < len(seen) < count
    headers = {"Last-Event-ID": str(seen[-1])}
    async with open_stream(server, STREAM, token=token, headers=headers) as stream:
        rest = await stream.frames(count - len(seen))
    assert seen + [frame.id for frame in rest] == list(range(seen[0], seen[0] + count))
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def fill_ledger(actor: Member) -> int:
    """More events than the buffers on the way hold together, all of them for this member."""
    from audit.ledger import record
    from messaging import events

    start = head_seq()

    def write() -> None:
        for number in range(1_500):
            data: dict[str, Any] = {"name": "x" * 8_000, "read_seq": number}
            record(events.READ, actor=actor, topics=[f"member-{actor.pk}"], data=data)

    run_write(write)
    assert Event.objects.filter(seq__gt=start).count() == 1_500
    return 1_500


def ask(address: tuple[str, int], token: str, count: int) -> socket.socket:
    """A client that asks for the last so many events, and does not read."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8_192)
    connection.connect(address)
    request = f"GET {STREAM}?after={head_seq() - count} HTTP/1.1\r\nHost: localhost\r\n"
    connection.sendall(f"{request}Authorization: Bearer {token}\r\n\r\n".encode())
    return connection


def what_arrived(connection: socket.socket) -> bytes:
    """What had come before the connection was broken off, without the framing of HTTP."""
    connection.settimeout(10)
    parts = []
    with contextlib.suppress(ConnectionError):
        while part := connection.recv(65_536):
            parts.append(part)
    return unchunked(b"".join(parts))


def unchunked(content: bytes) -> bytes:
    _, _, rest = content.partition(b"\r\n\r\n")
    parts = []
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16) if size else 0
        parts.append(rest[:length])
        rest = rest[length + 2 :]
    return b"".join(parts)
