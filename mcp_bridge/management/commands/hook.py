"""Listed here for `manage.py help`; `manage.py` itself runs it before Django is loaded."""

from __future__ import annotations

import sys

from django.core.management.base import BaseCommand

from mcp_bridge.client import hook


class Command(BaseCommand):
    help = "Show new inbox items to Claude Code, as its hook."
    requires_system_checks = ()

    def run_from_argv(self, argv: list[str]) -> None:
        hook.main(argv[2:])
        sys.exit()
