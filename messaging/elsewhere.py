"""What other apps add to the pages of messages: lines of a message's menu, hits of a search."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from messaging.schemas import MessageOut
from orgchart.models import Member


@dataclass(frozen=True, slots=True)
class Offer:
    """Something that can be done with a message, on a page of its own."""

    url: str
    icon: str
    words: str


@dataclass(frozen=True, slots=True)
class Hit:
    """Something else that a search has found."""

    url: str
    icon: str
    name: str
    note: str


Offerer = Callable[[Member, MessageOut], Iterable[Offer]]
Finder = Callable[[Member, str], Iterable[Hit]]
_offerers: list[Offerer] = []
_finders: list[Finder] = []


def offering(offerer: Offerer) -> Offerer:
    """Register what a message's menu offers besides."""
    _offerers.append(offerer)
    return offerer


def finding(finder: Finder) -> Finder:
    """Register what a search finds besides, for these words, among what the member may see."""
    _finders.append(finder)
    return finder


def offers(actor: Member, message: MessageOut) -> list[Offer]:
    return [offer for offerer in _offerers for offer in offerer(actor, message)]


def hits(actor: Member, words: str) -> list[Hit]:
    return [hit for finder in _finders for hit in finder(actor, words)]
