"""Write the reference of all event kinds: python3 manage.py eventdocs > docs/events.md"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.core.management.base import BaseCommand

from audit import kinds
from audit.schemas import EventOut

INTRODUCTION = """\
<!-- Written by `python3 manage.py eventdocs > docs/events.md`; do not edit. -->
# Events

Every accepted write leaves an event in the ledger, in the same transaction. Events have one order
without gaps, are never changed, and are read by cursor: `GET /api/events/`, `GET
/api/events/stream/` (server-sent events), the tool `list_events`. Each reader gets what their
topics allow: `company` for all, `channel-7` for those who see the channel, `member-3` for that
member, `admin` for admins. In the sentences below, words in braces are fields of `data`. Where a
kind *changes access*, live streams look again at what their reader may see.
"""


class Command(BaseCommand):
    help = "Write the reference of all event kinds, in Markdown."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(document(), ending="")


def document() -> str:
    """docs/events.md."""
    return "\n".join([INTRODUCTION, *_fields(), "", *_kinds(), ""])


def _fields() -> Iterator[str]:
    yield "| field | meaning |"
    yield "| --- | --- |"
    for name, field in EventOut.model_fields.items():
        yield f"| `{name}` | {field.description or ''} |"


def _kinds() -> Iterator[str]:
    yield "| kind | sentence | changes access |"
    yield "| --- | --- | --- |"
    for kind in sorted(kinds.registry.values(), key=lambda kind: kind.name):
        yield f"| `{kind.name}` | {kind.sentence} | {'yes' if kind.changes_access else ''} |"
