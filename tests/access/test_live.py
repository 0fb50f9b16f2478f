"""What is pushed: the event stream and the live socket show each no more than their pages do."""

from __future__ import annotations

from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import orjson
import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings

from audit.consumers import SIGNED_OUT
from audit.live import hub
from messaging.models import Channel
from messaging.services import invite_to_channel, remove_from_channel, send_message
from orgchart.models import Member
from tests.access.conftest import Faces
from tests.asgi import Frame, Stream, in_thread, open_stream, until
from tests.mcp_bridge.listening import Session, told

STREAM = "/api/events/stream/"
OUTSIDE = ("outsider", "observer", "admin", "owner")


async def happen(lin: Member, kay: Member) -> None:
    """Something in every hidden place, in the end something that everybody hears."""
    await happen_hidden(lin, kay)
    await in_thread(partial(send_message, actor=lin, to="#general", body="Hello all."))


async def happen_hidden(lin: Member, kay: Member) -> None:
    await in_thread(partial(send_message, actor=kay, to="#vault", body="Hello @lin."))
    await in_thread(partial(send_message, actor=kay, to="@lin", body="Hello."))
    await in_thread(partial(remove_from_channel, actor=lin, channel="#vault", member="kay"))
    await in_thread(partial(invite_to_channel, actor=lin, channel="#vault", members=["kay"]))


HIDDEN = ["message.sent", "message.sent", "channel.left", "channel.joined"]


async def test_a_stream_tells_outsiders_nothing_of_hidden_places(
    faces: Faces, lin: Member, kay: Member
) -> None:
    async with AsyncExitStack() as stack:
        streams = {}
        for role in (*OUTSIDE, "member"):
            opened = open_stream(faces.server, STREAM, token=faces.office.tokens[role])
            streams[role] = await stack.enter_async_context(opened)
        await happen(lin, kay)
        for role in OUTSIDE:
            (frame,) = await told_of(streams[role], 1)
            assert frame.event == "message.sent", role
            assert frame.data["data"]["where"] == "#general", role
        frames = await told_of(streams["member"], 5)
        assert [frame.event for frame in frames] == [*HIDDEN, "message.sent"]


async def told_of(stream: Stream, count: int) -> list[Frame]:
    """The next so many events, but for those that say that this stream woke its reader."""
    frames: list[Frame] = []
    while len(frames) < count:
        frames += [frame for frame in await stream.frames(1) if frame.event != "wake.tried"]
    return frames


async def test_a_replayed_stream_tells_outsiders_nothing_of_hidden_places(
    faces: Faces, lin: Member, kay: Member
) -> None:
    await happen(lin, kay)
    things = faces.office.things
    hidden = {f"channel-{things['vault_id']}", f"channel-{things['direct_id']}"}
    for role in (*OUTSIDE, "member"):
        token = faces.office.tokens[role]
        path = f"{STREAM}?after=0"
        async with open_stream(faces.server, path, token=token) as stream:
            topics: set[str] = set()
            text = ""
            while not text.endswith("#general"):
                (frame,) = await stream.frames(1)
                topics |= set(frame.data["topics"])
                sent = frame.event == "message.sent" and frame.data["actor"] == "lin"
                text = str(frame.data["data"].get("where", "")) if sent else ""
        assert (topics & hidden == hidden) is (role == "member"), role
        assert topics & hidden in (hidden, set()), role


async def test_a_listener_is_told_nothing_of_hidden_places(
    faces: Faces, lin: Member, kay: Member
) -> None:
    uris = [f"teammcp://{name}" for name in ("inbox", "channels", "people", "channel/general")]
    async with AsyncExitStack() as stack:
        streams = {}
        for role in (*OUTSIDE, "member"):
            session = Session(faces.server, faces.http, faces.office.tokens[role])
            await (await session.begin()).subscribe(*uris)
            streams[role] = await stack.enter_async_context(session.stream())
            assert await told(streams[role], 4) == uris
        await happen_hidden(lin, kay)
        assert set(await told(streams["member"], 2)) == {"teammcp://inbox", "teammcp://channels"}
        await in_thread(partial(send_message, actor=lin, to="#general", body="Hello all."))
        for role in OUTSIDE:
            first = await told(streams[role], 2)
            assert set(first) == {"teammcp://channels", "teammcp://channel/general"}, role


@pytest.mark.parametrize("role", ["anonymous", "retired"])
async def test_who_is_nobody_here_follows_nothing(faces: Faces, role: str) -> None:
    token = faces.office.tokens.get(role, "")
    async with open_stream(faces.server, STREAM, token=token) as stream:
        assert stream.status == 401
        assert b"data:" not in await stream.body()
    live = socket(faces, role)
    await live.connect()
    message = await live.receive_output(timeout=60)
    assert (message["type"], message["code"]) == ("websocket.close", SIGNED_OUT)
    await live.disconnect()


def socket(faces: Faces, role: str) -> WebsocketCommunicator:
    """The live socket of a page of this role."""
    headers = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    if role in faces.office.sessions:
        cookie = f"{settings.SESSION_COOKIE_NAME}={faces.office.sessions[role]}"
        headers.append((b"cookie", cookie.encode()))
    return WebsocketCommunicator(faces.server, "/live/", headers=headers)


async def topics_until(live: WebsocketCommunicator, last: str) -> list[list[str]]:
    """The topics of what the socket tells, up to the first event with this one."""
    told: list[list[str]] = []
    while not told or last not in told[-1]:
        events: Any = orjson.loads(await live.receive_from(timeout=60))
        told += [event["topics"] for event in events if isinstance(events, list)]
    return told


async def test_a_socket_tells_outsiders_nothing_of_hidden_places(
    faces: Faces, lin: Member, kay: Member
) -> None:
    things = faces.office.things
    general = await in_thread(lambda: f"channel-{Channel.objects.get(name='general').pk}")
    sockets = {role: socket(faces, role) for role in (*OUTSIDE, "member")}
    for live in sockets.values():
        assert (await live.connect())[0]
    await until(lambda: len(hub._news) == len(sockets), "all pages follow")
    await happen(lin, kay)
    vault, direct = f"channel-{things['vault_id']}", f"channel-{things['direct_id']}"
    for role, live in sockets.items():
        told = await topics_until(live, general)
        if role == "member":
            assert [vault in topics for topics in told] == [True, False, True, True, False]
            assert [direct in topics for topics in told] == [False, True, False, False, False]
        else:
            assert told == [[general]], role
        await live.disconnect()


async def test_a_waiting_inbox_is_not_woken_by_what_is_for_others(
    faces: Faces, lin: Member, kay: Member
) -> None:
    before = {role: hub.woken(f"inbox-{pk}") for role, pk in await in_thread(ids)}
    await happen(lin, kay)
    woken = {role for role, pk in await in_thread(ids) if hub.woken(f"inbox-{pk}") > before[role]}
    assert woken == {"lin"}


def ids() -> list[tuple[str, int]]:
    return list(Member.objects.values_list("handle", "pk"))
