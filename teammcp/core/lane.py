"""The write lane: one fair queue to the one writer that the ledger has.

`run_write(job)` runs a job in a transaction. In a server process that started the lane, jobs of
all threads are served first come, first served, by one thread that owns the write connection. Jobs
that queued while it was busy share a transaction, and so the cost of a durable commit, each in a
savepoint of its own so that one failure hurts nobody else; every caller is answered after the
commit. That ends lock waiting (SQLite's own back-off starves writers for seconds) and makes the
order of the ledger the order of commits. Elsewhere (commands, job workers, tests, or inside a
transaction) the job runs where it is. On PostgreSQL several processes write, one at a time:
`sql.serialise`.

Figures behind the choice: docs/performance.md.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import logging
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import DatabaseError, OperationalError, connection, transaction

from teammcp.core import sql
from teammcp.core.errors import Unavailable

logger = logging.getLogger(__name__)
T = TypeVar("T")

BATCH = 32  # jobs that share one commit at the most: bounds what one caller waits for


@dataclass(slots=True)
class _Job:
    function: Callable[[], Any]
    context: contextvars.Context
    answer: Callable[[Any, BaseException | None], None]
    result: Any = None
    error: BaseException | None = None

    def attempt(self) -> None:
        try:
            self.result = self.context.run(self.function)
        except BaseException as error:  # noqa: BLE001 - it belongs to the caller, who gets it
            self.error = _answerable(error)


class WriteLane:
    """A queue and the thread that serves it."""

    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        return self._thread is not None and self._thread.is_alive()

    def here(self) -> bool:
        """Whether this is the lane's own thread."""
        return threading.current_thread() is self._thread

    def start(self) -> None:
        if not self.running:
            self._thread = threading.Thread(target=self._serve, name="write-lane", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Finish what is queued, then end the thread."""
        if self._thread is not None and self._thread.is_alive():
            self._queue.put(None)
            self._thread.join(timeout=20)
        self._thread = None

    def submit(self, function: Callable[[], T]) -> Future[T]:
        """Queue a job; the future is answered after its commit. For threads."""
        future: Future[T] = Future()

        def answer(result: Any, error: BaseException | None) -> None:
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        self._queue.put(_Job(function, contextvars.copy_context(), answer))
        return future

    async def arun(self, function: Callable[[], T]) -> T:
        """Run a job and wait for its commit without holding a thread. For coroutines."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def settle(result: Any, error: BaseException | None) -> None:
            if future.done():  # the caller gave up meanwhile; what was committed stays
                return
            if error is None:
                future.set_result(result)
            else:
                future.set_exception(error)

        def answer(result: Any, error: BaseException | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop closed: nobody waits any more
                loop.call_soon_threadsafe(settle, result, error)

        self._queue.put(_Job(function, contextvars.copy_context(), answer))
        return await future

    def _serve(self) -> None:
        stopping = False
        while not stopping:
            jobs, stopping = self._next_batch()
            self._run_batch(jobs)
        connection.close()

    def _next_batch(self) -> tuple[list[_Job], bool]:
        """All that is queued, up to BATCH; waits for the first. True at the end of the lane."""
        jobs: list[_Job] = []
        item = self._queue.get()
        while item is not None:
            jobs.append(item)
            if len(jobs) == BATCH:
                return jobs, False
            try:
                item = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _run_batch(self, jobs: list[_Job]) -> None:
        failure: BaseException | None = None
        try:
            if len(jobs) == 1:
                jobs[0].attempt()
            elif jobs:
                self._share_commit(jobs)
            if any(job.error for job in jobs):
                connection.close_if_unusable_or_obsolete()
        except BaseException as error:  # whatever it is, the lane outlives it
            logger.exception("the write lane could not commit %d jobs", len(jobs))
            failure = unavailable()
            failure.__cause__ = error
            with contextlib.suppress(Exception):
                connection.close_if_unusable_or_obsolete()
        for job in jobs:
            job.answer(job.result, failure or job.error)

    def _share_commit(self, jobs: list[_Job]) -> None:
        """Run jobs in one transaction. Raises DatabaseError unless it really was committed."""
        committed: list[bool] = []
        try:
            with transaction.atomic():
                transaction.on_commit(lambda: committed.append(True))  # before what jobs do then
                sql.serialise()
                for job in jobs:
                    job.attempt()
        except Exception:
            if not committed:
                raise
            logger.exception("what follows a commit failed")
        if not committed:  # Django passes over a connection that was closed in the middle
            raise DatabaseError("the transaction was lost")


def _answerable(error: BaseException) -> BaseException:
    """The error as its caller can get it: SystemExit and its like would end the caller's event loop
    and not the call, and no future takes a StopIteration."""
    if isinstance(error, Exception) and not isinstance(error, StopIteration):
        return error
    answered = RuntimeError(f"a write ended with {type(error).__name__}")
    answered.__cause__ = error
    return answered


lane = WriteLane()


def run_write(function: Callable[[], T]) -> T:
    """Run `function` in a transaction, through the lane where this process has one.

    Raises Unavailable, with nothing changed, where the database could not begin or commit.
    """

    def job() -> T:
        ran, outermost = False, not connection.in_atomic_block
        try:
            with transaction.atomic():
                if outermost:
                    sql.serialise()
                result = function()
                ran = True
            return result
        except DatabaseError as error:
            if ran or isinstance(error, OperationalError):
                logger.exception("the database could not write")
                raise unavailable() from error
            raise

    if lane.running and not lane.here() and not connection.in_atomic_block:
        return lane.submit(job).result()
    return job()


def unavailable() -> Unavailable:
    return Unavailable(
        "The server could not commit this just now; nothing was changed.",
        next="Send the same call again, with the same client_key.",
    )
