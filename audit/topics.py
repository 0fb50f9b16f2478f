"""Which topics a member may read: one rule behind the feed, the stream and the socket.

A topic is an audience (`company`, `channel-7`, `member-3`), a label (`task-12`), by which events
are found but which says nothing of who may read them, or a wake-up (`inbox-3`), which grants
nothing and is never shown. Apps above register what their topics' audiences are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Provider = Callable[[Any], Iterable[str]]
_providers: list[Provider] = []
_labels: list[str] = []
WAKE_PREFIX = "inbox-"


def audience(provider: Provider) -> Provider:
    """Register a function from a member to the topics that they may read."""
    _providers.append(provider)
    return provider


def label(prefix: str) -> None:
    """Register topics that are labels, by what they begin with. Each event that carries one has an
    audience beside it."""
    _labels.append(prefix)


def is_label(topic: str) -> bool:
    return topic.startswith(tuple(_labels))


def visible_topics(actor: Any) -> frozenset[str]:
    """All topics that this member may read now."""
    return frozenset(topic for provider in _providers for topic in provider(actor))


def inbox_topic(member_id: int) -> str:
    """The wake-up of one member's inbox."""
    return f"{WAKE_PREFIX}{member_id}"


def audiences_of(topics: Iterable[str]) -> list[str]:
    """The topics without the wake-ups."""
    return [topic for topic in topics if not topic.startswith(WAKE_PREFIX)]
