"""Who is retired, demoted or revoked while their write waits for its turn writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from messaging.models import Message
from orgchart.models import Credential, Member
from orgchart.services import retire_member, revoke_credential, update_member
from teammcp.core.lane import lane
from teammcp.serving import Server
from tests.asgi import StreamingTransport, in_thread, until
from tests.conftest import token_of
from tests.core.test_direct import Call, ask
from tests.core.test_lane import Gate
from tests.mcp_bridge.conftest import request_of

SAY = {"to": "#general", "body": "Still me."}
Change = Callable[[Member], Any]


def retire(owner: Member) -> Any:
    return retire_member(actor=owner, member="lin")


def demote(owner: Member) -> Any:
    return update_member(actor=owner, member="lin", authority="observer")


def revoke(owner: Member) -> Any:
    for row in Credential.objects.filter(member__handle="lin", revoked_at=None):
        revoke_credential(actor=owner, credential_id=row.pk)
    return None


CHANGES = [(retire, 401), (demote, 403), (revoke, 401)]


@pytest.fixture
def token(transactional_db: None, owner: Member, lin: Member) -> str:
    return token_of(lin)


async def behind(change: Change, owner: Member, call: Callable[[], Any]) -> Any:
    """The answer to a call that was let in before a change and whose turn comes after it."""
    gate = Gate()
    held = await asyncio.to_thread(gate.close)
    changed = lane.submit(lambda: change(owner))
    answer = asyncio.ensure_future(call())
    await until(lambda: lane._queue.qsize() >= 2, "the call waits")
    gate.opened.set()
    await asyncio.wrap_future(held)
    await asyncio.wrap_future(changed)
    return await answer


@pytest.mark.parametrize(("change", "status"), CHANGES)
async def test_over_rest(
    server: Server, token: str, owner: Member, change: Change, status: int
) -> None:
    await ask(server.api, Call("GET", "/api/me/"), token)  # known from just now
    call = Call("POST", "/api/messages/", SAY)
    reply = await behind(change, owner, lambda: ask(server.api, call, token))
    assert reply.status == status
    assert await in_thread(Message.objects.count) == 0


@pytest.mark.parametrize(("change", "status"), CHANGES)
async def test_over_rest_the_long_way(
    server: Server, token: str, owner: Member, change: Change, status: int
) -> None:
    call = Call("POST", "/api/messages/", SAY)
    reply = await behind(change, owner, lambda: ask(server.api._django, call, token))
    assert reply.status == status
    assert await in_thread(Message.objects.count) == 0


async def test_a_change_that_concerns_others_hinders_nobody(
    server: Server, token: str, owner: Member, kay: Member
) -> None:
    def other(actor: Member) -> Any:
        return retire_member(actor=actor, member="kay")

    call = Call("POST", "/api/messages/", SAY)
    reply = await behind(other, owner, lambda: ask(server.api, call, token))
    assert reply.status == 201
    assert await in_thread(Message.objects.count) == 1


@pytest.mark.parametrize(
    ("change", "code"),
    [(retire, "not_authenticated"), (demote, "forbidden"), (revoke, "not_authenticated")],
)
async def test_over_mcp(
    server: Server, token: str, owner: Member, change: Change, code: str
) -> None:
    async with httpx2.AsyncClient(transport=StreamingTransport(server)) as http:
        await http.post(**request_of(token, "find_people", {}))
        call = request_of(token, "send", SAY)
        answer = await behind(change, owner, lambda: http.post(**call))
    result = answer.json()["result"]
    assert result["isError"]
    assert result["_meta"]["teammcp/problem"]["code"] == code
    assert await in_thread(Message.objects.count) == 0
