"""Sign the head of the ledger now; works while the server runs."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from audit.services import checkpoints_path, make_checkpoint
from orgchart.commands import acting_owner, cli_call


class Command(BaseCommand):
    help = "Sign the head of the ledger. Keep copies of checkpoints.jsonl elsewhere."

    def handle(self, *args: Any, **options: Any) -> None:
        with cli_call():
            made = make_checkpoint(actor=acting_owner())
        self.stdout.write(
            f"Signed at event {made.seq}: {checkpoints_path()}"
            if made
            else "Nothing happened since the last checkpoint."
        )
