"""Parts of messages as templates show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django import template

register = template.Library()


@dataclass(frozen=True, slots=True)
class Group:
    """Those who reacted alike."""

    emoji: str
    count: int
    mine: bool
    who: str


@register.filter
def groups(reactions: Mapping[str, list[str]], handle: str) -> list[Group]:
    """The reactions to a message, as this member sees them."""
    return [_group(emoji, names, handle) for emoji, names in reactions.items()]


def _group(emoji: str, names: list[str], handle: str) -> Group:
    rest = int(names[-1]) if names[-1].startswith("+") else 0
    named = names[:-1] if rest else names
    words = ["you" if name == handle else f"@{name}" for name in named]
    if rest:
        words.append(f"{rest} more")
    who = words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
    return Group(emoji, len(named) + rest, handle in named, who)
