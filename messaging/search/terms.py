"""The language of a query: words, "phrases", beginnings*, and -what must not be there."""

from __future__ import annotations

import re
from dataclasses import dataclass

from messaging.search.words import words_of
from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_text

_TERM = re.compile(r'(-?)"([^"]*)"(\*?)|(\S+)')


@dataclass(frozen=True, slots=True)
class Term:
    """Words that must stand together, or must not."""

    words: tuple[str, ...]
    beginning: bool = False
    """the last word may go on"""
    excluded: bool = False


def terms_of(query: str) -> list[Term]:
    """The terms of a query. Raises InvalidInput for a broken one, showing the spot."""
    query = clean_text("query", query)
    _check_quotes(query)
    terms = [term for found in _TERM.finditer(query) if (term := _term(query, found)).words]
    if not any(not term.excluded for term in terms):
        raise InvalidInput(
            "The query has no word to look for.",
            fields={"query": "no words"},
            next='Pass words, a "phrase", or the beginning of a word with *.',
        )
    return terms


def _term(query: str, found: re.Match[str]) -> Term:
    minus, phrase, star, word = found.groups()
    if word is None:
        return Term(tuple(words_of(phrase)), bool(star), bool(minus))
    excluded = word.startswith("-") and len(word) > 1
    text = word[1:] if excluded else word
    _check_stars(query, found.start(4) + excluded, text)
    return Term(tuple(words_of(text)), text.endswith("*"), excluded)


def _check_quotes(query: str) -> None:
    if query.count('"') % 2:
        spot = query.rindex('"')
        raise InvalidInput(
            f"The quotation mark at position {spot} is never closed: {query[spot : spot + 20]!r}.",
            fields={"query": "unclosed quotation mark"},
            next="Close the phrase, or leave the quotation mark out.",
        )


def _check_stars(query: str, start: int, word: str) -> None:
    """A star stands for the rest of a word, nowhere else; on its own it is no word."""
    spot = re.search(r"\*+(?=\w)", word)
    if spot is not None:
        at = start + spot.start()
        raise InvalidInput(
            f"The star at position {at} is not at the end of a word: {query[at : at + 20]!r}.",
            fields={"query": "misplaced star"},
            next=f"Write the beginning of the word: {word[: spot.start()] or 'deploy'}*.",
        )
