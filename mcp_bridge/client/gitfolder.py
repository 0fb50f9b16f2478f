"""`manage.py connect --git [FOLDER]`: put the pre-commit hook into a repository, and take it out.

It goes where git looks for hooks (core.hooksPath). A hook that is there already is kept beside ours
and runs first, so that what it adds to the commit is checked as well; taking ours out puts it back.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path
from typing import NamedTuple

from mcp_bridge.client import commands
from mcp_bridge.client.edits import Unusable
from mcp_bridge.client.places import write_whole

HOOK = "pre-commit"
KEPT = "pre-commit.before-teammcp"
MARK = "# Written by TeamMCP (manage.py connect --git); --undo takes it out."
EXECUTABLE = 0o755


class Hooked(NamedTuple):
    """What became of a repository's hook."""

    file: Path
    said: str


def install(folder: Path, account: str) -> Hooked:
    """Put our hook in. Raises Unusable."""
    hook, kept = _places(folder)
    ours = script(account)
    there = _content(hook)
    if there == ours:
        return Hooked(hook, "has it already")
    try:
        hook.parent.mkdir(parents=True, exist_ok=True)
        if there is not None and MARK not in there:
            if kept.exists() or kept.is_symlink():
                raise Unusable(
                    f"{hook} is not ours, and {kept.name} is there from an earlier one. Put"
                    " together what you need of the two, then run this again."
                )
            hook.rename(kept)
        write_whole(hook, ours.encode(), mode=EXECUTABLE)
    except OSError as error:
        raise Unusable(f"{hook} cannot be written: {error.strerror}.") from error
    chained = f"; the hook that was there runs first, as {kept.name}" if kept.exists() else ""
    return Hooked(hook, f"checks leases before each commit{chained}")


def uninstall(folder: Path) -> Hooked:
    """Take our hook out, and put back what was there. Raises Unusable."""
    hook, kept = _places(folder)
    there = _content(hook)
    if there is None or MARK not in there:
        return Hooked(hook, "is none of ours; it stays as it is")
    try:
        if kept.exists() or kept.is_symlink():
            kept.replace(hook)
            return Hooked(hook, "is as it was")
        hook.unlink()
    except OSError as error:
        raise Unusable(f"{hook} cannot be written: {error.strerror}.") from error
    return Hooked(hook, "was ours and is removed")


def script(account: str) -> str:
    """The hook. It is no hindrance where TeamMCP has gone from this machine."""
    command = [commands.python(), "-E", "-S", str(commands.MANAGE), "hook", "git"]
    command += commands.account_named(account)
    python, manage = (shlex.quote(command[place]) for place in (0, 3))
    return f"""\
#!/bin/sh
{MARK}
kept="$(dirname "$0")/{KEPT}"
if [ -x "$kept" ]; then
    "$kept" "$@" || exit $?
fi
if [ -x {python} ] && [ -f {manage} ]; then
    exec {shlex.join(command)}
fi
echo "teammcp: leases were not checked: TeamMCP is not at its place any more" >&2
test "$(git config --type bool --get teammcp.strict)" != true
"""


def _places(folder: Path) -> tuple[Path, Path]:
    """Our hook, and where one that was there is kept. Raises Unusable."""
    top = Path(_git(folder, "--show-toplevel"))  # from where a relative path is meant
    hooks = top / Path(_git(top, "--git-path", "hooks")).expanduser()
    return hooks / HOOK, hooks / KEPT


def _git(folder: Path, *question: str) -> str:
    command = ["git", "-C", str(folder), "rev-parse", *question]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise Unusable(f"git does not start: {error.strerror}.") from error
    if found.returncode:
        raise Unusable(f"{folder} is no git repository with files in it.")
    return os.fsdecode(found.stdout).rstrip("\r\n")


def _content(hook: Path) -> str | None:
    """What the hook says; None where there is none. Raises Unusable."""
    try:
        content = hook.read_bytes()
    except FileNotFoundError:
        if hook.is_symlink():
            raise Unusable(f"{hook} is a link to nowhere. Remove it first.") from None
        return None
    except OSError as error:
        raise Unusable(f"{hook} cannot be read: {error.strerror}.") from error
    return content.decode("utf-8", "replace")
