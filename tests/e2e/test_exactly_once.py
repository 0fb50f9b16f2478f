"""Ten minutes of schedules run by two processes, of which some are killed: each run exactly once.

How it is checked is in `benchmarks/timekeeping`; the long form is `benchmarks.schedules`.
"""

from __future__ import annotations

import pytest

from benchmarks.timekeeping import Plan, prove


@pytest.mark.timeout(240)
def test_two_workers_run_each_due_time_once_though_they_are_killed() -> None:
    proof = prove(Plan(schedules=10, minutes=10, kills=3, held=2, seed=3))
    assert proof.faults == []
    assert (proof.killed, proof.held) == (3, 2)
    assert proof.expected == proof.sent > 40
