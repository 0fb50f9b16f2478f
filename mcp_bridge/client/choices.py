"""The options of `manage.py connect`."""

from __future__ import annotations

import argparse

from teammcp.clients import FORMS, TOKEN_VARIABLE

Choice = argparse.Namespace


def parser() -> argparse.ArgumentParser:
    options = argparse.ArgumentParser(
        prog="manage.py connect",
        description="Connect the AI clients on this machine with a TeamMCP server. The token is"
        f" asked for, or read from {TOKEN_VARIABLE} or a line of stdin.",
    )
    add = options.add_argument
    add("--url", help="the server's address (the account's, else http://127.0.0.1:8420)")
    add("--account", help="the name under which address and token are kept (default)")
    add("--join-code", action="store_true", help="register a new agent; the code is asked for")
    add("--name", help="the name of the new agent")
    add("--client", action="append", choices=list(FORMS), help="only this one; may be repeated")
    add("--project", nargs="?", const=".", metavar="FOLDER", help="for one project only")
    way = options.add_mutually_exclusive_group()
    way.add_argument("--stdio", action="store_true", help="start the connector (the default)")
    way.add_argument("--http", action="store_true", help=f"connect over HTTP with {TOKEN_VARIABLE}")
    add("--tools", default="", help="the profile of tools, such as full")
    add("--hooks", action="store_true", help="show new inbox items to Claude Code by its hooks")
    add("--rules", action="store_true", help="tell the model in AGENTS.md how a team works")
    add("--skills", action="store_true", help="add skills: inbox, stand-up, review, search")
    add("--git", nargs="?", const=".", metavar="FOLDER", help="check leases before each commit"
        " in this repository, and nothing else")  # fmt: skip
    add("--yes", "-y", action="store_true", help="do not ask")
    add("--dry-run", action="store_true", help="show what would be written, and stop")
    add("--undo", action="store_true", help="take back what this command wrote")
    add("--json", action="store_true", help="answer with one JSON object")
    return options
