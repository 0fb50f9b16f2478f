"""What the chart is drawn with."""

from __future__ import annotations

from django import template

from orgchart.models import Department
from teammcp.core.templatetags.interface import HUES

register = template.Library()


STEP = 5  # with twelve hues: neighbours in age differ, and the first twelve are all different


@register.simple_tag
def hue(department: Department) -> str:
    """The class that gives a department its colour."""
    return f"hue-{hue_of(department.pk)}"


def hue_of(department_id: int) -> int:
    """The colour of a department, for good: one of those that avatars have."""
    return department_id * STEP % HUES
