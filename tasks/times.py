"""Times: as sentences say them, and as callers write them."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils import timezone

from messaging.cron import moment_of
from orgchart.models import Member
from tasks.calendars import on_clock, zone_for
from teammcp.core.errors import InvalidInput


def said(at: datetime, zone: str = "UTC") -> str:
    """ "14:32 UTC" for a time of today, else with the day; on the clock of a zone."""
    local = on_clock(at, zone)
    today = local.date() == on_clock(timezone.now(), zone).date()
    return f"{local:%H:%M} {zone}" if today else f"{local:%Y-%m-%d %H:%M} {zone}"


def moment(actor: Member, field: str, given: datetime) -> datetime:
    """A time that somebody wrote, in UTC: with an offset, or else on the clock of the writer.

    Raises InvalidInput for a time that this clock skips, and for one that no calendar holds.
    """
    if given.tzinfo is None:
        return moment_of(field, given.isoformat(), zone_for(actor))
    if not 1971 <= given.year <= 9000:
        raise InvalidInput(
            f"{field}: the year {given.year} is out of reach.",
            fields={field: "not a time"},
            next="Give a time between the years 1971 and 9000.",
        )
    return given.astimezone(UTC)


def moments(actor: Member, **given: datetime | None) -> dict[str, datetime | None]:
    """The same for several of them; what is not given stays None."""
    return {name: at and moment(actor, name, at) for name, at in given.items()}
