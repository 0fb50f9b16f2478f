"""When members were last active. Every authenticated call touches this; it is written down in one
statement every few seconds, because presence is no reason to write on each read."""

from __future__ import annotations

import threading
from datetime import datetime

from django.utils import timezone

from orgchart.models import Credential, Member
from teammcp.core.ticker import every

FLUSH_SECONDS = 10

_lock = threading.Lock()
_members: dict[int, datetime] = {}
_credentials: dict[int, datetime] = {}


def touch(member_id: int, credential_id: int | None = None) -> None:
    """This member did something just now."""
    now = timezone.now()
    with _lock:
        _members[member_id] = now
        if credential_id is not None:
            _credentials[credential_id] = now


@every(FLUSH_SECONDS)
def flush() -> None:
    """Write down what was touched since the last time."""
    with _lock:
        members, credentials = dict(_members), dict(_credentials)
        _members.clear()
        _credentials.clear()
    if members:
        rows = [Member(pk=pk, last_active_at=at) for pk, at in members.items()]
        Member.objects.bulk_update(rows, ["last_active_at"], batch_size=200)
    if credentials:
        used = [Credential(pk=pk, last_used_at=at) for pk, at in credentials.items()]
        Credential.objects.bulk_update(used, ["last_used_at"], batch_size=200)
