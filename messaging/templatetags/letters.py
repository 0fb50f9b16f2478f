"""What a notice in the inbox is about."""

from __future__ import annotations

import re

from django import template

register = template.Library()
_REQUEST = re.compile(r"(?<![\w@#/.-])A-([1-9]\d{0,17})(?![\w@-])")


@register.filter
def request_in(text: str) -> str:
    """The number of the request that a notice of the server's own speaks of first; "" for none.
    Only whoever may see a request is told of it."""
    found = _REQUEST.search(text)
    return found[1] if found else ""
