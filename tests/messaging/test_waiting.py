"""Waiting for the inbox over REST: it costs nothing, and it ends as soon as something is there."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import Any

import orjson
import pytest

from audit.live import hub
from audit.topics import inbox_topic
from messaging.models import Delivery
from messaging.services import send_message
from orgchart.models import Credential, Member
from orgchart.services import revoke_credential
from teammcp.serving import Server
from tests.asgi import in_thread, open_stream, scope_of, until
from tests.conftest import token_of


@pytest.fixture
def token(transactional_db: None, kay: Member) -> str:
    return token_of(kay)


async def inbox(server: Server, token: str, query: str = "") -> tuple[int, Any]:
    async with open_stream(server, f"/api/inbox/{query}", token=token) as answer:
        return answer.status, orjson.loads(await answer.body())


async def waiting_for(member: Member, count: int = 1) -> None:
    """Return when so many calls wait for this member's inbox."""
    topic = inbox_topic(member.pk)
    await until(lambda: len(hub._waiting.get(topic, ())) == count, f"{count} calls that wait")


def say(actor: Member, to: str = "@kay") -> Any:
    return partial(send_message, actor=actor, to=to, body="Hello.")


async def test_a_call_that_waits_is_answered_when_something_comes_and_not_before(
    server: Server, token: str, lin: Member, kay: Member, sam: Member
) -> None:
    call = asyncio.ensure_future(inbox(server, token, "?wait_seconds=50"))
    await waiting_for(kay)
    await in_thread(say(lin, "@sam"))
    await in_thread(say(lin, "#general"))
    assert not call.done()
    started = asyncio.get_running_loop().time()
    await in_thread(say(lin))
    status, answer = await call
    assert asyncio.get_running_loop().time() - started < 1
    assert (status, [item["message"]["body"] for item in answer["items"]]) == (200, ["Hello."])
    row = await in_thread(Delivery.objects.filter(recipient=kay).get)
    assert (row.offered_route, row.acknowledged_at) == ("rest", None)


async def test_a_call_does_not_wait_when_something_is_there(
    server: Server, token: str, lin: Member
) -> None:
    await in_thread(say(lin))
    _, answer = await inbox(server, token, "?wait_seconds=50")
    assert len(answer["items"]) == 1
    assert hub._waiting == {}


async def test_who_left_during_the_wait_is_offered_nothing(
    server: Server, token: str, lin: Member, kay: Member
) -> None:
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": b"", "more_body": False})
    answered: list[Any] = []

    async def send(message: Any) -> None:
        answered.append(message)

    scope = scope_of("/api/inbox/?wait_seconds=50", token=token)
    call = asyncio.ensure_future(server(scope, incoming.get, send))
    await waiting_for(kay)
    incoming.put_nowait({"type": "http.disconnect"})
    await call
    assert (answered, hub._waiting) == ([], {})
    await in_thread(say(lin))
    row = await in_thread(Delivery.objects.filter(recipient=kay).get)
    assert (row.offered_at, row.acknowledged_at) == (None, None)


async def test_at_a_time_out_the_empty_inbox_proves_itself_anew(
    server: Server, token: str, lin: Member
) -> None:
    call = asyncio.ensure_future(inbox(server, token, "?wait_seconds=1"))
    await in_thread(say(lin, "#general"))
    status, answer = await call
    assert (status, answer["items"]) == (200, [])
    assert [row["channel"] for row in answer["channels"]] == ["#general"]
    assert answer["head"] == hub.head
    assert hub._waiting == {}


@pytest.mark.no_cover
async def test_many_waiting_calls_hold_no_threads_and_all_are_answered(
    server: Server, token: str, lin: Member, kay: Member
) -> None:
    await inbox(server, token)  # whatever threads serving needs exist now
    calls = [asyncio.ensure_future(inbox(server, token, "?wait_seconds=50")) for _ in range(100)]
    await waiting_for(kay, 100)
    before = threading.active_count()
    more = [asyncio.ensure_future(inbox(server, token, "?wait_seconds=50")) for _ in range(100)]
    await waiting_for(kay, 200)
    assert threading.active_count() == before
    await in_thread(say(lin))
    answers = await asyncio.gather(*calls, *more)
    assert {(status, len(answer["items"])) for status, answer in answers} == {(200, 1)}


async def test_who_waits_with_a_credential_that_ends_meanwhile_reads_nothing(
    server: Server, token: str, lin: Member, kay: Member
) -> None:
    call = asyncio.ensure_future(inbox(server, token, "?wait_seconds=50"))
    await waiting_for(kay)
    newest = await in_thread(lambda: Credential.objects.filter(member=kay).latest("pk").pk)
    await in_thread(lambda: revoke_credential(actor=kay, credential_id=newest))
    await in_thread(say(lin))
    status, answer = await call
    assert (status, answer["code"]) == (401, "not_authenticated")
    assert (await in_thread(Delivery.objects.get)).offered_at is None


@pytest.mark.parametrize("seconds", ["51", "-1", "x", "1.5", ""])
async def test_a_wait_that_is_too_long_or_none_is_refused_with_the_limit(
    server: Server, token: str, seconds: str
) -> None:
    status, answer = await inbox(server, token, f"?wait_seconds={seconds}")
    assert (status, list(answer["state"]["fields"])) == (400, ["wait_seconds"])
    if seconds == "51":
        assert "less than or equal to 50" in answer["detail"]
