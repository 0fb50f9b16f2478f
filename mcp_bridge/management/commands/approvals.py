"""Listed here for `manage.py help`; `manage.py` itself runs it before Django is loaded."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from mcp_bridge.client import entry


class Command(BaseCommand):
    help = "Decide on what waits for you, and answer questions, at a running server."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        entry.run(argv[1:])
