"""Run the whole company: web server and job workers under one supervisor."""

from __future__ import annotations

import contextlib
import json
import os
import sys
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandParser
from django.db import Error, connections

from orgchart.services import OpenedCompany, open_company
from teammcp import __version__
from teammcp.claims import Claim, Refusal, claim_for_up
from teammcp.core.errors import AppError
from teammcp.supervisor import Child, Supervisor

SERVERS = ("uvicorn", "daphne")

BLOCK = """
  TeamMCP {version} is running.

    Dashboard   {url}/
    Sign in     {sign_in_url}
                (as @{owner}; this link works once)
    MCP         {mcp_url}
    Join code   {join_code}

  An agent joins, and gets its token and configuration, with one call:

    curl {url}/api/register/ -H 'Content-Type: application/json' \\
      -d '{{"join_code": "{join_code}", "name": "Lin"}}'

  The data is in {data_dir}. Ctrl-C stops the server.
"""


class Command(BaseCommand):
    help = "Start the company: dashboard, REST and MCP on one port, with the job workers."
    requires_system_checks = ()  # they load every page, which the web server does once more

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> CommandParser:
        """No abbreviations: manage.py reads these options itself, before it loads the settings."""
        return super().create_parser(prog_name, subcommand, allow_abbrev=False, **kwargs)

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--host", metavar="ADDRESS", help="listen here (127.0.0.1, or $TEAMMCP_HOST)"
        )
        parser.add_argument("--port", help="listen here; 0: any (8420, or $TEAMMCP_PORT)")
        parser.add_argument(
            "--data-dir",
            metavar="DIR",
            help="everything is kept here (data, or $TEAMMCP_DATA_DIR)",
        )
        parser.add_argument(
            "--json", action="store_true", help="announce readiness as one line of JSON"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            claim = claim_for_up()
            check_server()
            company = open_data()
        except Refusal as refusal:
            sys.exit(str(refusal))
        announcement = Announcement(claim, company)
        show = announcement.as_json if options["json"] else announcement.as_text

        def announce() -> None:
            with contextlib.suppress(BrokenPipeError):  # nobody reads it: no reason to stop
                self.stdout.write(show())
                self.stdout.flush()

        sys.exit(supervise(claim, announce))


def check_server() -> None:
    """Refuse a web server that we do not know."""
    server = os.environ.get("TEAMMCP_SERVER", "uvicorn")
    if server not in SERVERS:
        raise Refusal(f"TEAMMCP_SERVER must be uvicorn or daphne, not {server!r}.")


def open_data() -> OpenedCompany:
    """Bring the database up to date and make the ways in; no connection stays open."""
    os.umask(0o077)  # what the server writes is for its own user
    try:
        call_command("migrate", verbosity=0, interactive=False)
        return open_company()
    except AppError as error:
        raise Refusal(f"{error.message} {error.next}") from error
    except Error as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise Refusal(f"The database cannot be brought up to date: {reason[0]}.") from error
    finally:
        connections.close_all()


def supervise(claim: Claim, announce: Callable[[], None]) -> int:
    """Run web server and job workers until told to stop; the exit code."""
    web = Child("web", listener=claim.listener)
    jobs = Child("jobs")
    try:
        return Supervisor(web, [jobs], url=claim.url, on_ready=announce).run()
    finally:
        claim.release()


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the operator is shown once the server answers."""

    claim: Claim
    company: OpenedCompany

    def facts(self) -> dict[str, Any]:
        public = settings.PUBLIC_URL
        return {
            "url": public,
            "sign_in_url": f"{public}/sign-in/{self.company.sign_in_token}/",
            "mcp_url": f"{public}/mcp",
            "join_code": self.company.join_code,
            "owner": self.company.owner_handle,
            "first_start": self.company.first_start,
            "data_dir": str(self.claim.data_dir),
            "pid": os.getpid(),
            "version": __version__,
        }

    def as_text(self) -> str:
        return BLOCK.format(**self.facts())

    def as_json(self) -> str:
        return json.dumps(self.facts())
