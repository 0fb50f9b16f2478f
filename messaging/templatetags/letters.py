"""What a notice in the inbox is about."""

from __future__ import annotations

import re
from typing import NamedTuple

from django import template

register = template.Library()
_WAITS = re.compile(r"(?<![\w@#/.-])([AQ])-([1-9]\d{0,17})(?![\w@-])")
_PAGES = {"A": "/approvals/{}/", "Q": "/approvals/questions/{}/"}


class Waits(NamedTuple):
    """A request or a question."""

    name: str
    url: str


@register.filter
def waits_in(text: str) -> Waits | None:
    """What a notice of the server's own speaks of first, if it waits for somebody. Only whoever may
    see a request or a question is told of it."""
    found = _WAITS.search(text)
    return Waits(found[0], _PAGES[found[1]].format(found[2])) if found else None
