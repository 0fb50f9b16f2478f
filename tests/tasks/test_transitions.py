"""The table of transitions, its document, and what it promises."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tasks.transitions import CLOSED, OPEN, TABLE, Condition, Status, document

ROOT = Path(__file__).parents[2]


def test_the_document_shows_the_table() -> None:
    written = (ROOT / "docs" / "tasks.md").read_text()
    assert "\n".join(document()) in written, "python -m tasks.transitions"


def test_it_is_printed_without_django() -> None:
    command = [sys.executable, "-m", "tasks.transitions"]
    printed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    assert printed.stdout.splitlines() == list(document())


def test_an_action_leads_to_one_place_from_each_status() -> None:
    moves = [(row.action, source) for row in TABLE for source in row.sources]
    assert len(set(moves)) == len(moves)


def test_every_status_can_be_left_and_reached() -> None:
    assert {source for row in TABLE for source in row.sources} == set(Status)
    assert {row.target for row in TABLE} == set(Status)
    assert set(Status) == OPEN | CLOSED


def test_no_route_to_done_avoids_prerequisites_subtasks_or_points() -> None:
    to_done = [row for row in TABLE if row.target == Status.DONE]
    assert {row.action for row in to_done} == {"complete", "approve"}
    for row in to_done:
        wanted = {Condition.READY, Condition.WHOLE, Condition.POINTS}
        assert wanted <= set(row.conditions)
        assert {Condition.NO_REVIEW, Condition.NOT_AUTHOR} & set(row.conditions)


def test_no_route_into_work_avoids_prerequisites() -> None:
    into = [r for r in TABLE if r.target == Status.IN_PROGRESS and r.action != "progress"]
    assert [row.action for row in into] == ["claim"]
    assert {Condition.READY, Condition.BEGUN, Condition.NOT_TAKEN} <= set(into[0].conditions)
