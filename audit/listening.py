"""Who is connected to this process just now, and by which route: streams, subscriptions, pages,
calls that wait. What a connection of a member says about presence is told from here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from django.utils import timezone

_open: Counter[tuple[int, str]] = Counter()  # by which the server can reach its reader
_looking: Counter[tuple[int, str]] = Counter()  # of people, and of calls that wait
_rested: dict[int, datetime] = {}
_left: dict[int, datetime] = {}
PAGE, WAIT = "page", "wait"


@contextmanager
def listening(member_id: int, route: str) -> Iterator[None]:
    """A connection by which this member can be woken, for as long as the block lasts."""
    with _counted(_open, member_id, route):
        yield


@contextmanager
def watching(member_id: int, how: str) -> Iterator[None]:
    """A page that this member has open, or a call of theirs that waits for news."""
    with _counted(_looking, member_id, how):
        yield


@contextmanager
def _counted(counter: Counter[tuple[int, str]], member_id: int, how: str) -> Iterator[None]:
    counter[member_id, how] += 1
    if how != PAGE:
        _rested[member_id] = timezone.now()
    try:
        yield
    finally:
        counter[member_id, how] -= 1
        if not counter[member_id, how]:
            del counter[member_id, how]
        if how != WAIT and not connections(member_id):  # after a wait the caller is at work
            _left[member_id] = timezone.now()


def listening_routes(member_id: int) -> frozenset[str]:
    """The routes by which this member can be woken now."""
    return frozenset(route for pk, route in tuple(_open) if pk == member_id)


def connections(member_id: int) -> frozenset[str]:
    """All ways in which this member is connected now."""
    looking = frozenset(how for pk, how in tuple(_looking) if pk == member_id)
    return listening_routes(member_id) | looking


def connected_members() -> frozenset[int]:
    """All who are connected to this process now."""
    return frozenset(pk for pk, _ in (*tuple(_open), *tuple(_looking)))


def rested_at(member_id: int) -> datetime | None:
    """When this member last began to listen or to wait: a call that does so is no activity."""
    return _rested.get(member_id)


def left_at(member_id: int) -> datetime | None:
    """When the last connection of this member ended."""
    return _left.get(member_id)


def forget() -> None:
    """As if nobody had ever been here. For tests."""
    for known in (_open, _looking, _rested, _left):
        known.clear()
