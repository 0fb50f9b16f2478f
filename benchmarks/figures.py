"""Numbers as people read them."""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Spread:
    """How a set of times lies, in milliseconds."""

    count: int
    p50: float
    p99: float
    longest: float

    @classmethod
    def of(cls, seconds: Iterable[float]) -> Spread:
        times = sorted(second * 1000 for second in seconds)
        if not times:
            return cls(0, 0.0, 0.0, 0.0)
        return cls(
            count=len(times),
            p50=round(statistics.median(times), 2),
            p99=round(times[min(len(times) - 1, int(len(times) * 0.99))], 2),
            longest=round(times[-1], 2),
        )

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


def table(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Columns of equal width; the first ones to the left, numbers to the right."""
    lines = [[str(head) for head in heads], *([_cell(cell) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if _is_word(cell) else cell.rjust(width)
            for cell, width in zip(line, widths, strict=True)
        ).rstrip()
        for line in lines
    )


def _cell(value: object) -> str:
    return f"{value:,.2f}" if isinstance(value, float) else str(value)


def _is_word(cell: str) -> bool:
    return not cell[:1].isdigit() and cell[:1] != "-"
