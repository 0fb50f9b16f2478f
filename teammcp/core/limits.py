"""Rate limits, inside the actions, so that no face can forget them.

A moving window per process (library `limits`); what counts is one small number per key.
"""

from __future__ import annotations

import time

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from teammcp.core import gate
from teammcp.core.context import current_call
from teammcp.core.errors import RateLimited

_limiter = MovingWindowRateLimiter(MemoryStorage())


def spend(what: str, *, per_minute: int, whom: str = "") -> None:
    """Count one try of this caller's address, or of `whom`, wherever they call from. Raises
    RateLimited, saying when the next is welcome.

    Calls that come over no network (commands, jobs) have no address and are not counted.
    """
    address = current_call().address
    if not address:
        return
    _count(RateLimitItemPerMinute(per_minute), what, whom or address, "tries")


def spend_hourly(what: str, key: str, *, limit: int) -> None:
    """Count one act under a key, such as a member's id. Raises RateLimited beyond the limit."""
    _count(RateLimitItemPerHour(limit), what, key, "such messages")


def _count(item: RateLimitItem, what: str, key: str, acts: str) -> None:
    """Spend one of the item's acts. Raises RateLimited, saying when the next is welcome."""
    count = _limiter.test if gate.trying() else _limiter.hit  # what is undone spends nothing
    if count(item, what, key):
        return
    reset = _limiter.get_window_stats(item, what, key).reset_time
    seconds = max(1, round(reset - time.time()))
    span = "a minute" if item.get_expiry() == 60 else "an hour"
    raise RateLimited(
        f"Too many {acts}: at most {item.amount} {span}.",
        next=f"Wait {seconds} s, then send the same call again.",
        retry_after_seconds=seconds,
    )
