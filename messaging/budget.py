"""Cutting a page at a token budget: between items, never within one."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

CHARACTERS_PER_TOKEN = 4  # of English; a budget is a courtesy to the reader's context, not a limit
ITEM_OVERHEAD = 60  # tokens for author, ids and times


def tokens_in(text: str) -> int:
    """A rough count, a little high for English and about right for Chinese."""
    wide = sum(1 for character in text if ord(character) > 0x2E7F)
    return (len(text) - wide) // CHARACTERS_PER_TOKEN + wide


def shorten(text: str, most: int) -> str:
    """The beginning of a text within about so many tokens, ending after a word."""
    if tokens_in(text) <= most:
        return text
    spent = 0
    for position, character in enumerate(text):
        spent += CHARACTERS_PER_TOKEN if ord(character) > 0x2E7F else 1
        if spent > most * CHARACTERS_PER_TOKEN:
            kept = text[:position]
            space = kept.rfind(" ", position // 2)
            return f"{kept[:space] if space > 0 else kept}…"
    return text


def cut(items: list[T], max_tokens: int | None, text: Callable[[T], str]) -> list[T]:
    """The first items that fit into the budget; always one, so that a reader gets on."""
    if max_tokens is None:
        return items
    spent = 0
    for position, item in enumerate(items):
        spent += ITEM_OVERHEAD + tokens_in(text(item))
        if spent > max_tokens and position:
            return items[:position]
    return items
