"""The event stream, through the whole ASGI application."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import orjson
import pytest

from audit.live import hub
from audit.models import Event
from audit.selectors import head_seq, list_events
from messaging.models import Channel
from messaging.services import remove_from_channel, send_message
from orgchart import services
from orgchart.models import Credential, Member
from orgchart.services import retire_member, revoke_credential
from teammcp.serving import Server
from tests.asgi import Frame, Parser, Stream, in_thread, open_stream, until
from tests.conftest import token_of

STREAM = "/api/events/stream/"


@pytest.fixture
def token(transactional_db: None, lin: Member) -> str:
    return token_of(lin)


@pytest.fixture
def told(token: str, lin: Member, kay: Member, sam: Member, vault: Channel) -> int:
    """A ledger with events that Lin may see and others; its head."""
    for number in range(5):
        send_message(actor=lin, to="#vault", body=f"Secret {number}.")
        send_message(actor=sam, to="@kay", body=f"Between us {number}.")
        send_message(actor=kay, to="#general", body=f'Open "{number}" \n\n data: x \u2028 ü.')
    return head_seq()


ROUSED = "wake.tried"  # comes by itself, whenever the server looks after who has unread messages


def say(actor: Member, to: str = "#general", body: str = "Hello.") -> Any:
    return partial(send_message, actor=actor, to=to, body=body)


def pages(member: Member, after: int) -> list[dict[str, Any]]:
    """What pages by cursor give, as JSON gives it."""
    page = list_events(actor=member, after=after, limit=500)
    return [orjson.loads(event.model_dump_json()) for event in page.items]


def as_pages(frames: list[Frame]) -> list[Any]:
    """The data of frames, with times written as pages write them."""
    return [{**f.data, "at": f.data["at"].replace("+00:00", "Z")} for f in frames]


@pytest.mark.parametrize("after", [0, 7])
async def test_a_replay_equals_the_pages_by_cursor(
    server: Server, told: int, token: str, lin: Member, after: int
) -> None:
    expected = await in_thread(partial(pages, lin, after))
    async with open_stream(
        server, STREAM, token=token, headers={"Last-Event-ID": str(after)}
    ) as stream:
        assert stream.status == 200
        assert stream.headers["content-type"] == "text/event-stream"
        assert stream.headers["cache-control"] == "no-store"
        frames = await stream.frames(len(expected))
    assert as_pages(frames) == expected
    assert [(f.id, f.event) for f in frames] == [(e["seq"], e["kind"]) for e in expected]
    assert len(expected) < told - after


async def test_what_happens_next_follows_the_replay_without_a_gap_or_a_repetition(
    server: Server, told: int, token: str, lin: Member
) -> None:
    replayed = len(await in_thread(partial(pages, lin, 5)))
    async with open_stream(server, f"{STREAM}?after=5", token=token) as stream:
        await stream.frames(2)
        for number in range(5):
            await in_thread(say(lin, body=f"Now {number}."))
        await stream.frames(replayed - 2)
        live = await stream.frames(5)
    assert [frame.id for frame in live] == list(range(told + 1, told + 6))


async def test_without_a_cursor_it_begins_now(
    server: Server, told: int, token: str, lin: Member
) -> None:
    async with open_stream(server, STREAM, token=token) as stream:
        assert b"following after %d\n" % told in (await stream.chunk() or b"")
        await in_thread(say(lin))
        (frame,) = await stream.frames(1)
    assert (frame.id, frame.event) == (told + 1, "message.sent")
    assert frame.data["sentence"] == "@lin wrote in #general"


async def test_a_reader_that_reconnects_with_its_last_id_misses_and_repeats_nothing(
    server: Server, told: int, token: str, lin: Member
) -> None:
    expected = [event["seq"] for event in await in_thread(partial(pages, lin, 0))]
    seen: list[int] = []
    last = 0
    while len(seen) < len(expected):
        headers = {"Last-Event-ID": str(last)}
        async with open_stream(server, STREAM, token=token, headers=headers) as stream:
            seen.append((await stream.frames(1))[0].id)
        last = seen[-1]
    assert seen == expected


async def test_the_header_counts_more_than_the_address(
    server: Server, told: int, token: str
) -> None:
    """An EventSource repeats its address at a reconnection, and adds the header."""
    headers = {"Last-Event-ID": str(told - 1)}
    async with open_stream(server, f"{STREAM}?after=1", token=token, headers=headers) as stream:
        (frame,) = await stream.frames(1)
    assert frame.id == told


async def test_a_stream_tells_when_to_reconnect_and_has_heartbeats(
    server: Server, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.api.views.HEARTBEAT", 0.02)
    async with open_stream(server, STREAM, token=token) as stream:
        await beats(stream, 2)
        assert stream.parser.retry == 1000


async def beats(stream: Stream, count: int) -> None:
    while stream.parser.comments.count("still here") < count:
        chunk = await stream.chunk()
        assert chunk is not None
        assert stream.parser.feed(chunk) == []


# Cut anywhere


async def test_an_event_that_arrives_in_pieces_is_parsed_whole(
    server: Server, told: int, token: str, lin: Member
) -> None:
    expected = len(await in_thread(partial(pages, lin, told - 4)))
    headers = {"Last-Event-ID": str(told - 4)}
    async with open_stream(server, STREAM, token=token, headers=headers) as stream:
        content = b""
        while content.count(b"\n\n") < expected + 1:
            content += await stream.chunk() or b""
    whole = Parser().feed(content)
    assert len(whole) == expected >= 2
    for cut in range(1, len(content)):
        parser = Parser()
        assert parser.feed(content[:cut]) + parser.feed(content[cut:]) == whole
    parser = Parser()
    bytewise = [parser.feed(content[i : i + 1]) for i in range(len(content))]
    assert [frame for frames in bytewise for frame in frames] == whole


async def test_no_text_of_anybody_can_break_out_of_its_frame(
    server: Server, token: str, lin: Member, owner: Member
) -> None:
    """Names and labels travel in events: a line break in JSON is an escape, never a line."""
    await in_thread(
        partial(services.update_member, actor=lin, charter="\n\nid: 9\nevent: x\ndata: {}\n\n")
    )
    head = await in_thread(head_seq)
    async with open_stream(server, f"{STREAM}?after={head - 1}", token=token) as stream:
        (frame,) = await stream.frames(1)
    assert (frame.id, frame.event) == (head, "member.updated")
    assert frame.data["data"]["changed"]["charter"][1] == "\n\nid: 9\nevent: x\ndata: {}\n\n"


# Refused


@pytest.mark.parametrize(
    ("query", "headers", "status", "code"),
    [
        ("?after=100000", {}, 410, "cursor_expired"),
        ("", {"Last-Event-ID": "100000"}, 410, "cursor_expired"),
        ("?after=x", {}, 400, "invalid_input"),
        ("?after=-1", {}, 400, "invalid_input"),
        ("?after=1e3", {}, 400, "invalid_input"),
        ("?after=", {}, 400, "invalid_input"),
        ("?after=" + "9" * 40, {}, 400, "invalid_input"),
        ("", {"Last-Event-ID": "nonsense"}, 400, "invalid_input"),
        ("?since=3", {}, 400, "invalid_input"),
        ("?token=tmcp_x", {}, 400, "invalid_input"),
    ],
)
async def test_a_cursor_that_cannot_be_continued_is_refused_as_a_problem(
    server: Server, token: str, query: str, headers: dict[str, str], status: int, code: str
) -> None:
    async with open_stream(server, f"{STREAM}{query}", token=token, headers=headers) as stream:
        assert (stream.status, stream.headers["content-type"]) == (
            status,
            "application/problem+json",
        )
        problem = orjson.loads(await stream.body())
    assert problem["code"] == code
    assert problem["next"]
    if status == 410:
        assert problem["state"]["oldest"] == 1


@pytest.mark.parametrize("given", ["", "tmcp_unknown"])
async def test_without_a_usable_token_there_is_no_stream(server: Server, given: str) -> None:
    async with open_stream(server, STREAM, token=given) as stream:
        assert stream.status == 401
        assert orjson.loads(await stream.body())["code"] == "not_authenticated"


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "application/json", "text/html"])
async def test_any_accept_header_will_do(server: Server, token: str, accept: str) -> None:
    async with open_stream(server, STREAM, token=token, headers={"Accept": accept}) as stream:
        assert stream.status == 200


# Rights


async def test_a_reader_who_is_removed_from_a_channel_hears_no_more_of_it(
    server: Server, told: int, lin: Member, kay: Member
) -> None:
    token = await in_thread(partial(token_of, kay))
    async with open_stream(server, STREAM, token=token) as stream:
        await in_thread(say(lin, "#vault"))
        assert (await stream.frames(1, but=ROUSED))[0].event == "message.sent"
        await in_thread(partial(remove_from_channel, actor=lin, channel="#vault", member="kay"))
        await in_thread(say(lin, "#vault"))
        await in_thread(say(lin, "#general"))
        left, after = await stream.frames(2, but=ROUSED)
    assert left.event == "channel.left"
    assert after.data["data"]["where"] == "#general"


@pytest.mark.parametrize("way", ["revoked", "retired"])
async def test_a_stream_ends_at_once_with_the_right_to_it(
    server: Server, token: str, lin: Member, owner: Member, way: str
) -> None:
    def end() -> object:
        if way == "revoked":
            newest = Credential.objects.filter(member=lin).latest("pk")
            return revoke_credential(actor=lin, credential_id=newest.pk)
        return retire_member(actor=owner, member="lin")

    async with open_stream(server, STREAM, token=token) as stream:
        await stream.chunk()
        started = asyncio.get_running_loop().time()
        await in_thread(end)
        rest = await stream.body()
        assert asyncio.get_running_loop().time() - started < 5
    assert b"data:" not in rest


async def test_a_stream_ends_when_its_credential_runs_out(
    server: Server, token: str, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("audit.api.views.HEARTBEAT", 0.02)
    async with open_stream(server, STREAM, token=token) as stream:
        await beats(stream, 1)
        rows = Credential.objects.filter(member=lin)
        await in_thread(partial(rows.update, expires_at="2020-01-01T00:00:00Z"))
        assert b"data:" not in await stream.body()


# Many readers


@pytest.fixture
async def readers(server: Server, token: str) -> AsyncIterator[list[Stream]]:
    from contextlib import AsyncExitStack

    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(open_stream(server, STREAM, token=token))
            for _ in range(10)
        ]


async def test_many_readers_get_the_same(readers: list[Stream], lin: Member) -> None:
    head = await in_thread(head_seq)
    for _ in range(3):
        await in_thread(say(lin))
    for reader in readers:
        assert [frame.id for frame in await reader.frames(3)] == [head + 1, head + 2, head + 3]


async def test_a_reader_that_leaves_is_forgotten(server: Server, token: str, lin: Member) -> None:
    async with open_stream(server, STREAM, token=token) as stream:
        await stream.chunk()
        await until(lambda: hub._news, "the reader follows")
    await until(lambda: not hub._news, "nobody follows any more")
    await in_thread(say(lin))
    assert await in_thread(Event.objects.count) > 0
