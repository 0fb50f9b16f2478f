"""Ending a wait whose caller has given up, in the session era.

There a client keeps the stream of its call open and says `notifications/cancelled` in a request of
its own; without sessions nothing ties the two together but the credential and the id of the call. A
wait that is cancelled answers at once that there is nothing, so that it does no harm if two clients
share a credential and an id. In the 2026 revision a client just closes the connection, which the
SDK watches.
"""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager

from audit.live import hub
from teammcp.core.context import current_call
from teammcp.core.waiting import Wait

METHOD = b"notifications/cancelled"
_Key = tuple[int | None, str]
_waits: defaultdict[_Key, set[asyncio.Future[None]]] = defaultdict(set)


@contextmanager
def cancellable(request_id: str | int | None) -> Iterator[Wait]:
    """A way to wait on the hub that ends when the call of this id is cancelled."""
    key = (current_call().credential_id, str(request_id))
    enough: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    _waits[key].add(enough)

    async def wait(topic: str, after: int, seconds: float) -> bool:
        news = asyncio.ensure_future(hub.wait(topic, after, seconds))
        try:
            await asyncio.wait((news, enough), return_when=asyncio.FIRST_COMPLETED)
            return news.result() if news.done() else False
        finally:
            news.cancel()

    try:
        yield wait
    finally:
        _waits[key].discard(enough)
        if not _waits[key]:
            del _waits[key]


def notice(body: bytes) -> None:
    """Look at a request that was not a plain call: it may be the notification."""
    if METHOD not in body:
        return
    try:
        request_id = json.loads(body)["params"]["requestId"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return
    for enough in _waits.get((current_call().credential_id, str(request_id)), ()):
        if not enough.done():
            enough.set_result(None)
