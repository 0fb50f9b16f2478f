"""Waking through a running server: streams, a real webhook receiver, bursts."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest
from pytest_django import Settings

from messaging import webhooks
from messaging.models import Delivery, Wake
from messaging.selectors import list_wake_routes
from messaging.services import ack, check_inbox, send_message, set_webhook
from orgchart.models import Member
from teammcp.serving import Server
from tests.asgi import in_thread, open_stream, until
from tests.conftest import token_of

STREAM = "/api/events/stream/"
BURST = 200


@dataclass
class Receiver:
    """A small web server that keeps what it was sent, and answers as it is told."""

    url: str = ""
    status: int = 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.partition(": ") for line in head.split("\r\n")[1:] if line]
        headers = {name.lower(): value for name, _, value in lines}
        body = await reader.readexactly(int(headers["content-length"]))
        self.received.append((headers, body))
        writer.write(f"HTTP/1.1 {self.status} Said\r\ncontent-length: 0\r\n\r\n".encode())
        await writer.drain()
        writer.close()


@pytest.fixture
async def receiver(settings: Settings) -> AsyncIterator[Receiver]:
    settings.WEBHOOK_NETWORKS = ["127.0.0.0/8"]
    found = Receiver()
    server = await asyncio.start_server(found.serve, "127.0.0.1", 0)
    found.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/wake"
    async with server:
        yield found


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Shorter pauses; the order of things stays."""
    monkeypatch.setattr("messaging.waker.GATHER_SECONDS", 0.05)
    monkeypatch.setattr("messaging.waker.GATHER_UNCONNECTED_SECONDS", 0.05)
    monkeypatch.setattr("messaging.waker.LOOK_SECONDS", 0.05)
    monkeypatch.setattr(webhooks, "PAUSES", (0.0, 0.01, 0.01))


async def wakes() -> list[str]:
    return await in_thread(
        lambda: list(Wake.objects.order_by("pk").values_list("route", flat=True))
    )


async def until_woken(*routes: str) -> None:
    async with asyncio.timeout(10):
        while await wakes() != list(routes):
            await asyncio.sleep(0.01)


async def test_a_webhook_gets_a_signed_pointer_and_nothing_of_the_text(
    lin: Member, kay: Member, receiver: Receiver, brisk: None, server: Server
) -> None:
    made = await in_thread(partial(set_webhook, actor=kay, url=receiver.url))
    await asyncio.sleep(0)
    await until_known(kay)
    await in_thread(partial(send_message, actor=lin, to="@kay", body="The combination."))
    await until(lambda: receiver.received, "the receiver is called")
    headers, body = receiver.received[0]
    newest = await in_thread(lambda: Delivery.objects.latest("pk").pk)
    assert json.loads(body)["data"] == {"deliveries": 1, "up_to": newest, "next": "GET /api/inbox/"}
    assert b"combination" not in body
    key = base64.b64decode((made.secret or "").removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"


async def until_known(member: Member) -> None:
    """The process has seen that this member has a webhook."""
    from messaging.waker import waker

    await until(lambda: member.pk in waker._webhooks, "the webhook is known")


async def test_a_receiver_that_fails_is_called_three_times_with_one_id(
    lin: Member, kay: Member, receiver: Receiver, brisk: None, server: Server
) -> None:
    receiver.status = 500
    await in_thread(partial(set_webhook, actor=kay, url=receiver.url))
    await until_known(kay)
    await in_thread(partial(send_message, actor=lin, to="@kay", body="Hello."))
    await until(lambda: len(receiver.received) == 3, "the receiver is called three times")
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1

    def failed() -> Any:
        return [one for one in list_wake_routes(actor=kay).routes if one.failures]

    async with asyncio.timeout(10):
        while not (routes := await in_thread(failed)):
            await asyncio.sleep(0.01)
    assert routes[0].last_error == "it answered 500"


async def test_a_redirect_leads_nowhere(
    lin: Member, kay: Member, receiver: Receiver, brisk: None
) -> None:
    receiver.status = 302
    with pytest.raises(webhooks.WebhookFailed, match="302"):
        await webhooks.post(receiver.url, webhooks.secret_of(1, 1), "wake_1", b"{}")


async def test_a_name_that_points_into_the_private_network_is_not_called(
    receiver: Receiver, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name is looked up at each call: what it pointed to when it was set does not count."""
    settings.WEBHOOK_NETWORKS = []
    monkeypatch.setattr(webhooks, "PAUSES", (0.0,))
    url = receiver.url.replace("127.0.0.1", "localhost")
    with pytest.raises(webhooks.WebhookFailed, match="cannot be called"):
        await webhooks.post(url, webhooks.secret_of(1, 1), "wake_1", b"{}")
    assert not receiver.received


async def test_who_follows_the_stream_is_woken_by_it_and_that_is_written_down(
    server: Server, lin: Member, kay: Member, brisk: None
) -> None:
    token = await in_thread(partial(token_of, kay))
    async with open_stream(server, STREAM, token=token) as stream:
        await stream.chunk()
        await in_thread(partial(send_message, actor=lin, to="@kay", body="Hello."))
        await until_woken("stream")
    facts = await in_thread(lambda: Delivery.objects.get(recipient=kay))
    assert (facts.offered_at, facts.acknowledged_at) == (None, None)


@pytest.mark.no_cover
async def test_a_burst_over_the_stream_makes_few_wakes_and_every_message_arrives_once_in_order(
    server: Server, lin: Member, kay: Member
) -> None:
    token = await in_thread(partial(token_of, kay))
    handled: list[str] = []
    async with open_stream(server, STREAM, token=token) as stream:
        await stream.chunk()
        sending = asyncio.ensure_future(in_thread(partial(burst, lin)))
        async with asyncio.timeout(50):
            while len(handled) < BURST:
                await stream.frames(1)
                handled += await in_thread(partial(handle_all, kay))
        await sending
    assert handled == [f"Number {number}." for number in range(BURST)]
    counted = await wakes()
    assert len(counted) <= BURST // 4, "bursts coalesce"
    assert set(counted) <= {"stream"}


def burst(lin: Member) -> None:
    for number in range(BURST):
        send_message(actor=lin, to="@kay", body=f"Number {number}.")


def handle_all(kay: Member) -> list[str]:
    """Read and acknowledge until nothing waits; what came, in the order in which it was sent."""
    fresh: dict[int, str] = {}
    while items := check_inbox(actor=kay, limit=100, max_tokens=20_000).items:
        done = ack(actor=kay, deliveries=[item.delivery for item in items])
        assert len(done.acknowledged) == len(items), "each is acknowledged once"
        fresh |= {item.delivery: item.message.body for item in items}
    return [body for _, body in sorted(fresh.items())]


def has_more(receiver: Receiver, than: int) -> bool:
    return len(receiver.received) > than


async def test_a_burst_over_the_webhook_makes_few_calls_and_every_message_arrives_once_in_order(
    server: Server, lin: Member, kay: Member, receiver: Receiver
) -> None:
    await in_thread(partial(set_webhook, actor=kay, url=receiver.url))
    await until_known(kay)
    handled: list[str] = []
    answered = 0
    sending = asyncio.ensure_future(in_thread(partial(burst, lin)))
    async with asyncio.timeout(50):
        while len(handled) < BURST:
            await until(partial(has_more, receiver, answered), "the receiver is called")
            answered = len(receiver.received)
            handled += await in_thread(partial(handle_all, kay))
    await sending
    assert handled == [f"Number {number}." for number in range(BURST)]
    assert len(receiver.received) <= BURST // 4, "bursts coalesce"
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == len(
        receiver.received
    )
