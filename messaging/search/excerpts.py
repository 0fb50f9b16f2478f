"""Where in a text a query hits: for the excerpt, and for marking it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from messaging.search.terms import Term, terms_of
from messaging.search.words import LETTER, UNSPACED, folded, is_unspaced

_BETWEEN = rf"(?:(?!{LETTER}|[{UNSPACED}])(?s:.))*"
Part = tuple[str, bool]
"""A piece of a text, and whether it is a hit."""


def excerpt(body: str, query: str, *, around: int = 90) -> str:
    """The part of a body that shows the first hit."""
    start, end = next(iter(sorted(_hits(body, terms_of(query)))), (0, 0))
    first = max(0, start - around)
    last = min(len(body), max(end, start + around))
    return ("…" if first else "") + body[first:last].strip() + ("…" if last < len(body) else "")


def parts(text: str, query: str) -> list[Part]:
    """A text cut at its hits."""
    found: list[Part] = []
    done = 0
    for start, end in sorted(_hits(text, terms_of(query))):
        if start >= done:
            found += [(text[done:start], False), (text[start:end], True)]
            done = end
    return [part for part in [*found, (text[done:], False)] if part[0]]


def _hits(text: str, terms: list[Term]) -> Iterator[tuple[int, int]]:
    """Where the terms stand, as positions in the text itself."""
    plain, places = folded(text)
    for term in terms:
        if not term.excluded:
            for hit in re.finditer(_pattern(term), plain):
                start, end = hit.span()
                yield (start, end) if places is None else (places[start][0], places[end - 1][1])


def _pattern(term: Term) -> str:
    """The words of a term, whole, with what may stand between them."""
    whole = [_whole(word) for word in term.words]
    if term.beginning and not is_unspaced(term.words[-1]):
        whole[-1] = whole[-1].removesuffix(rf"(?!{LETTER})") + f"{LETTER}*"
    return _BETWEEN.join(whole)


def _whole(word: str) -> str:
    word = re.escape(word)
    return word if is_unspaced(word) else rf"(?<!{LETTER}){word}(?!{LETTER})"
