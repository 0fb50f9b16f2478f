"""What the ledger says of a blueprint, and who hears it."""

from __future__ import annotations

import hashlib
from typing import Any

import orjson

from audit.ledger import record
from messaging.access import board_topic
from messaging.cron import words_of
from orgchart.models import Member
from tasks.models import Blueprint


def facts_of(row: Blueprint) -> dict[str, Any]:
    """What every event about a blueprint says of it. Its texts by their digest."""
    content = [row.title, row.template]
    return {
        "author": row.author_id,
        "home": row.home_id,
        "cron": row.cron,
        "zone": row.zone,
        "due_minutes": row.due_minutes,
        "skip_if_open": row.skip_if_open,
        "state": row.state,
        "hook": row.hook_digest is not None,
        "sha256": hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest(),
    }


def said_when(row: Blueprint) -> str:
    """ "At 09:00 on Monday (Europe/Berlin)" """
    return f"{words_of(row.cron)} ({row.zone})" if row.cron else "when somebody calls it"


def noted(actor: Member, row: Blueprint, event: str, **data: Any) -> None:
    """Record an event about a blueprint as it stands now: for those who see its home."""
    record(
        event,
        actor=actor,
        target=f"blueprint:{row.pk}",
        topics=[board_topic(row.home_id)],
        data={"blueprint": row.pk, "is": facts_of(row), **data},
    )
