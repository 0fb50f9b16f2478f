"""Members as templates show them."""

from __future__ import annotations

from collections.abc import Mapping

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from orgchart.faces import Face
from teammcp.core.templatetags.interface import avatar

register = template.Library()


@register.simple_tag
def face(faces: Mapping[str, Face], handle: str) -> SafeString:
    """A member with avatar and name, as a link."""
    known = faces.get(handle) or Face(handle, handle, "agent")
    drawing = avatar(known.handle, known.name, known.kind, "small")
    return format_html(
        '<a class="face" href="/people/{}/">{} {}</a>', known.handle, drawing, known.name
    )
