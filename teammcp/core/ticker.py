"""Small periodic duties of a server process. What is heavier, or must be retried, is a job for
django-q2."""

from __future__ import annotations

import asyncio
import functools
import logging
import time
from collections.abc import Callable

from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)
Duty = Callable[[], None]
_duties: list[tuple[float, Duty, bool]] = []


def every(seconds: float, *, apart: bool = False) -> Callable[[Duty], Duty]:
    """Run the function every so many seconds in each server process. It must be cheap.

    It runs as one write. With `apart`, for what is due at certain times and mostly has nothing to
    write: in a thread of the read pool, when the clock shows a whole multiple of the seconds. Its
    writes then queue in the lane like those of everybody else.
    """

    def register(duty: Duty) -> Duty:
        _duties.append((seconds, duty, apart))
        return duty

    return register


def start() -> list[asyncio.Task[None]]:
    """Begin all duties on the running loop."""
    return [asyncio.ensure_future(_repeat(*duty)) for duty in _duties]


async def _repeat(seconds: float, duty: Duty, apart: bool) -> None:  # noqa: FBT001
    while True:
        await asyncio.sleep(seconds - time.time() % seconds if apart else seconds)
        try:
            await (reads.arun(duty) if apart else _write(duty))
        except Exception:
            logger.exception("a periodic duty failed; it runs again in %s s", seconds)


async def _write(duty: Duty) -> None:
    write = functools.partial(run_write, duty)  # fails alone, within a shared commit too
    await (lane.arun(write) if lane.running else reads.arun(write))
