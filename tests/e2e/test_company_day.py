"""A short day in a company: nothing is lost, doubled or out of order though the server is killed.

What is checked, and how, is in `benchmarks/company`; the full day is `benchmarks.company_day`.
"""

from __future__ import annotations

import pytest

from benchmarks.company import Day, Plan, run_day
from tests.browser import chromium

SECONDS = 200.0  # far beyond what it takes, for machines that are busy with other things


def browser_or_none() -> str | None:
    """The browser of this machine. Where there is none, only its own test says so."""
    try:
        return chromium()
    except (pytest.skip.Exception, pytest.fail.Exception):
        return None


@pytest.fixture(scope="module")
def day() -> Day:
    return run_day(
        Plan(agents=6, messages=300, kills=2, seed=7, chromium=browser_or_none(), limit=SECONDS)
    )


@pytest.mark.timeout(1.5 * SECONDS)
def test_the_books_balance_after_a_day_with_two_sudden_deaths(day: Day) -> None:
    assert day.faults == []
    assert len(day.outages) == len(day.recoveries) == 2
    assert day.messages == 300
    assert day.deliveries > 100


def test_the_browser_shows_the_last_message_without_a_reload(day: Day) -> None:
    if day.browser is None:
        chromium()  # skips, or fails where a browser is required
    assert day.browser
