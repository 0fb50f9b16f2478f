"""Scheduled messages by themselves: the ticker of a server, the job, and who hears of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from django.utils import timezone
from django_q.models import Schedule as Job

from audit.live import hub
from audit.topics import inbox_topic
from messaging import jobs
from messaging.models import Delivery, Message, Schedule
from messaging.services import schedule_message, send_message
from orgchart.models import Member
from orgchart.services.company import found_company
from teammcp.serving import Server
from tests.asgi import in_thread
from tests.clocks import frozen


def soon(seconds: float = 1) -> str:
    return (timezone.now() + timedelta(seconds=seconds)).isoformat()


async def test_a_server_sends_on_the_second_and_wakes_who_waits(
    server: Server, lin: Member, kay: Member
) -> None:
    topic = inbox_topic(kay.pk)
    before = hub.woken(topic)
    await in_thread(partial(schedule_message, actor=lin, to="@kay", body="Now.", at=soon()))
    assert await hub.wait(topic, before, 10)
    row = await in_thread(Schedule.objects.get)
    assert row.state == "finished"
    assert row.planned_at is not None
    assert row.updated_at - row.planned_at < timedelta(seconds=5)  # nearly always far less


async def test_one_bad_row_stops_no_server(server: Server, lin: Member, kay: Member) -> None:
    made = [
        await in_thread(partial(schedule_message, actor=lin, to="@kay", body=body, at=soon(2)))
        for body in ("Damaged.", "Sound.")
    ]
    damaged = Schedule.objects.filter(pk=made[0].id)
    await in_thread(partial(damaged.update, condition="gone with its app"))
    states = Schedule.objects.values_list("state", flat=True)
    await until_in_thread(lambda: set(states.all()) == {"finished"})
    bodies = await in_thread(lambda: list(Message.objects.values_list("body", flat=True)))
    assert "Sound." in bodies
    assert "Damaged." not in bodies


async def until_in_thread(condition: Callable[[], bool]) -> None:
    """Wait for what the database shows."""
    async with asyncio.timeout(20):
        while not await in_thread(condition):
            await asyncio.sleep(0.05)


def test_the_job_does_the_same_where_no_server_ticks(lin: Member, kay: Member) -> None:
    schedule_message(actor=lin, to="@kay", body="Now.", at=soon(60))
    send_message(actor=lin, to="@kay", body="Lunch?", expires_minutes=1)
    assert jobs.send_due() == "0 due, 0 expired, 0 bridges"
    with frozen(timezone.now() + timedelta(minutes=2)):
        assert jobs.send_due() == "1 due, 1 expired, 0 bridges"
    assert Message.objects.latest("pk").face == "schedule"
    assert Delivery.objects.filter(withdrawn_at=None).count() == 1


@pytest.mark.usefixtures("company")
def test_the_job_is_there_whenever_the_company_opens() -> None:
    Job.objects.filter(name=jobs.NAME).delete()
    found_company()
    found_company()
    assert Job.objects.get(name=jobs.NAME).func == "messaging.jobs.send_due"
