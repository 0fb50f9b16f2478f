"""`manage.py test`: the whole gate, or pytest alone."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path

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
    if gate.FAILED.is_relative_to(ROOT):  # never that of the run in which this test is
        monkeypatch.setattr(gate, "FAILED", Path("/nonexistent/lastfailed"))
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


@pytest.mark.parametrize(("failed", "again", "code"), [(2, PASS, 0), (2, FAIL, 3), (99, PASS, 1)])
def test_what_failed_in_the_crowd_is_tried_once_more_alone(
    said: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    failed: int,
    again: list[str],
    code: int,
) -> None:
    """A few tests; where many failed, it was no accident."""
    names = tmp_path / "lastfailed"
    write = f"import pathlib, json; pathlib.Path({str(names)!r}).write_text(json.dumps("
    write += f"{{str(n): True for n in range({failed})}})); raise SystemExit(1)"
    monkeypatch.setattr(gate, "FAILED", names)
    monkeypatch.setattr(gate, "AGAIN", again)
    assert run_gate(said, monkeypatch, tests=[sys.executable, "-c", write]) == code


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
