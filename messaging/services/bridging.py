"""Bridges: one channel of a project, opened to the members of another, for a time."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from annotated_types import Ge, Le, MaxLen, MinLen
from django.utils import timezone

from audit.ledger import record
from messaging import events
from messaging.access import access_channel, topics_of
from messaging.cron import moment_of
from messaging.models import Bridge, Channel
from messaging.schemas.bridges import BridgeOut
from messaging.selectors.bridges import access_bridge, bridges_out
from messaging.services.leaving import shut_out
from messaging.texts import Target
from messaging.timing import Moment
from messaging.walls import onlookers, open_bridges
from orgchart.models import Member
from orgchart.projects import open_project
from orgchart.selectors import system_member
from teammcp.core.actions import action
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.lane import run_write
from teammcp.core.texts import clean_line

LONGEST = timedelta(days=30)
PAGE = 200


@action(scope="org:write")
def open_bridge(
    *,
    actor: Member,
    channel: Target,
    project: Annotated[str, MinLen(1), MaxLen(60)],
    until: Moment,
    reason: Annotated[str, MinLen(1), MaxLen(250)],
) -> BridgeOut:
    """Open one channel of a project to the members of another, until a time at most 30 days away.

    They read and write there (its history, files and tasks as well), and see who has spoken; of the
    rest of the project nothing. `until`: "2030-01-31T18:00", in UTC or with an offset. The reason
    is shown on both sides. It ends by itself; close_bridge ends it earlier.
    """
    row = _of_a_project(access_channel(actor=actor, channel=channel).channel)
    guest = open_project(actor, project)
    if guest is None or guest.pk == row.project_id:
        raise Conflict(
            f"#{row.name} belongs to {project[:40]} itself.", next="Name the other project."
        )
    end = _until(until)
    if known := open_bridges().filter(channel=row, project=guest).first():
        raise Conflict(
            f"#{row.name} is open to {guest.name} already, until {known.until:%Y-%m-%d %H:%M} UTC.",
            next=f"close_bridge(bridge_id={known.pk}) ends it; then open another.",
            bridge=known.pk,
        )
    bridge = Bridge.objects.create(
        channel=row,
        project=guest,
        reason=clean_line("reason", reason, required=True),
        opened_by=actor,
        opened_at=timezone.now(),
        until=end,
    )
    _record(events.BRIDGE_OPENED, actor, bridge, until=f"{end:%Y-%m-%d %H:%M} UTC",
            reason=bridge.reason)  # fmt: skip
    return bridges_out(actor, [bridge])[0]


def _of_a_project(channel: Channel) -> Channel:
    if channel.project_id is None or channel.kind not in {"public", "private"}:
        raise Conflict(
            "A bridge opens a channel of a project; this is none.",
            next="list_channels(project=...) shows those of a project.",
        )
    if channel.archived_at is not None:
        raise Conflict(f"#{channel.name} is archived.", next="Open another channel.")
    return channel


def _until(text: str) -> datetime:
    end, now = moment_of("until", text, "UTC"), timezone.now()
    if not now < end <= now + LONGEST:
        raise InvalidInput(
            f"A bridge ends within {LONGEST.days} days from now.",
            fields={"until": "past, or too far away"},
            next=f"Take a time before {now + LONGEST:%Y-%m-%dT%H:%M}, UTC.",
        )
    return end


@action(scope="org:write")
def close_bridge(*, actor: Member, bridge_id: Annotated[int, Ge(1), Le(2**62)]) -> BridgeOut:
    """End a bridge before its time. What was said there stays with the channel."""
    bridge = access_bridge(actor=actor, bridge_id=bridge_id)
    if bridge.ended_at is not None or not _end(actor, bridge, timezone.now(), how="closed"):
        raise Conflict("This bridge has ended already.", next="Nothing is left to do.")
    return bridges_out(actor, [bridge])[0]


def end_bridges(now: datetime) -> int:
    """Write down the end of the bridges whose time is over; how many. For any number of callers:
    each belongs to whoever sets `ended_at`."""
    rows = Bridge.objects.filter(ended_at=None, until__lte=now).order_by("until")
    found = list(rows.select_related("channel")[:PAGE])
    if found:
        with calling(CallContext(face="schedule")):
            house = system_member()
            run_write(lambda: [_end(house, one, now, how="its time was over") for one in found])
    return len(found)


def _end(actor: Member, bridge: Bridge, now: datetime, *, how: str) -> bool:
    rows = Bridge.objects.filter(pk=bridge.pk, ended_at=None)
    if not rows.update(ended_at=now, ended_by=actor):
        return False
    bridge.ended_at, bridge.ended_by = now, actor
    guests = Member.objects.filter(projects__project=bridge.project_id)
    lost = guests.filter(~onlookers(bridge.channel))
    shut_out(Channel.objects.filter(pk=bridge.channel_id), lost)
    _record(events.BRIDGE_ENDED, actor, bridge, how=how)
    return True


def _record(kind: str, actor: Member, bridge: Bridge, **more: str) -> None:
    """Without the names of the projects: each side reads it."""
    channel = bridge.channel
    record(
        kind,
        actor=actor,
        target=f"bridge:{bridge.pk}",
        topics=[*topics_of(channel), "admin"],
        data={
            "bridge": bridge.pk,
            "channel": channel.pk,
            "name": f"#{channel.name}",
            "project": bridge.project_id,
            **more,
        },
    )
