"""Whether two glob patterns have a word in common, and whether a pattern covers a path.

A pattern is a sequence of segments, as a path is. In a segment `*` stands for any run of characters
and `?` for one; the segment `**` stands for any number of segments, none included. Within this
grammar the answer is exact and takes the product of the lengths at the most: two sequences that
both have gaps share a word if and only if their beginnings and their ends fit, since the gaps take
in whatever lies between; where only one has gaps, its runs find their places from left to right.
The same reasoning holds for the characters of a segment and for the segments of a path.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
Segments = tuple[str, ...]
ANY = "**"


def meet(one: Segments, other: Segments) -> bool:
    """Whether some path fits both patterns."""
    return _meet(one, other, ANY, segments_meet)


@functools.lru_cache(maxsize=10_000)
def segments_meet(one: str, other: str) -> bool:
    """Whether some segment fits both patterns of one segment."""
    if one == other:
        return True
    return _meet(one, other, "*", lambda a, b: a == b or "?" in {a, b})


def _meet(one: Sequence[T], other: Sequence[T], gap: T, fit: Callable[[T, T], bool]) -> bool:
    if gap in one and gap in other:
        ends = zip(_end(one, gap), _end(other, gap), strict=False)
        return _fit(_begin(one, gap), _begin(other, gap), fit) and all(fit(a, b) for a, b in ends)
    if gap in one:
        return _fills(one, other, gap, fit)
    if gap in other:
        return _fills(other, one, gap, lambda a, b: fit(b, a))
    return len(one) == len(other) and _fit(one, other, fit)


def _fit(one: Sequence[T], other: Sequence[T], fit: Callable[[T, T], bool]) -> bool:
    """As far as both go."""
    return all(fit(a, b) for a, b in zip(one, other, strict=False))


def _begin(pattern: Sequence[T], gap: T) -> Sequence[T]:
    return pattern[: pattern.index(gap)]


def _end(pattern: Sequence[T], gap: T) -> Sequence[T]:
    """What follows the last gap, backwards."""
    turned = pattern[::-1]
    return turned[: turned.index(gap)]


def _fills(pattern: Sequence[T], plain: Sequence[T], gap: T, fit: Callable[[T, T], bool]) -> bool:
    """Whether a pattern with gaps takes in a sequence without. Each run between two gaps is put
    as far to the left as it goes, which leaves the most room for the rest."""
    runs = _runs(pattern, gap)
    first, last = runs[0], runs[-1]
    if len(first) + len(last) > len(plain) or not _fit(first, plain, fit):
        return False
    end = len(plain) - len(last)
    if not _fit(last, plain[end:], fit):
        return False
    place = len(first)
    for run in runs[1:-1]:
        while place + len(run) <= end and not _fit(run, plain[place:], fit):
            place += 1
        place += len(run)
        if place > end:
            return False
    return True


def _runs(pattern: Sequence[T], gap: T) -> list[Sequence[T]]:
    runs, begin = [], 0
    for place, part in enumerate(pattern):
        if part == gap:
            runs.append(pattern[begin:place])
            begin = place + 1
    return [*runs, pattern[begin:]]


_GAP = "(?:/[^/]++)"
_END = "(?![^/])"  # of a segment


def expression(pattern: Segments) -> str:
    """The paths that the pattern covers, each with "/" before it, as a regular expression for the
    whole of a path: how many paths are tested against many patterns at once.

    A run between two gaps is taken where it first fits, and for good (an atomic group), so that no
    pattern and path together cost more than the product of their lengths.
    """
    first, *others = _runs(pattern, ANY)
    text = _segments(first)
    if not others:
        return text
    between = "".join(f"(?>{_GAP}*?{_segments(run)})" for run in others[:-1] if run)
    return f"{text}{between}{_GAP}*{_segments(others[-1])}"


def _segments(segments: Sequence[str]) -> str:
    return "".join(f"/(?>{_segment(segment)}{_END})" for segment in segments)


def _segment(segment: str) -> str:
    first, *others = segment.split("*")
    if not others:
        return _letters(first)
    between = "".join(f"(?>[^/]*?{_letters(run)})" for run in others[:-1] if run)
    return f"{_letters(first)}{between}[^/]*{_letters(others[-1])}"


def _letters(run: str) -> str:
    return "".join("[^/]" if sign == "?" else re.escape(sign) for sign in run)
