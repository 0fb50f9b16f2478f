"""Keeping the data folder as small as its rows: bytes that nothing needs go."""

from __future__ import annotations

from itertools import islice

from messaging import filestore
from messaging.models import File
from teammcp.core import sql
from teammcp.core.lane import run_write

BATCH = 500


def sweep_files(*, older_than: float = filestore.GRACE_SECONDS) -> int:
    """Remove bytes that no file names and drafts that nobody finishes; how many. For jobs.

    No event: what was deleted has one already, and the rest was never accepted.
    """
    removed = 0
    stored = filestore.older_than(older_than)
    while batch := list(islice(stored, BATCH)):
        rows = File.objects.filter(sha256__in=[one.name for one in batch], deleted_at=None)
        needed = set(rows.values_list("sha256", flat=True))
        removed += sum(_remove(one) for one in batch if one.name not in needed)
    return removed


def _remove(stored: filestore.Stored) -> bool:
    """Remove it unless a file needs it: asked and done where no new row can come in between."""

    def unless_needed() -> bool:
        sql.lock(filestore.LOCK)
        if File.objects.filter(sha256=stored.name, deleted_at=None).exists():
            return False
        return stored.remove()

    return run_write(unless_needed)
