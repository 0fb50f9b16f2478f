"""The write lane: first come, first served, one commit for many, and no answer before it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Event
from messaging.models import Channel, Membership, Message
from messaging.services import send_message
from orgchart.models import Department, Member
from teammcp.core.context import CallContext, calling, current_call
from teammcp.core.errors import Unavailable
from teammcp.core.lane import BATCH, WriteLane, lane, run_write
from tests.asgi import in_thread
from tests.databases import another_connection, change, seen_by_others

DEPARTMENTS = "SELECT COUNT(*) FROM orgchart_department"


class Gate:
    """A job that keeps the lane busy until it is opened, so that others queue behind it."""

    def __init__(self) -> None:
        self.entered, self.opened = threading.Event(), threading.Event()

    def __call__(self) -> None:
        self.entered.set()
        assert self.opened.wait(60)

    def close(self) -> Future[None]:
        """Keep the lane busy from now on."""
        held = lane.submit(self)
        assert self.entered.wait(60)
        return held


@pytest.fixture
def running(transactional_db: None) -> Iterator[WriteLane]:
    lane.start()
    yield lane
    lane.stop()


@pytest.fixture
def gate(running: WriteLane) -> Iterator[Gate]:
    gate = Gate()
    yield gate
    gate.opened.set()


def add(name: str) -> Callable[[], str]:
    """A write that answers its name."""

    def write() -> str:
        Department.objects.create(slug=name, name=name)
        return name

    return lambda: run_write(write)


def dangle() -> None:
    """A write that the database accepts, and refuses at the commit: its channel is missing."""

    def write() -> None:
        member = Member.objects.create(handle="dangling", kind="agent")
        Membership.objects.create(channel_id=99, member=member, joined_at=timezone.now())

    run_write(write)


def slugs() -> list[str]:
    return list(Department.objects.order_by("pk").values_list("slug", flat=True))


# In order


def test_jobs_of_many_threads_run_in_the_order_in_which_they_came(gate: Gate) -> None:
    held = gate.close()
    names = [f"d{number}" for number in range(3 * BATCH)]
    futures = [lane.submit(add(name)) for name in names]
    gate.opened.set()
    assert held.result(10) is None
    assert [future.result(10) for future in futures] == names
    assert slugs() == names


def test_many_threads_that_write_at_once_all_succeed(running: WriteLane) -> None:
    names = [f"d{number}" for number in range(100)]
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda name: add(name)(), names))
    assert answers == names
    assert sorted(slugs()) == sorted(names)


@pytest.mark.sqlite
def test_jobs_that_queue_share_a_commit(gate: Gate) -> None:
    statements: list[str] = []
    lane.submit(lambda: trace(statements)).result(10)
    gate.close()
    futures = [lane.submit(add(f"d{number}")) for number in range(2 * BATCH)]
    gate.opened.set()
    for future in futures:
        future.result(10)
    lane.submit(lambda: trace(None)).result(10)
    assert [s for s in statements if s == "COMMIT"] == ["COMMIT"] * 2
    assert sum(s.startswith("INSERT") for s in statements) == 2 * BATCH


def trace(statements: list[str] | None) -> None:
    connection.ensure_connection()
    connection.connection.set_trace_callback(None if statements is None else statements.append)


def test_a_job_keeps_the_context_of_its_caller(gate: Gate) -> None:
    gate.close()
    futures = []
    for face in ("mcp", "rest"):
        with calling(CallContext(face=face)):
            futures.append(lane.submit(lambda: current_call().face))
    gate.opened.set()
    assert [future.result(10) for future in futures] == ["mcp", "rest"]


def test_a_write_within_a_write_runs_where_it_is(running: WriteLane) -> None:
    def outer() -> tuple[str, bool]:
        return add("inner")(), lane.here()

    assert run_write(outer) == ("inner", True)
    assert slugs() == ["inner"]


# Failures


def test_a_job_that_fails_hurts_nobody_else(gate: Gate) -> None:
    def fail() -> None:
        Department.objects.create(slug="half", name="half")
        raise ValueError("no")

    gate.close()
    good = [lane.submit(add("a"))]
    failing = lane.submit(lambda: run_write(fail))
    good.append(lane.submit(add("b")))
    twice = lane.submit(add("a"))
    good.append(lane.submit(add("c")))
    gate.opened.set()

    assert [future.result(10) for future in good] == ["a", "b", "c"]
    with pytest.raises(ValueError, match="no"):
        failing.result(10)
    with pytest.raises(IntegrityError):
        twice.result(10)
    assert slugs() == ["a", "b", "c"]


def test_when_the_commit_fails_all_are_told_so_and_nothing_is_stored(gate: Gate) -> None:
    gate.close()
    futures: list[Future[Any]] = [lane.submit(job) for job in (add("a"), dangle, add("b"))]
    gate.opened.set()
    for future in futures:
        with pytest.raises(Unavailable) as refused:
            future.result(10)
        assert refused.value.retry
    assert slugs() == []
    assert not Member.objects.exists()
    assert add("after")() == "after"


@pytest.mark.parametrize("started", [True, False])
@pytest.mark.usefixtures("transactional_db")
def test_when_a_commit_of_its_own_fails_the_caller_is_told_so(*, started: bool) -> None:
    if started:
        lane.start()
    try:
        with pytest.raises(Unavailable):
            run_write(dangle)
        assert not Member.objects.exists()
        assert add("after")() == "after"
    finally:
        lane.stop()


@pytest.mark.sqlite
@pytest.mark.usefixtures("transactional_db")
def test_a_database_that_stays_locked_is_unavailable_and_not_a_fault() -> None:
    change("PRAGMA busy_timeout = 10")
    with another_connection() as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable) as refused:
            add("a")()
        other.execute("ROLLBACK")
    assert refused.value.next == "Send the same call again, with the same client_key."
    assert slugs() == []


@pytest.mark.usefixtures("transactional_db")
def test_a_mistake_of_ours_is_not_called_unavailable() -> None:
    add("a")()
    with pytest.raises(IntegrityError):
        add("a")()


def test_a_failed_commit_leaves_no_event_and_no_seq_behind(
    transactional_db: None, lin: Member
) -> None:
    before = Event.objects.count()

    def send_and_dangle() -> None:
        send_message(actor=lin, to="#general", body="Hello.")
        dangle()

    with pytest.raises(Unavailable):
        run_write(send_and_dangle)
    assert not Message.objects.exists()
    assert Event.objects.count() == before
    assert Channel.objects.get(name="general").last_seq == 0


# Answers come after the commit


def test_nobody_is_answered_before_the_commit(gate: Gate) -> None:
    entered, opened = threading.Event(), threading.Event()

    def second() -> None:
        entered.set()
        assert opened.wait(60)

    gate.close()
    first = lane.submit(add("a"))
    last = lane.submit(second)
    gate.opened.set()
    assert entered.wait(60)  # the first job of this batch has run, the batch is not committed

    assert not first.done()
    assert seen_by_others(DEPARTMENTS) == 0
    opened.set()
    assert first.result(10) == "a"
    assert seen_by_others(DEPARTMENTS) == 1
    assert last.result(10) is None


def test_an_answer_finds_its_rows_committed_whatever_else_is_queued(running: WriteLane) -> None:
    def write_and_look(number: int) -> bool:
        add(f"d{number}")()
        statement = f"SELECT COUNT(*) FROM orgchart_department WHERE slug = 'd{number}'"  # noqa: S608
        return bool(seen_by_others(statement) == 1)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(write_and_look, range(48)))


async def test_a_coroutine_is_answered_after_the_commit_too(running: WriteLane) -> None:
    assert await lane.arun(add("a")) == "a"
    assert await asyncio.to_thread(seen_by_others, DEPARTMENTS) == 1


async def test_waiting_coroutines_hold_no_threads(gate: Gate) -> None:
    gate.close()
    before = threading.active_count()
    waiting = [asyncio.ensure_future(lane.arun(add(f"d{number}"))) for number in range(200)]
    await asyncio.sleep(0)
    assert threading.active_count() == before
    gate.opened.set()
    assert await asyncio.gather(*waiting) == [f"d{number}" for number in range(200)]


async def test_who_gives_up_waiting_does_not_undo_what_is_committed(gate: Gate) -> None:
    gate.close()
    waiting = asyncio.ensure_future(lane.arun(add("a")))
    await asyncio.sleep(0)
    waiting.cancel()
    gate.opened.set()
    assert await lane.arun(add("b")) == "b"
    assert waiting.cancelled()
    assert await asyncio.to_thread(seen_by_others, DEPARTMENTS) == 2


def test_a_caller_whose_event_loop_is_gone_does_not_end_the_lane(gate: Gate) -> None:
    async def submit_and_leave() -> None:
        asyncio.ensure_future(lane.arun(add("a")))  # noqa: RUF006 - it is left behind on purpose
        await asyncio.sleep(0)

    gate.close()
    asyncio.run(submit_and_leave())
    gate.opened.set()
    assert add("b")() == "b"
    assert lane.running
    assert slugs() == ["a", "b"]


# Beginning and end


def test_stopping_finishes_what_is_queued(gate: Gate) -> None:
    gate.close()
    futures = [lane.submit(add(f"d{number}")) for number in range(3 * BATCH + 1)]
    stopping = threading.Thread(target=lane.stop)
    stopping.start()
    gate.opened.set()
    stopping.join(10)
    assert all(future.done() for future in futures)
    assert not lane.running
    assert seen_by_others(DEPARTMENTS) == 3 * BATCH + 1


def test_without_a_lane_a_write_runs_in_a_transaction_of_its_own(transactional_db: None) -> None:
    def look() -> tuple[bool, bool]:
        return connection.in_atomic_block, threading.current_thread() is threading.main_thread()

    assert not lane.running
    assert run_write(look) == (True, True)
    assert not connection.in_atomic_block


def test_a_lane_can_be_started_again(running: WriteLane) -> None:
    lane.stop()
    lane.start()
    assert add("a")() == "a"
    lane.start()  # the second start changes nothing
    assert add("b")() == "b"


def test_a_write_inside_a_transaction_of_the_caller_stays_in_it(running: WriteLane) -> None:
    with transaction.atomic():
        add("a")()
        transaction.set_rollback(True)
    assert slugs() == []


# Whatever a job ends with


ENDS = (SystemExit(3), StopIteration(), GeneratorExit(), asyncio.CancelledError())


@pytest.mark.parametrize("end", ENDS, ids=lambda end: type(end).__name__)
async def test_a_job_that_ends_strangely_is_answered_and_the_lane_goes_on(
    running: WriteLane, end: BaseException
) -> None:
    def strange() -> None:
        raise end

    def half() -> None:
        Department.objects.create(slug="half", name="half")
        raise end

    for job in (strange, lambda: run_write(half)):
        with pytest.raises(RuntimeError, match=type(end).__name__):
            await asyncio.wait_for(lane.arun(job), 10)
        assert lane.running
    assert await asyncio.wait_for(lane.arun(add("after")), 10) == "after"
    assert await in_thread(slugs) == ["after"]


def test_neighbours_of_a_job_that_ends_strangely_are_stored(gate: Gate) -> None:
    def strange() -> None:
        raise SystemExit

    held = gate.close()
    jobs = (add("one"), lambda: run_write(strange), add("two"))
    futures: list[Future[Any]] = [lane.submit(job) for job in jobs]
    gate.opened.set()
    assert held.result(10) is None
    assert (futures[0].result(10), futures[2].result(10)) == ("one", "two")
    with pytest.raises(RuntimeError, match="SystemExit"):
        futures[1].result(10)
    assert slugs() == ["one", "two"]
