"""Rows whose time has come, each looked at once, by any number of processes at the same time.

A row belongs to whoever takes its time away, in the transaction that does what is due. What fails
concerns its own row only: it is put off, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError
from django.db.models import Model, Q

from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Unavailable
from teammcp.core.lane import run_write

logger = logging.getLogger(__name__)
PAGE = 100  # rows read at once
PAUSE = timedelta(minutes=15)  # after an unexpected error
Look = Callable[[int, datetime], None]


class Due(NamedTuple):
    """A row as it was found: who claims it must find it so still."""

    pk: int
    at: datetime


def each_due(model: type[Model], field: str, now: datetime, look: Look, *, face: str) -> int:
    """Call `look` with the id of each row whose `field` has come, and now; how many there were.

    `look` runs in a transaction of its own, in which the field is empty: it sets the next time.
    """
    count = 0
    for page in _pages(model, field, now):
        for due in page:
            count += 1
            with calling(CallContext(face=face)):
                _one(model, field, due, now, look)
    return count


def _pages(model: type[Model], field: str, now: datetime) -> Iterator[list[Due]]:
    """All rows that are due, the oldest first: a bad one stays behind no other."""
    rows = model._default_manager.filter(**{f"{field}__lte": now}).order_by(field, "pk")
    beyond = Q()
    while page := [Due(*row) for row in rows.filter(beyond).values_list("pk", field)[:PAGE]]:
        yield page
        last = page[-1]
        beyond = Q(**{f"{field}__gt": last.at}) | Q(**{field: last.at, "pk__gt": last.pk})


def _one(model: type[Model], field: str, due: Due, now: datetime, look: Look) -> None:
    def run() -> None:
        if _set(model, field, due, None):
            look(due.pk, now)

    try:
        run_write(run)
    except (Unavailable, OperationalError, InterfaceError) as error:
        logger.warning("%s %s could not be looked at just now: %s", model.__name__, due.pk, error)
    except Exception:
        logger.exception("%s %s failed; it is tried again later", model.__name__, due.pk)
        _put_off(model, field, due, now)


def _put_off(model: type[Model], field: str, due: Due, now: datetime) -> None:
    try:
        run_write(lambda: _set(model, field, due, now + PAUSE))
    except Exception:
        logger.exception("%s %s could not be put off", model.__name__, due.pk)


def _set(model: type[Model], field: str, due: Due, to: Any) -> bool:
    """Compare and set. On PostgreSQL this holds the row's lock too."""
    mine = model._default_manager.filter(pk=due.pk, **{field: due.at})
    return bool(mine.update(**{field: to}))
