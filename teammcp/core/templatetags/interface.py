"""What every dashboard page draws with: icons, avatars, presence, times."""

from __future__ import annotations

import functools
import zlib
from datetime import date, datetime, timedelta

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()
HUES = 12


@register.simple_tag
def icon(name: str) -> SafeString:
    """A drawing from the sprite; always beside a word, so that a screen reader skips it."""
    return _drawing(static("icons.svg"), name)


@functools.lru_cache(maxsize=256)
def _drawing(url: str, name: str) -> SafeString:
    return format_html(
        '<svg class="icon" aria-hidden="true"><use href="{}#{}"></use></svg>', url, name
    )


@register.simple_tag
@functools.lru_cache(maxsize=4096)
def avatar(handle: str, name: str, kind: str, size: str = "") -> SafeString:
    """Initials on a colour of one's own. Agents are squares, people are circles."""
    shape = " avatar-agent" if kind == "agent" else ""
    scale = f" avatar-{size}" if size else ""
    hue = zlib.adler32(handle.encode()) % HUES
    return format_html(
        '<span class="avatar{}{} hue-{}" aria-hidden="true">{}</span>',
        shape,
        scale,
        hue,
        initials(name or handle),
    )


def initials(name: str) -> str:
    """ "Zoë Müller" gives ZM, "lin" gives LI."""
    words = name.split()
    picked = words[0][0] + words[-1][0] if len(words) > 1 else name.strip()[:2]
    return picked.upper()


@register.simple_tag
def presence(word: str, handle: str = "") -> SafeString:
    """A dot and the word that it stands for; with a handle it changes on the open page."""
    return format_html(
        '<span class="presence"{}><span class="dot dot-{}"></span><span>{}</span></span>',
        format_html(' data-presence="{}"', handle) if handle else "",
        word.replace(" ", "-"),
        word,
    )


@register.simple_tag
def moment(at: datetime | None, style: str = "clock") -> SafeString | str:
    """A point in time: short to read, exact in the tooltip. Styles: clock, short, day, full."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    exact = date_format(local, "l j F Y, H:i:s e")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, _said(local, style)
    )


def _said(local: datetime, style: str) -> str:
    if style == "full":
        return date_format(local, "j F Y, H:i")
    if style == "day":
        same_year = local.year == timezone.localdate().year
        return date_format(local, "D j M, H:i" if same_year else "D j M Y, H:i")
    if style == "clock" or local.date() == timezone.localdate():
        return date_format(local, "H:i")
    return date_format(local, "j M, H:i")


@register.filter
def day_name(day: date) -> str:
    """Today, Yesterday, or the date."""
    today = timezone.localdate()
    if day == today:
        return "Today"
    if day == today - timedelta(days=1):
        return "Yesterday"
    return date_format(day, "l j F" if day.year == today.year else "l j F Y")
