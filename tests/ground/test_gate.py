"""`manage.py test`: the whole gate, or pytest alone."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from teammcp.management.commands import test as gate
from teammcp.management.commands.test import Command, Step
from tests.live import ROOT, clean_environment

PASS = [sys.executable, "-c", "print('all is well')"]
FAIL = [sys.executable, "-c", "print('line 1 is wrong'); raise SystemExit(3)"]


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    return io.StringIO()


def run_gate(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch, *checks: list[str], tests: list[str]
) -> int:
    steps = [Step(f"check {number}", command) for number, command in enumerate(checks, 1)]
    monkeypatch.setattr(gate, "CHECKS", steps)
    monkeypatch.setattr(gate, "TESTS", tests)
    return Command(stdout=said).run_gate()


def test_the_tests_run_last_and_have_the_last_word(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_gate(said, monkeypatch, PASS, PASS, tests=FAIL) == 3
    lines = said.getvalue().splitlines()
    assert [line.split()[:3] for line in lines] == [["check", "1", "ok"], ["check", "2", "ok"]]


def test_the_first_failure_shows_why_and_what_was_left_out(
    said: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run_gate(said, monkeypatch, PASS, FAIL, PASS, tests=FAIL) == 3
    lines = said.getvalue().splitlines()
    assert lines[1] == "line 1 is wrong"
    assert lines[-1] == "check 2 failed. Not run: check 3, pytest."


def test_arguments_go_to_pytest_alone() -> None:
    done = subprocess.run(
        [sys.executable, "manage.py", "test", "--version"],
        cwd=ROOT,
        env=clean_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("pytest ")
