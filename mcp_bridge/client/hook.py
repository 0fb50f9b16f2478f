"""`manage.py hook`: Claude Code's hooks. JSON on stdin, JSON or nothing on stdout, always exit 0.

A client waits for its hooks, so this starts with the standard library alone, gives up within a
second however the server behaves, and is silent about everything that goes wrong: nothing that
happens here may stop anybody's work. It acknowledges nothing.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time

SECONDS = 0.7  # from here to the end; the start of Python comes on top
LIMIT = "TEAMMCP_HOOK_SECONDS"  # for a server that is far away: the client then waits longer
MARGIN = 0.05
WAKE_SECONDS = 0.15

HELP = """usage: manage.py hook [git] [--account NAME]

Called by Claude Code with the hook's JSON on stdin (SessionStart, UserPromptSubmit, PostToolUse,
Stop). `manage.py connect` registers it: docs/connect/claude-code.md. `hook git` is the pre-commit
hook of git: docs/leases.md.
"""


def main(arguments: list[str]) -> None:
    """Answer one hook and leave. Never raises, never returns."""
    if arguments[:1] == ["git"]:
        from mcp_bridge.client import githook

        githook.main(arguments[1:])
    if {"-h", "--help"} & set(arguments):
        _write(HELP)
    else:
        _answer(arguments)
    # Threads may still wait for a server or for stdin: nobody waits for them.
    os._exit(0)


def _answer(arguments: list[str]) -> None:
    seconds = _seconds()
    deadline = time.monotonic() + seconds
    said: list[str] = []
    done, written = threading.Event(), threading.Event()

    def work() -> None:
        try:
            from mcp_bridge.client import hooking

            stdin = sys.stdin.buffer.read()
            outcome = hooking.handle(stdin, _account(arguments), deadline - MARGIN)
            if outcome is not None:
                said.append(json.dumps(outcome.output))
                done.set()
                written.wait()
                outcome.report()
        except Exception as error:  # noqa: BLE001 - whatever it is, the client must go on
            _explain(error)
        finally:
            done.set()

    worker = threading.Thread(target=work, daemon=True)
    worker.start()
    done.wait(seconds)
    if said:
        _write(said[0])
        written.set()
        worker.join(WAKE_SECONDS)


def _seconds() -> float:
    """How long a hook may take."""
    try:
        return min(30.0, max(0.1, float(os.environ.get(LIMIT) or SECONDS)))
    except ValueError:
        return SECONDS


def _account(arguments: list[str]) -> str | None:
    """The value of --account; whatever else is there does not matter to a hook."""
    for number, argument in enumerate(arguments):
        if argument == "--account" and number + 1 < len(arguments):
            return arguments[number + 1]
        if argument.startswith("--account="):
            return argument.partition("=")[2]
    return None


def _write(text: str) -> None:
    """Write bytes: the console's own encoding may not have every sign."""
    try:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
    except (OSError, ValueError):
        return


def _explain(error: Exception) -> None:
    """With TEAMMCP_HOOK_DEBUG set, say on stderr what went wrong; clients show it in their log."""
    if os.environ.get("TEAMMCP_HOOK_DEBUG"):
        sys.stderr.write(f"teammcp hook: {type(error).__name__}: {error}\n")
