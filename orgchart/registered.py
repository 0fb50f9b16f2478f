"""What apps above do when somebody joins: they subscribe here, and run in the same transaction."""

from __future__ import annotations

from collections.abc import Callable

from orgchart.models import Member

Welcome = Callable[[Member], None]
_welcomes: list[Welcome] = []


def on_registered(welcome: Welcome) -> Welcome:
    """Call this function for each new member."""
    _welcomes.append(welcome)
    return welcome


def announce(member: Member) -> None:
    for welcome in _welcomes:
        welcome(member)
