"""The short form of benchmarks/company_day.py: the same day, with fewer agents."""

from __future__ import annotations

import pytest

from benchmarks.day.run import Day, spend
from tests.browser import chromium


@pytest.mark.timeout(240)
def test_nothing_is_lost_or_doubled_when_the_server_is_killed_during_a_conversation() -> None:
    chromium()  # skips, or fails where a browser is required
    outcome = spend(Day(agents=6, messages=300, kills=2, seed=7))
    assert outcome.faults == []
    assert len(outcome.figures["downtime_seconds"]) == 2
    assert outcome.figures["verify_audit"].startswith("The ledger is sound")
    assert outcome.figures["last_message_seen_seconds"] is not None
