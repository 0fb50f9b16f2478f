"""`manage.py hook git`: git's pre-commit hook. Refuses a commit that changes files in somebody
else's lease, and says whose, until when, and what to do.

Standard library alone, and never slow: the server has a second. Is it away, the commit goes through
with a warning; `git config teammcp.strict true` refuses it then.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from mcp_bridge.client import account as accounts
from mcp_bridge.client import rest

SECONDS = 1.0
LIMIT = "TEAMMCP_HOOK_SECONDS"  # for a server that is far away
AT_ONCE = 5_000  # paths of one question
SHOWN = 20  # files that a refusal names

HELP = """usage: manage.py hook git [--account NAME]

Called by git before each commit. `manage.py connect --git` installs it: docs/leases.md.
"""


class NotAsked(Exception):
    """The leases are not known, and why."""


def main(arguments: list[str]) -> None:
    """Check what is about to be committed, and leave: 1 refuses it."""
    if {"-h", "--help"} & set(arguments):
        sys.stdout.write(HELP)
        _leave(0)
    try:
        paths = changed()
        held = in_time(lambda: _asked(_account(arguments), paths)) if paths else []
    except NotAsked as error:
        _leave(_unknown(str(error)))
    except Exception as error:  # noqa: BLE001 - a fault of ours stops nobody's work
        _leave(_unknown(f"{type(error).__name__}: {error}"))
    if held:
        _say(_refusal(held))
        _leave(1)
    _leave(0)


def changed() -> list[str]:
    """The paths that the commit changes, from the root of the repository: both of a file that was
    renamed, and what was deleted. Of a merge only what differs from either side."""
    paths = _differing("HEAD") if _exists("HEAD") else _differing()
    if _exists("MERGE_HEAD"):
        merged = set(_differing("MERGE_HEAD"))
        paths = [path for path in paths if path in merged]
    return paths


def _differing(*revision: str) -> list[str]:
    command = ["diff", "--cached", "--name-only", "--no-renames", "--no-ext-diff", "-z", *revision]
    found = _git(*command)
    if found is None:
        raise NotAsked("git does not say what is to be committed")
    return [path for path in found.split("\0") if path]


def _exists(revision: str) -> bool:
    return _git("rev-parse", "--quiet", "--verify", revision) is not None


def _setting(name: str, *, kind: str = "") -> str:
    typed = ["--type", kind] if kind else []
    return (_git("config", *typed, "--get", f"teammcp.{name}") or "").strip()


def _git(*command: str) -> str | None:
    """What git says; None where it fails."""
    try:
        done = subprocess.run(["git", *command], capture_output=True, check=False)
    except OSError:
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _account(arguments: list[str]) -> accounts.Account:
    named = _setting("account")
    for number, argument in enumerate(arguments):
        if argument == "--account" and number + 1 < len(arguments):
            named = named or arguments[number + 1]
    try:
        return accounts.load(named or None)
    except accounts.AccountError as error:
        raise NotAsked(str(error)) from error


# Asking


def in_time(ask: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The answer, if it comes within the second. Raises NotAsked. A thread that still waits is left
    behind."""
    answers: list[list[dict[str, Any]]] = []
    errors: list[Exception] = []

    def work() -> None:
        try:
            answers.append(ask())
        except Exception as error:  # noqa: BLE001 - raised again by who waits
            errors.append(error)

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    worker.join(_seconds())
    if errors:
        raise errors[0] if isinstance(errors[0], NotAsked) else NotAsked(str(errors[0]))
    if not answers:
        raise NotAsked(f"the server did not answer within {_seconds():g} s")
    return answers[0]


def _asked(account: accounts.Account, paths: list[str]) -> list[dict[str, Any]]:
    """The files among these that somebody else has a lease on."""
    repo = _setting("repo")
    held: list[dict[str, Any]] = []
    for part in _parts([path for path in paths if len(path) <= 4096]):
        body = {"paths": part, **({"repo": repo} if repo else {})}
        try:
            answer = rest.call(
                account, "POST", "leases/check-files/", body=body, seconds=_seconds()
            )
        except rest.Away as error:
            raise NotAsked(str(error)) from error
        if not answer.ok:
            raise NotAsked(answer.problem)
        held += [one for one in answer.data.get("held") or [] if isinstance(one, dict)]
    return held


def _parts(paths: list[str]) -> Iterator[list[str]]:
    for begin in range(0, len(paths), AT_ONCE):
        yield paths[begin : begin + AT_ONCE]


def _seconds() -> float:
    try:
        return min(30.0, max(0.1, float(os.environ.get(LIMIT) or SECONDS)))
    except ValueError:
        return SECONDS


# Saying


def _refusal(held: list[dict[str, Any]]) -> str:
    lines = ["teammcp: this commit changes files that somebody else has a lease on:"]
    lines += [f"  {_line(one)}" for one in held[:SHOWN]]
    if len(held) > SHOWN:
        lines.append(f"  and {len(held) - SHOWN} more")
    holders = list(dict.fromkeys(f"@{one['holder']}" for one in held if one.get("holder")))
    first = str(held[0].get("path"))
    lines.append(
        f"Leave them out (git restore --staged '{first}'), talk to {' and '.join(holders)},"
        if holders
        else f"Leave them out (git restore --staged '{first}'),"
    )
    lines.append(f'or wait for your turn: take_lease(names=["{first}"], wait=true).')
    return "\n".join(lines)


def _line(one: dict[str, Any]) -> str:
    until = _time(str(one.get("until")))
    if not one.get("holder"):
        return f"{one.get('path')}: taken until {until} unless that is extended"
    why = f": {one['why']}" if one.get("why") else ""
    return (
        f"{one.get('path')}: @{one['holder']} until {until} unless they extend it"
        f" ({one.get('lease')} on {one.get('name')}{why})"
    )


def _time(text: str) -> str:
    """A time as the clock of this machine shows it."""
    try:
        at = datetime.fromisoformat(text).astimezone()
    except ValueError:
        return text
    today = at.date() == datetime.now().astimezone().date()
    return f"{at:%H:%M}" if today else f"{at:%Y-%m-%d %H:%M}"


def _unknown(why: str) -> int:
    """Nobody could say whose files these are; the code to leave with."""
    if _setting("strict", kind="bool") == "true":
        _say(
            f"teammcp: refused, since leases could not be checked: {why}\n"
            "`git config teammcp.strict false` lets such commits through with a warning."
        )
        return 1
    _say(f"teammcp: leases were not checked: {why}\nThe commit goes through.")
    return 0


def _say(text: str) -> None:
    """Write bytes: the console's own encoding may not have every sign."""
    try:
        sys.stderr.buffer.write(f"{text}\n".encode())
        sys.stderr.buffer.flush()
    except (OSError, ValueError):
        return


def _leave(code: int) -> None:
    sys.stdout.flush()
    os._exit(code)  # nobody waits for a thread that waits for a server
