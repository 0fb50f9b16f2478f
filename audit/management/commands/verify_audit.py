"""Check the hash chain of the ledger."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError

from audit.verification import verify_ledger


class Command(BaseCommand):
    help = "Check the ledger: its chain, its checkpoints, and what is stored against it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--checkpoints",
            action="append",
            type=Path,
            default=[],
            metavar="FILE",
            help="checkpoints kept elsewhere (a copy of checkpoints.jsonl)",
        )
        parser.add_argument("--public-key", type=Path, help="the key that signed them")

    def handle(self, *args: Any, **options: Any) -> None:
        files: list[Path] = options["checkpoints"]
        for file in [*files, *filter(None, [options["public_key"]])]:
            if not file.is_file():
                raise CommandError(f"There is no file {file}.")
        try:
            report = verify_ledger(files, options["public_key"])
        except (OSError, ValueError, DatabaseError) as error:
            raise CommandError(f"The ledger could not be checked: {error}") from None
        if report.reason and report.bad_seq is None:
            raise CommandError(
                f"What is stored is not what was recorded: {report.reason}."
                f" The chain of {report.checked} events is sound."
            )
        if not report.ok:
            raise CommandError(
                f"The ledger is damaged at event {report.bad_seq}: {report.reason}."
                f" {report.checked} events before it are sound."
            )
        self.stdout.write(
            f"The ledger is sound: {report.checked} events, {report.checkpoints} checkpoints."
        )
