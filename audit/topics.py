"""Which topics a member may read: one rule behind the feed, the stream and the socket.

A topic is an audience (`company`, `channel-7`, `member-3`), a label (`task-12`), by which events
are found but which says nothing of who may read them, or a wake-up (`inbox-3`), which grants
nothing and is never shown. Apps above register what their topics' audiences are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

Provider = Callable[[Any], Iterable[str]]
Discretion = Callable[[Any], Iterable[int]]
_providers: list[Provider] = []
_discretions: list[Discretion] = []
_labels: list[str] = ["about-"]
WAKE_PREFIX = "inbox-"
COMPANY = "company"
_MEMBER, _ABOUT = "member-", "about-"


class Sight(frozenset[str]):
    """The topics that a reader may read, and the members of whom they must not hear.

    An event about such a member (it carries their topic) is hidden whatever else it carries; what
    such a member did is hidden unless they did it in a place that the reader sees.
    """

    hidden: frozenset[int] = frozenset()

    @classmethod
    def of(cls, topics: Iterable[str], hidden: Iterable[int]) -> Sight:
        sight = cls(topics)
        sight.hidden = frozenset(hidden)
        return sight

    def only(self, topic: str) -> Sight:
        """The same eyes, looking at one topic."""
        return Sight.of(self & {topic}, self.hidden)


def about_members(topics: Iterable[str]) -> frozenset[int]:
    """The ids of the members whom an event with these topics is about."""
    found = (topic.partition("-") for topic in topics if topic.startswith((_MEMBER, _ABOUT)))
    return frozenset(int(number) for _, _, number in found if number.isdecimal())


def about_topic(member_id: int) -> str:
    """Says that an event is about a member, and gives it to nobody: who may read it, the others
    among its topics say."""
    return f"{_ABOUT}{member_id}"


def is_place(topic: str) -> bool:
    """Whether a topic stands for a place where people act before others: not the company as such,
    nor one member."""
    return topic != COMPANY and not topic.startswith(_MEMBER)


def audience(provider: Provider) -> Provider:
    """Register a function from a member to the topics that they may read."""
    _providers.append(provider)
    return provider


def discreet(discretion: Discretion) -> Discretion:
    """Register a function from a member to the ids of those of whom they must not hear."""
    _discretions.append(discretion)
    return discretion


def label(prefix: str) -> None:
    """Register topics that are labels, by what they begin with. Each event that carries one has an
    audience beside it."""
    _labels.append(prefix)


def is_label(topic: str) -> bool:
    return topic.startswith(tuple(_labels))


def visible_topics(actor: Any) -> Sight:
    """All topics that this member may read now, and of whom they must not hear."""
    return Sight.of(
        (topic for provider in _providers for topic in provider(actor)),
        (pk for discretion in _discretions for pk in discretion(actor)),
    )


def inbox_topic(member_id: int) -> str:
    """The wake-up of one member's inbox."""
    return f"{WAKE_PREFIX}{member_id}"


def audiences_of(topics: Iterable[str]) -> list[str]:
    """The topics without the wake-ups."""
    return [topic for topic in topics if not topic.startswith(WAKE_PREFIX)]
