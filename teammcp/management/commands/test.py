"""The whole gate in one command: lint, types, layers, migrations, tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import time
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from django.conf import settings
from django.core.management.base import BaseCommand


class Step(NamedTuple):
    """A part of the gate."""

    name: str
    command: list[str]


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def lint_imports() -> str:
    """import-linter has no module to run; its script lies beside this Python's others."""
    return str(Path(sysconfig.get_path("scripts"), "lint-imports"))


CHECKS = [
    Step("ruff check", python("-m", "ruff", "check", "--quiet")),
    Step("ruff format", python("-m", "ruff", "format", "--check", "--quiet")),
    Step("mypy", python("-m", "mypy", "--no-error-summary")),
    Step("layers", [lint_imports(), "--no-logo"]),
    Step("migrations", python("manage.py", "makemigrations", "--check", "--dry-run")),
]
TESTS = python(
    "-m", "pytest", "-n", "4", "--dist", "loadfile", "--no-loadscope-reorder", "--durations", "25"
)

# Hundreds of tests wait for processes, browsers and clocks while four run at once. One that missed
# its bound in the crowd gets one more chance, alone; one that fails again has failed.
AGAIN = python("-m", "pytest", "--last-failed", "--last-failed-no-failures", "none")
FAILED = settings.BASE_DIR / ".pytest_cache/v/cache/lastfailed"
FEW = 12
TESTS_FAILED = 1  # pytest's exit code


class Command(BaseCommand):
    help = "Check everything that a commit must keep: style, types, layers, migrations, tests."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("pytest", nargs="*", help="arguments for pytest, which then runs alone")

    def run_from_argv(self, argv: list[str]) -> None:
        """Pass everything on to pytest as it stands, options too."""
        if argv[2:] in (["-h"], ["--help"]):
            super().run_from_argv(argv)
        else:
            sys.exit(self.run_pytest(argv[2:]) if argv[2:] else self.run_gate())

    def handle(self, *args: Any, **options: Any) -> None:
        """Called from Python: the same."""
        sys.exit(self.run_pytest(options["pytest"]) if options["pytest"] else self.run_gate())

    def run_pytest(self, arguments: Sequence[str]) -> int:
        return run(python("-m", "pytest", *arguments))

    def run_gate(self) -> int:
        """The checks one by one, up to the first that fails, then the tests."""
        for number, step in enumerate(CHECKS):
            if code := self.run_check(step):
                left = [other.name for other in CHECKS[number + 1 :]]
                self.say(f"{step.name} failed. Not run: {', '.join([*left, 'pytest'])}.")
                return code
        FAILED.unlink(missing_ok=True)
        code = run(TESTS)
        return self.run_again() if code == TESTS_FAILED else code

    def run_again(self) -> int:
        """The tests that failed, one after the other; not where so many did that it was no
        accident."""
        count = len(json.loads(FAILED.read_bytes())) if FAILED.exists() else 0
        if not 0 < count <= FEW:
            return TESTS_FAILED
        self.say(f"{count} of the tests failed beside others. Once more, one after the other:")
        return run(AGAIN)

    def run_check(self, step: Step) -> int:
        """One line with its time if it passes, else what it says."""
        started = time.monotonic()
        done = subprocess.run(
            step.command,
            cwd=settings.BASE_DIR,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        if done.returncode:
            self.say(done.stdout.rstrip())
        verdict = "failed" if done.returncode else "ok"
        self.say(f"{step.name:12} {verdict:6} {time.monotonic() - started:5.1f} s")
        return done.returncode

    def say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()


def run(command: Sequence[str]) -> int:
    """A command that speaks for itself; Ctrl-C is its own business."""
    # Hundreds of processes begin here, and each would compile our modules anew.
    env = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    with subprocess.Popen(command, cwd=settings.BASE_DIR, env=env) as process:
        try:
            return process.wait()
        except KeyboardInterrupt:
            return process.wait()
