"""Two days of reminders and recurring work by processes of which one is killed: each step once."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.time_worker import EACH
from tests.live import ROOT, clean_environment


@pytest.mark.timeout(600)
def test_each_step_is_taken_once_by_any_number_of_processes(tmp_path: Path) -> None:
    env = clean_environment() | {
        "TEAMMCP_DATA_DIR": str(tmp_path),
        "DJANGO_SETTINGS_MODULE": "teammcp.settings",
    }

    def start(*command: str) -> subprocess.Popen[str]:
        line = [sys.executable, "-m", *command]
        return subprocess.Popen(line, cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)

    def done(*command: str) -> str:
        process = start(*command)
        out, _ = process.communicate(timeout=400)
        assert process.returncode == 0
        return out

    done("django", "migrate", "-v", "0")
    done("tests.e2e.time_worker", "prepare")
    workers = [start("tests.e2e.time_worker", "run") for _ in range(2)]
    killed = start("tests.e2e.time_worker", "run")
    assert killed.stdout is not None
    assert [killed.stdout.readline().strip() for _ in range(12)] == [str(n) for n in range(12)]
    killed.kill()
    killed.communicate()
    for worker in workers:
        worker.communicate(timeout=500)
        assert worker.returncode == 0

    found: dict[str, Any] = json.loads(done("tests.e2e.time_worker", "count"))
    for about in ("of tasks", "of promises"):  # Kay, Sam, Lin, and the owner above all
        steps = [step for _, step in found[about]]
        assert steps == list(range(max(steps) + 1)) * EACH
        assert max(steps) >= 2
    assert found["told of tasks"] == len(found["of tasks"])
    assert found["recorded"] == found["reminders"]
    assert found["runs"] == found["times"] == found["tasks"] > EACH
    assert found["left"] == 0
