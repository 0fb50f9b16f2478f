"""Small periodic duties of a server process, run in the write lane. What is heavier, or must be
retried, is a job for django-q2."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Callable

from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)
Duty = Callable[[], None]
_duties: list[tuple[float, Duty]] = []


def every(seconds: float) -> Callable[[Duty], Duty]:
    """Run the function every so many seconds in each server process. It must be cheap."""

    def register(duty: Duty) -> Duty:
        _duties.append((seconds, duty))
        return duty

    return register


def start() -> list[asyncio.Task[None]]:
    """Begin all duties on the running loop."""
    return [asyncio.ensure_future(_repeat(seconds, duty)) for seconds, duty in _duties]


async def _repeat(seconds: float, duty: Duty) -> None:
    while True:
        await asyncio.sleep(seconds)
        try:
            write = functools.partial(run_write, duty)  # fails alone, within a shared commit too
            await (lane.arun(write) if lane.running else reads.arun(write))
        except Exception:
            logger.exception("a periodic duty failed; it runs again in %s s", seconds)
