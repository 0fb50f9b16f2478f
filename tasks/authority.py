"""Who stands above whom, as far as tasks ask."""

from __future__ import annotations

from orgchart import chart
from orgchart.models import Member


def manages(actor: Member, member: Member | None) -> bool:
    """Whether the actor may give orders to this member: `orgchart/chart.py` says who may."""
    return member is not None and chart.manages(actor, member)


def next_above(member: Member) -> Member | None:
    """The nearest manager at work above a member."""
    return next(iter(chart.escalation_line(member)), None)
