"""Reading where the glass was broken."""

from __future__ import annotations

from approvals.access import seen_requests
from approvals.models import BreakGlass
from approvals.schemas import GlassPage
from approvals.selectors.requests import glass_out
from orgchart.models import Member
from teammcp.core.actions import query

SHOWN = 100


@query(scope="approvals:read")
def list_broken_glass(*, actor: Member, closed: bool = False) -> GlassPage:
    """What owners let run at once, and whose review is open; with `closed` all of them."""
    rows = BreakGlass.objects.filter(request__in=seen_requests(actor))
    rows = rows.select_related("request", "member", "closed_by").order_by("-pk")
    if not closed:
        rows = rows.filter(closed_at=None)
    return GlassPage(items=[glass_out(row) for row in rows[:SHOWN]])
