"""Parts of approvals as templates show them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from approvals.schemas import Condition
from approvals.views import words
from approvals.views.diffs import as_text

register = template.Library()
OPERATORS = {
    "eq": "is", "ne": "is not", "in": "is one of", "gt": "is over", "ge": "is at least",
    "lt": "is under", "le": "is at most", "matches": "looks like",
}  # fmt: skip


@register.filter
def number(name: str) -> str:
    """Of "A-12" or "Q-12" the 12, for its address."""
    return name.partition("-")[2]


@register.filter
def status_words(status: str) -> str:
    return words.STATUSES.get(status, status)


@register.filter
def ask_status(status: str) -> str:
    return words.ASK_STATUSES.get(status, status)


@register.filter
def verdict_words(verdict: str) -> str:
    return words.VERDICTS.get(verdict, verdict)


@register.filter
def by_face(face: str) -> str:
    return words.FACES.get(face, face)


action_words = register.filter("action_words", words.action_words)
about_action = register.filter("about_action", words.about_action)
in_minutes = register.filter("in_minutes", words.in_minutes)
plain = register.filter("plain", as_text)


@register.filter
def condition_words(condition: Condition) -> str:
    """ "amount is over 500"."""
    field = "what it touches" if condition.field == "touches" else condition.field
    if condition.op == "present":
        return f"{field} is {'left out' if condition.value is False else 'given'}"
    return f"{field} {OPERATORS[condition.op]} {as_text(condition.value)}"


@register.simple_tag
def time_left(at: Any) -> SafeString:
    """How long until a deadline: in a warning colour when it is near."""
    now = timezone.now()
    style = "alarm" if at - now < words.SOON else "quiet"
    return format_html('<span class="{}">{}</span>', style, words.left_until(at, now))


@register.simple_tag
def wrong(fields: Mapping[str, str], *names: str) -> SafeString | str:
    """What is wrong with a box, under it."""
    said = next((fields[name] for name in names if name in fields), "")
    return format_html('<p class="wrong" role="alert">{}</p>', said) if said else ""


@register.simple_tag
def bad(fields: Mapping[str, str], *names: str) -> str:
    """The class of a box in which something is wrong."""
    return " is-invalid" if any(name in fields for name in names) else ""
