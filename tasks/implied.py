"""Which arguments of actions of tasks do what another action is there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tasks.access import number_of
from teammcp.core.touched import Arguments


def assigned(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new task with an assignee is given to somebody."""
    if values["assignee"]:
        yield {"task": "", "to": values["assignee"]}


def waiting(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new task waits for others."""
    yield from ({"task": "", "needs": name} for name in values["needs"])


def put_under(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new task is a part of another one."""
    if values["parent"]:
        yield {"task": "", "parent": values["parent"]}


def noted(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A note is a message in the discussion of its task."""
    if values["note"].strip():
        yield {"to": f"#t-{number_of(values['task'])}", "body": values["note"]}


def reviewed_by(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Work that is submitted may name who judges it."""
    if values["reviewer"]:
        yield {"task": values["task"], "reviewer": values["reviewer"]}


def goal_put_under(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new goal stands under another one."""
    if values["parent"]:
        yield {"goal": "", "parent": values["parent"], "weight": values["weight"]}


def weighed(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A goal that is moved may count for more than before."""
    if values["weight"]:
        yield {"goal": values["goal"], "weight": values["weight"]}
