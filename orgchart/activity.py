"""When members were last active. Every authenticated call touches this; it is written down in one
statement every few seconds, because presence is no reason to write on each read."""

from __future__ import annotations

from django.utils import timezone

from audit.listening import connected_members
from orgchart.models import Credential, Member
from orgchart.recent import take_unwritten, touch
from teammcp.core import sql
from teammcp.core.ticker import every

FLUSH_SECONDS = 10

__all__ = ["flush", "touch"]


@every(FLUSH_SECONDS)
def flush() -> None:
    """Write down what was touched since the last time; nothing when nobody was active."""
    members, credentials = take_unwritten()
    if members:
        rows = [Member(pk=pk, last_active_at=at) for pk, at in members.items()]
        Member.objects.bulk_update(rows, ["last_active_at"], batch_size=200)
    if credentials:
        used = [Credential(pk=pk, last_used_at=at) for pk, at in credentials.items()]
        Credential.objects.bulk_update(used, ["last_used_at"], batch_size=200)
    if sql.vendor() != "sqlite":  # one process serves there, and knows its own connections
        connected = Member.objects.filter(pk__in=connected_members())
        connected.update(connected_at=timezone.now())
