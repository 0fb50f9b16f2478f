"""What is written into a client's configuration: absolute, because a client that is started from a
desktop knows no PATH, and works in whatever directory it likes."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path
from typing import Any

from mcp_bridge.client import account as accounts

ROOT = Path(__file__).resolve().parent.parent.parent
MANAGE = ROOT / "manage.py"
EVENTS = ("SessionStart", "UserPromptSubmit", "PostToolUse", "Stop")
HOOK_SECONDS = 5  # Claude Code's own limit; a hook gives up long before


def python() -> str:
    """This Python. Its link is not followed: it is what makes an environment of it."""
    return os.path.abspath(sys.executable)


def stdio(account: str, *, tools: str = "") -> list[str]:
    """The connector's command."""
    more = ["--tools", tools] if tools else []
    return [python(), str(MANAGE), "stdio", *account_named(account), *more]


def hook(account: str) -> dict[str, Any]:
    """A hook of Claude Code. Without -S and -E it would start half as fast.

    On Windows the shell may be one of three, so there the command runs without any; elsewhere it
    runs in one, which all versions of Claude Code know.
    """
    command = [python(), "-E", "-S", str(MANAGE), "hook", *account_named(account)]
    timed = {"timeout": HOOK_SECONDS}
    if sys.platform == "win32":
        return {"type": "command", "command": command[0], "args": command[1:], **timed}
    return {"type": "command", "command": shlex.join(command), **timed}


def is_our_hook(group: Any) -> bool:
    """Whether a group of hooks is one that we wrote, for whichever account."""
    hooks = group.get("hooks") if isinstance(group, dict) else None
    if not isinstance(hooks, list) or len(hooks) != 1 or not isinstance(hooks[0], dict):
        return False
    words = [str(hooks[0].get("command")), *map(str, hooks[0].get("args") or ())]
    return MANAGE.name in " ".join(words) and " hook" in f" {' '.join(words)}"


def account_named(name: str) -> list[str]:
    """How to name the account; by its file where a client might not look into the same folder."""
    if os.environ.get("XDG_CONFIG_HOME"):
        return ["--account", str(accounts.path_of(name))]
    return [] if name == accounts.DEFAULT else ["--account", name]
