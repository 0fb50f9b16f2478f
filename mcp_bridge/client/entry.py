"""The commands for the machines of agents; `manage.py` comes here without loading Django."""

from __future__ import annotations

import sys
from importlib import import_module

COMMANDS = ("approvals", "connect", "stdio")


def run(arguments: list[str]) -> None:
    """Run one of the commands and leave with its exit code."""
    module = import_module(f"mcp_bridge.client.{arguments[0]}")
    sys.exit(module.main(arguments[1:]))
