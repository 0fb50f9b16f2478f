"""Signing the ledger's head."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils import timezone

from audit import events, signing
from audit.ledger import record, stamp
from audit.models import Checkpoint, Event
from teammcp.core.lane import run_write


def checkpoints_path() -> Path:
    """Where checkpoints are also written, one JSON object a line, to be copied elsewhere."""
    return Path(settings.DATA_DIR) / "checkpoints.jsonl"


def checkpoint_text(seq: int, hash_: str, at: str) -> str:
    """What a checkpoint signs."""
    return f"teammcp checkpoint {seq} {hash_} {at}"


def make_checkpoint(*, actor: Any) -> Checkpoint | None:
    """Sign the head of the chain; None when nothing happened since the last time."""
    made = run_write(lambda: _checkpoint(actor))
    if made is not None:
        line = {
            "seq": made.seq,
            "hash": made.hash,
            "at": stamp(made.at),
            "signature": made.signature,
        }
        with checkpoints_path().open("a") as file:
            file.write(json.dumps(line) + "\n")
    return made


def _checkpoint(actor: Any) -> Checkpoint | None:
    head = Event.objects.order_by("-seq").first()
    if head is None or head.kind == events.CHECKPOINT:
        return None
    at = timezone.now()
    signature = signing.sign(checkpoint_text(head.seq, head.hash, stamp(at)))
    made = Checkpoint.objects.create(seq=head.seq, hash=head.hash, at=at, signature=signature)
    record(events.CHECKPOINT, actor=actor, topics=["company"], data={"seq": head.seq})
    return made
