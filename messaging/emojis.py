"""What counts as a reaction: one emoji, in one spelling."""

from __future__ import annotations

import emoji

from teammcp.core.errors import InvalidInput

ACKNOWLEDGING = frozenset("✅👍")
_VARIATION = "\ufe0f"


def clean_emoji(wanted: str) -> str:
    """One emoji in its full spelling; short names such as ":thumbsup:" are understood.

    "❤" and "❤️" are one sign to a reader, so they count as one. Raises InvalidInput.
    """
    text = wanted.strip()
    if text.startswith(":") and text.endswith(":"):
        text = emoji.emojize(text, language="alias")
    full = emoji.emojize(emoji.demojize(text)) if emoji.is_emoji(text) else ""
    if not full:
        several = emoji.emoji_count(text) > 1
        raise InvalidInput(
            f"{wanted[:40]!r} is {'more than one emoji' if several else 'no emoji'}.",
            fields={"emoji": "more than one" if several else "not an emoji"},
            next="Pass one emoji, such as '👍' or ':thumbsup:'; one call for each.",
        )
    return full


def acknowledges(one: str) -> bool:
    """Whether a reader of this reaction would take it for "done" or "agreed": ✅, or 👍 in any
    colour of skin."""
    return one.replace(_VARIATION, "")[:1] in ACKNOWLEDGING
