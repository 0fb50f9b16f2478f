"""Make a further credential for a member; works while the server runs."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from orgchart.commands import acting_owner, cli_call
from orgchart.services import issue_credential
from teammcp.core.errors import AppError


class Command(BaseCommand):
    help = "Make a new credential for a member. The token is shown once."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("handle", help="whose credential, with or without @")
        parser.add_argument("--label", default="command line")
        parser.add_argument("--expires-in-days", type=int, default=None)
        parser.add_argument("--json", action="store_true", help="print one JSON object")

    def handle(self, *args: Any, **options: Any) -> None:
        payload = {
            "member": options["handle"],
            "label": options["label"],
            "expires_in_days": options["expires_in_days"],
        }
        try:
            with cli_call():
                made = issue_credential.call(acting_owner(), payload)
        except AppError as error:
            raise CommandError(f"{error.message} {error.next}") from None
        if options["json"]:
            self.stdout.write(json.dumps(made.model_dump(mode="json")))
        else:
            self.stdout.write(f"{made.token}")
