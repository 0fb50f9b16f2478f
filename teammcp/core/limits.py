"""Rate limits, inside the actions, so that no face can forget them.

A moving window per process (library `limits`); what counts is one small number per key.
"""

from __future__ import annotations

import time

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from teammcp.core.context import current_call
from teammcp.core.errors import RateLimited

_limiter = MovingWindowRateLimiter(MemoryStorage())


def spend(what: str, *, per_minute: int) -> None:
    """Count one try of this caller's address. Raises RateLimited, saying when the next is welcome.

    Calls that come over no network (commands, jobs) have no address and are not counted.
    """
    key = current_call().address
    if not key:
        return
    item = RateLimitItemPerMinute(per_minute)
    if not _limiter.hit(item, what, key):
        reset = _limiter.get_window_stats(item, what, key).reset_time
        seconds = max(1, round(reset - time.time()))
        raise RateLimited(
            f"Too many tries: at most {per_minute} a minute.",
            next=f"Wait {seconds} s, then send the same call again.",
            retry_after_seconds=seconds,
        )
