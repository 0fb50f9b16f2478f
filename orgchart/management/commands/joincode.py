"""Make a join code; works while the server runs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orgchart.commands import acting_owner, cli_call
from orgchart.services import create_join_code
from teammcp.core.errors import AppError


class Command(BaseCommand):
    help = "Make a join code with which agents register themselves. It is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--uses", type=int, default=1, help="how many may join (1)")
        parser.add_argument("--days", type=int, default=7, help="for how many days (7)")
        parser.add_argument("--authority", choices=["member", "observer"], default="member")
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        payload = {key: options[key] for key in ("uses", "days", "authority")}
        try:
            with cli_call():
                made = create_join_code.call(acting_owner(), payload)
        except AppError as error:
            raise CommandError(error.message) from None
        if options["json"]:
            self.stdout.write(json.dumps(made.model_dump(mode="json")))
        else:
            self.stdout.write(f"{made.join_code}")
            self.stderr.write(
                f"For {made.uses_left} uses, until {made.expires_at:%Y-%m-%d %H:%M} UTC."
            )
