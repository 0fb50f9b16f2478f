"""`manage.py stdio`: TeamMCP for clients that start a program, over stdin and stdout.

What the client says is passed on to /mcp and what the server says is passed back, whatever it is:
tools, resources, prompts, and what will come. The connector adds what a connection over HTTP cannot
do for a client: it survives a restart of the server, it never lets a repeated call happen twice,
and it wakes Claude Code when something comes.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import sys

from mcp_bridge.client import account as accounts
from mcp_bridge.client.connector import ENDING_SECONDS, Connector
from mcp_bridge.client.pipes import Lines, Output, say
from mcp_bridge.client.shelf import Shelf
from mcp_bridge.client.upstream import Upstream

PATIENCE_SECONDS = 25.0  # how long a call waits for a server that is away


def main(arguments: list[str]) -> int:
    """Run the connector; its exit code."""
    parser = argparse.ArgumentParser(
        prog="manage.py stdio",
        description="Speak MCP on stdin and stdout for clients that start a program.",
    )
    parser.add_argument("--account", help="which account (default), see `manage.py connect`")
    parser.add_argument("--tools", default="", help="the profile of tools, such as full")
    parser.add_argument("--no-channel", action="store_true", help="never push notices to Claude")
    parser.add_argument(
        "--patience",
        type=float,
        default=PATIENCE_SECONDS,
        metavar="SECONDS",
        help="how long a call waits for a server that is away (25)",
    )
    options = parser.parse_args(arguments)
    try:
        account = accounts.load(options.account)
    except accounts.AccountError as error:
        say(str(error))
        return 2
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(account, options))
    return 0


async def _serve(account: accounts.Account, options: argparse.Namespace) -> None:
    output = Output(sys.stdout.buffer)
    upstream = Upstream(account, account_name=options.account, tools=options.tools)
    shelf = Shelf(account.url, options.tools)
    connector = Connector(
        upstream, output, shelf, patience=options.patience, channel=not options.no_channel
    )
    await connector.run(Lines(sys.stdin.buffer))
    output.close(ENDING_SECONDS)
    os._exit(0)  # what still waits for the server waits for nobody
