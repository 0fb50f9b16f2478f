"""Waiting for news without holding anything: the long poll behind MCP and REST.

A reader asks, and when nothing is there it waits on a wake-up topic until an event beyond what it
has seen arrives or its time is over. While it waits it costs a future and a timer: no thread, no
connection, no query. What wakes it is passed in, so this module knows no domain.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any, TypeVar

from teammcp.core.actions import Action, Actor
from teammcp.core.context import calling, current_call
from teammcp.core.schemas import Out

R = TypeVar("R", bound=Out)
A = TypeVar("A", bound=Actor)

Wait = Callable[[str, int, float], Awaitable[bool]]
"""`wait(topic, after, timeout)`: True when an event beyond `after` woke the topic, at once if it
has happened already; False at the time-out."""


@dataclass(frozen=True, slots=True)
class Waiter:
    """How to wait for the answer of one action."""

    topic: Callable[[Any], str]
    """from the actor to the topic that wakes them"""
    empty: Callable[[Any], bool]
    """whether an answer has nothing in it, so that it is worth waiting"""
    head: Callable[[Any], int] = attrgetter("head")
    """how far the ledger had come when the answer was read"""
    argument: str = "wait_seconds"
    """the argument that says how long; its limits are the action's"""

    def asked(self, payload: Mapping[str, Any]) -> bool:
        """Whether this call wants to wait."""
        return bool(payload.get(self.argument))


async def call_and_wait(
    action: Action[Any, R],
    actor: A,
    payload: Mapping[str, Any],
    waiter: Waiter,
    *,
    wait: Wait,
    renew: Callable[[], Awaitable[A]] | None = None,
) -> R:
    """Call `action`; while its answer is empty, wait for news and call it again.

    The answer at the time-out is the empty one that was read first: it still holds, because nothing
    woke the topic since. `renew` gives the actor anew before each further call, so that a
    credential that was revoked meanwhile reads nothing more.
    """
    if not waiter.asked(payload):
        return await action.acall(actor, payload)
    action.check_scope(actor)
    clock = asyncio.get_running_loop().time
    deadline = clock() + float(action.validate(payload)[waiter.argument])
    answer = await action.acall(actor, payload)
    while waiter.empty(answer) and (left := deadline - clock()) > 0:
        if not await wait(waiter.topic(actor), waiter.head(answer), left):
            break
        if renew is not None:
            actor = await renew()
        with calling(replace(current_call(), woken=True)):
            answer = await action.acall(actor, payload)
    return answer
