"""The live socket of the dashboard: ids and topics only, for the one who is signed in."""

from __future__ import annotations

from functools import partial
from typing import Any

import orjson
import pytest
from channels.testing import WebsocketCommunicator
from django.conf import settings as django_settings
from django.test import Client

from audit.consumers import SIGNED_OUT
from audit.live import hub
from audit.selectors import head_seq
from messaging.models import Channel
from messaging.services import send_message
from orgchart.models import Member
from orgchart.services import retire_member
from teammcp.serving import Server
from tests.asgi import in_thread, until

ORIGIN = (b"origin", b"http://localhost")


@pytest.fixture
def signed_in(transactional_db: None, kay: Member) -> Client:
    """Kay's browser."""
    client = Client()
    client.force_login(kay)
    return client


def socket(
    server: Server,
    client: Client | None,
    query: str = "",
    origin: Any = ORIGIN,
    host: bytes = b"localhost",
) -> WebsocketCommunicator:
    headers = [(b"host", host), *([origin] if origin else [])]
    if client is not None:
        session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        headers.append((b"cookie", f"{django_settings.SESSION_COOKIE_NAME}={session}".encode()))
    return WebsocketCommunicator(server, f"/live/{query}", headers=headers)


def general() -> str:
    """The topic of #general."""
    return f"channel-{Channel.objects.get(name='general').pk}"


async def batch(live: WebsocketCommunicator) -> list[dict[str, Any]]:
    """The next batch with something in it."""
    while True:
        events: Any = orjson.loads(await live.receive_from(timeout=60))
        if isinstance(events, list) and events:  # an object is news that no ledger has
            return list(events)


async def closing(live: WebsocketCommunicator) -> int:
    """The code with which the server closes."""
    while True:
        message = await live.receive_output(timeout=60)
        if message["type"] == "websocket.close":
            return int(message["code"])


async def test_it_tells_what_moved_and_never_what_was_said(
    server: Server, signed_in: Client, lin: Member, kay: Member
) -> None:
    live = socket(server, signed_in)
    assert (await live.connect())[0]
    await until(lambda: hub._news, "the page follows")
    await in_thread(partial(send_message, actor=lin, to="#general", body="Secret? @kay"))
    (event,) = await batch(live)
    assert event == {
        "seq": await in_thread(head_seq),
        "kind": "message.sent",
        "topics": [await in_thread(general), "inbox"],
    }
    await live.disconnect()


async def test_the_inbox_of_others_is_no_topic_here(
    server: Server, signed_in: Client, lin: Member, sam: Member
) -> None:
    live = socket(server, signed_in)
    await live.connect()
    await until(lambda: hub._news, "the page follows")
    await in_thread(partial(send_message, actor=lin, to="#general", body="Hello @sam."))
    (event,) = await batch(live)
    assert event["topics"] == [await in_thread(general)]
    await live.disconnect()


async def test_it_begins_where_the_page_was_drawn_and_hides_what_the_page_may_not_show(
    server: Server, signed_in: Client, lin: Member, sam: Member
) -> None:
    drawn = await in_thread(head_seq)
    await in_thread(partial(send_message, actor=lin, to="@sam", body="Between us."))
    await in_thread(partial(send_message, actor=lin, to="#general", body="Hello."))
    live = socket(server, signed_in, f"?after={drawn}")
    await live.connect()
    events = await batch(live)
    assert [event["topics"] for event in events] == [[await in_thread(general)]]
    await live.disconnect()


@pytest.mark.parametrize("after", ["99999", "-1", "x", "9" * 30, "%FF"])
async def test_a_cursor_of_another_life_is_passed_over(
    server: Server, signed_in: Client, lin: Member, after: str
) -> None:
    live = socket(server, signed_in, f"?after={after}")
    assert (await live.connect())[0]
    await until(lambda: hub._news, "the page follows")
    await in_thread(partial(send_message, actor=lin, to="#general", body="Hello."))
    assert len(await batch(live)) == 1
    await live.disconnect()


async def test_who_is_not_signed_in_is_told_so_and_gets_nothing(server: Server) -> None:
    live = socket(server, None)
    await live.connect()
    assert await closing(live) == SIGNED_OUT
    await live.disconnect()


@pytest.mark.parametrize("origin", [(b"origin", b"http://evil.example"), (b"origin", b"null")])
async def test_a_page_of_another_site_is_refused(
    server: Server, signed_in: Client, origin: Any
) -> None:
    connected, _ = await socket(server, signed_in, origin=origin).connect()
    assert not connected


async def test_it_ends_when_the_session_ends(
    server: Server, signed_in: Client, lin: Member
) -> None:
    owner = await in_thread(lambda: Member.objects.get(authority="owner"))
    live = socket(server, signed_in)
    await live.connect()
    await until(lambda: hub._news, "the page follows")
    await in_thread(partial(retire_member, actor=owner, member="kay"))
    assert await closing(live) == SIGNED_OUT
    await live.disconnect()


async def test_what_a_page_says_is_ignored(
    server: Server, signed_in: Client, lin: Member, vault: Channel
) -> None:
    live = socket(server, signed_in)
    await live.connect()
    await live.send_to(text_data='{"type": "channel.message", "follow": "channel-99"}')
    await live.send_to(bytes_data=b"\xff\x00")
    await until(lambda: hub._news, "the page follows")
    await in_thread(partial(send_message, actor=lin, to="#vault", body="Hello."))
    assert [event["topics"] for event in await batch(live)] == [[f"channel-{vault.pk}"]]
    await live.disconnect()


async def test_a_page_that_goes_away_is_forgotten(server: Server, signed_in: Client) -> None:
    live = socket(server, signed_in)
    await live.connect()
    await until(lambda: hub._news, "the page follows")
    await live.disconnect()
    await until(lambda: not hub._news, "nobody follows any more")


@pytest.mark.parametrize(
    "origin",
    [b"http://localhost:9999", b"http://127.0.0.1", b"http://[", b"chrome-extension://localhost"],
)
async def test_a_page_of_another_server_on_this_machine_is_refused(
    server: Server, signed_in: Client, origin: bytes
) -> None:
    connected, _ = await socket(server, signed_in, origin=(b"origin", origin)).connect()
    assert not connected


async def test_a_program_without_an_origin_is_refused(server: Server, signed_in: Client) -> None:
    connected, _ = await socket(server, signed_in, origin=None).connect()
    assert not connected


async def test_a_page_that_gave_this_machine_its_own_name_is_refused(
    server: Server, signed_in: Client
) -> None:
    live = socket(
        server, signed_in, origin=(b"origin", b"http://evil.example"), host=b"evil.example"
    )
    connected, _ = await live.connect()
    assert not connected


async def test_a_page_of_the_public_address_is_admitted(
    server: Server, signed_in: Client, settings: Any
) -> None:
    settings.CSRF_TRUSTED_ORIGINS = ["https://team.example"]
    live = socket(server, signed_in, origin=(b"origin", b"https://team.example"))
    assert (await live.connect())[0]
    await live.disconnect()


async def test_it_ends_as_soon_as_the_page_signs_out(
    server: Server, signed_in: Client, lin: Member
) -> None:
    live = socket(server, signed_in)
    await live.connect()
    await until(lambda: hub._news, "the page follows")
    await in_thread(lambda: signed_in.post("/sign-out/"))
    assert await closing(live) == SIGNED_OUT
    await live.disconnect()
