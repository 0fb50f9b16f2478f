"""A server that stops answers whoever waits, and ends its streams as streams end."""

from __future__ import annotations

import asyncio

from audit.live import hub
from audit.topics import Sight
from teammcp.serving import Server


async def test_who_waits_is_told_that_there_is_nothing(server: Server) -> None:
    waiting = asyncio.ensure_future(hub.wait("inbox-test", hub.head, 50))
    await asyncio.sleep(0)
    server.release()
    assert await waiting is False
    assert await hub.wait("inbox-test", hub.head, 50) is False


async def test_who_follows_sees_the_end(server: Server) -> None:
    async def follow() -> list[object]:
        return [batch async for batch in hub.follow(Sight)]

    following = asyncio.ensure_future(follow())
    await asyncio.sleep(0)
    server.release()
    assert await asyncio.wait_for(following, 5) == []


async def test_the_next_start_waits_again(server: Server) -> None:
    server.release()
    await server.stop()
    await server.start()
    assert not hub.released
