"""A short list of dependent tasks is emptied although an agent and the server are killed meanwhile.

What is checked, and how, is in `benchmarks/work.py`, which also is the long form.
"""

from __future__ import annotations

import pytest

from benchmarks.work import Plan, run_work

SECONDS = 100.0  # far beyond what it takes, for machines that are busy with other things


@pytest.mark.timeout(1.5 * SECONDS)
def test_each_task_is_done_once_and_late_writes_are_refused() -> None:
    plan = Plan(
        agents=4, tasks=24, server_kills=1, agent_kills=1, seed=3, patient=False, limit=SECONDS
    )
    outcome = run_work(plan)
    assert outcome.faults == []
    assert outcome.late_refused <= 1
    assert outcome.claims >= plan.tasks
