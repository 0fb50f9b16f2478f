"""What the thing that a call changes says at present, for a diff on the page of the request.

An app above registers how its own things are read, through the eyes of who looks: what they may not
see is not shown to them, and only what was recorded when the call was held remains.

    @presenting("edit_task")
    def task_now(viewer: Member, arguments: Arguments) -> Mapping[str, Any]: ...
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from orgchart.models import Member
from teammcp.core.errors import AppError

Arguments = Mapping[str, Any]
Present = Callable[[Member, Arguments], Mapping[str, Any]]
_present: dict[str, Present] = {}


def presenting(*actions: str) -> Callable[[Present], Present]:
    """Register what reads the present values of the arguments of these actions."""

    def register(read: Present) -> Present:
        for name in actions:
            _present[name] = read
        return read

    return register


def present_of(action: str, viewer: Member, arguments: Arguments) -> Mapping[str, Any]:
    """The present values, by argument; empty where nothing is changed, or the viewer sees none."""
    read = _present.get(action)
    if read is None:
        return {}
    try:
        return read(viewer, arguments)
    except AppError:
        return {}
