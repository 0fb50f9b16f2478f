"""What comes from outside into a task: types with limits, and how texts are cleaned."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from annotated_types import MaxLen, MinLen
from django.utils import timezone

from tasks.models import TITLE_LIMIT
from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_line, clean_text

LONGEST = 20_000  # characters of a description or result
METADATA_LIMIT = 16_384  # bytes as JSON
Title = Annotated[str, MinLen(1), MaxLen(TITLE_LIMIT)]
Text = Annotated[str, MaxLen(LONGEST)]
Short = Annotated[str, MaxLen(500)]
Labels = list[str]
Skills = list[str]
Paths = list[str]
Points = list[str]
Evidence = list[str]
Numbers = list[int]
Handle = Annotated[str, MaxLen(60)]
Priority = Literal["urgent", "high", "normal", "low"]
Metadata = dict[str, Any]
When = datetime
"""With an offset, or else on the clock of who says it: `tasks.times.moment` reads it."""


# How many of each a task has, and of how many characters. Here and not in the schemas, which every
# agent reads in every session.
LIMITS = {
    "labels": (20, 40),
    "skills": (20, 80),
    "touches": (50, 300),
    "points": (30, 300),
    "evidence": (50, 500),
    "needs": (30, 20),
}


def lines(field: str, values: list[str]) -> list[str]:
    """Texts of one line each, every one once, in order. Raises InvalidInput beyond the limits."""
    most, longest = LIMITS[field]
    if len(values) > most or any(len(value) > longest for value in values):
        raise InvalidInput(
            f"{field} takes at most {most} texts of at most {longest} characters each.",
            fields={field: "too many, or too long"},
            next="Send fewer or shorter ones; longer things belong into the description.",
        )
    return list(dict.fromkeys(clean_line(field, value, required=True) for value in values))


def labels(values: list[str]) -> list[str]:
    """Labels as they are kept: in small letters."""
    return list(dict.fromkeys(value.lower() for value in lines("labels", values)))


def long_text(field: str, text: str) -> str:
    return clean_text(field, text)


def metadata(given: Metadata) -> Metadata:
    """Kept as it came. Raises InvalidInput for what JSON or the database cannot hold."""
    try:
        content = orjson.dumps(given)
    except (TypeError, ValueError):
        content = b""
    if not content or len(content) > METADATA_LIMIT or b"\\u0000" in content:
        raise InvalidInput(
            f"metadata must be a JSON object of at most {METADATA_LIMIT} bytes, with texts that"
            " UTF-8 has and no null characters.",
            fields={"metadata": "cannot be kept"},
            next="Put large things into a file (upload_file) and its id into metadata.",
        )
    return given


def check_times(start_after: Any, due_at: Any) -> None:
    """Raises InvalidInput for a task that would be due before it may begin."""
    if start_after is not None and due_at is not None and due_at < start_after:
        raise InvalidInput(
            "The task would be due before it may begin.",
            fields={"due_at": "before start_after"},
            next=f"Pass a due_at after {start_after.isoformat()}; it is"
            f" {timezone.now().isoformat(timespec='seconds')} now.",
        )
