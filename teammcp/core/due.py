"""Rows whose time has come, each run once, by any number of processes at the same time.

A row belongs to whoever takes its time away, in the transaction that does what is due. What fails
concerns its own row only: it is put off, and the others go on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import InterfaceError, OperationalError
from django.db.models import Model, Q, QuerySet

from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Unavailable
from teammcp.core.lane import lane, run_write

logger = logging.getLogger(__name__)
PAGE = 100  # rows read at once
PAUSE = timedelta(minutes=15)  # after an unexpected error, where nothing else is said
Job = Callable[[], None]
Step = Callable[[int, datetime], None]
"""gets the id of a row and now"""


class _Due(NamedTuple):
    """A row as it was found: who claims it must find it so still."""

    pk: int
    at: datetime


@dataclass(frozen=True, slots=True)
class DueRows:
    """Rows that each say when they are due, and what is done then."""

    rows: Callable[[], QuerySet[Any]]
    """those that may be due"""
    field: str
    """when they are"""
    face: str
    """by which the ledger says that it was done"""
    run: Step
    """runs in a transaction of its own, in which the field is empty: it sets the next time"""
    failed: Step | None = None
    """the same after an unexpected error of `run`, of which nothing is left; else it is put off by
    a quarter of an hour"""

    def run_due(self, now: datetime) -> int:
        """Run all that is due by now; how many rows were looked at. For any number of callers."""
        count = 0
        for page in self._pages(now):
            count += len(page)
            errors = _each([self._job(self.run, due, now) for due in page])
            for due, error in zip(page, errors, strict=True):
                if error is not None:
                    self._after(error, due, now)
        return count

    def _pages(self, now: datetime) -> Iterator[list[_Due]]:
        """All rows that are due, the oldest first: a bad one stays behind no other."""
        field, beyond = self.field, Q()
        rows = self.rows().filter(**{f"{field}__lte": now}).order_by(field, "pk")
        while page := [_Due(*row) for row in rows.filter(beyond).values_list("pk", field)[:PAGE]]:
            yield page
            last = page[-1]
            beyond = Q(**{f"{field}__gt": last.at}) | Q(**{field: last.at, "pk__gt": last.pk})

    def _job(self, step: Step, due: _Due, now: datetime) -> Job:
        """A call of its own in the ledger, and a transaction of its own."""

        def claimed() -> None:
            if self._claim(due):
                step(due.pk, now)

        def job() -> None:
            with calling(CallContext(face=self.face)):
                run_write(claimed)

        return job

    def _claim(self, due: _Due) -> bool:
        """Compare and set. On PostgreSQL this holds the row's lock too."""
        mine = self.rows().filter(pk=due.pk, **{self.field: due.at})
        return bool(mine.update(**{self.field: None}))

    def _after(self, error: Exception, due: _Due, now: datetime) -> None:
        name = f"{self.rows().model._meta.verbose_name} {due.pk}"
        if isinstance(error, Unavailable | OperationalError | InterfaceError):
            logger.warning("%s could not run just now: %s", name, error)
            return  # nothing was changed; it is due still
        logger.error("%s failed; it is tried again later", name, exc_info=error)
        second = _error_of(self._job(self.failed or self._put_off, due, now))
        if second is not None:
            logger.error("%s could not be put off", name, exc_info=second)

    def _put_off(self, pk: int, now: datetime) -> None:
        model: type[Model] = self.rows().model
        model._default_manager.filter(pk=pk).update(**{self.field: now + PAUSE})


def _each(jobs: list[Job]) -> list[Exception | None]:
    """Run jobs; the error of each. In the lane they are queued together, to share commits."""
    if lane.running and not lane.here():
        futures = [lane.submit(job) for job in jobs]
        return [_error_of(future.result) for future in futures]
    return [_error_of(job) for job in jobs]


def _error_of(job: Callable[[], Any]) -> Exception | None:
    try:
        job()
    except Exception as error:  # noqa: BLE001 - the other rows go on
        return error
    return None
