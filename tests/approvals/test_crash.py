"""Killed between decision and run, and started again: each approved act happens once.

How it is counted is in `benchmarks.approvals_crash`, which kills a hundred times.
"""

from __future__ import annotations

import pytest

from benchmarks.approvals_crash import ACTS, prove


@pytest.mark.timeout(300)
@pytest.mark.sqlite
def test_what_was_approved_runs_once_though_the_server_is_killed() -> None:
    proof = prove(3, seed=5)
    assert proof.faults == []
    assert proof.acts == 3 * ACTS
    assert sum(proof.found.values()) == proof.acts
