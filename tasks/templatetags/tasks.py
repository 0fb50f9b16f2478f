"""Parts of tasks as templates show them."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping
from typing import Any, Protocol

from django import template
from django.template.loader import get_template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orgchart.templatetags.faces import face

register = template.Library()
FACES = {"dashboard": "at the dashboard", "rest": "over REST", "mcp": "over MCP",
         "admin": "in the admin", "system": "by the server", "schedule": "on schedule"}  # fmt: skip


@register.filter
def number(name: str) -> str:
    """Of "T-12" the 12, for its address."""
    return name.removeprefix("T-")


@register.filter
def at(words: Mapping[str, Any], key: str) -> Any:
    """What stands there under this name."""
    return words.get(key, key)


@register.filter
def face_word(face: str) -> str:
    """By which face something was done."""
    return FACES.get(face, face)


register.simple_tag(face)


class Drawable(Protocol):
    """What looks the same wherever its content is the same."""

    @property
    def content(self) -> Hashable: ...


DRAWN = 4096  # parts of pages that a process remembers
_drawn: OrderedDict[Hashable, SafeString] = OrderedDict()


@register.simple_tag
def drawn(template: str, **things: Drawable) -> SafeString:
    """A task as a card, a line, an entry, drawn once for all that it says: each live update fetches
    the whole board, of which one card has changed."""
    said = tuple(thing.content for thing in things.values())
    key = (template, said, timezone.localdate(), timezone.get_current_timezone_name())
    known = _drawn.get(key)
    if known is None:
        known = _drawn[key] = SafeString(get_template(template).render(things))
        if len(_drawn) > DRAWN:
            _drawn.popitem(last=False)
    return known


@register.simple_tag
def now_says(now: Mapping[str, str] | str, name: str) -> SafeString | str:
    """Under the box of a form that was refused as stale: what stands there by now."""
    if not now or name not in now:
        return ""
    text = now[name] if isinstance(now, Mapping) else ""
    return format_html('<p class="now-says">Now: <span>{}</span></p>', text or "nothing")
