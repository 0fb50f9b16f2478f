"""Numbers that come as text: cursors, and ids within names."""

from __future__ import annotations

from teammcp.core.errors import InvalidInput

DIGITS = 18  # more than any row has, and few enough for a column of 64 bits


def number_in(text: str) -> int | None:
    """The number that a text is: plain digits 0 to 9 and nothing else. None for all other texts."""
    plain = text.isascii() and text.isdecimal() and len(text) <= DIGITS
    return int(text) if plain else None


def cursor_in(text: str, field: str, *, advice: str) -> int:
    """The position that a cursor names. Raises InvalidInput, with this advice on what to pass."""
    found = number_in(text)
    if found is None:
        raise InvalidInput(
            f"{text[:40]!r} is no cursor.", fields={field: "damaged cursor"}, next=advice
        )
    return found
