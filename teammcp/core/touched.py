"""What the arguments of an action speak of, beyond their own text.

The same channel is "#General", "#general" and "thread:91"; the same member has older handles. A
rule about a channel, and a consent to a change of a task, mean the thing and not its spelling. So
each app says what its actions touch: a key for the thing, the name by which rules may know it, and,
for things that change, what they were like when somebody looked.

    @touching("edit_task", "cancel_task")
    def task_of(actor: Member, arguments: Arguments) -> Iterable[Touched]: ...
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import orjson
from django.db.models import Model

from teammcp.core.errors import AppError

Arguments = Mapping[str, Any]


class Touched(NamedTuple):
    """A thing that an action speaks of."""

    key: str
    """"task:12", the same whatever it was called"""
    version: str
    """changes whenever the thing does, in what matters; empty where only the key counts"""
    name: str
    """as rules know it: "T-12", "#general", "@kay" """


Find = Callable[[Any, Arguments], Iterable[Touched]]
_found: dict[str, list[Find]] = {}


def touching(*actions: str) -> Callable[[Find], Find]:
    """Register what finds the things that calls of these actions speak of. What it does not find,
    or may not be seen by the actor, it leaves out, or raises AppError."""

    def register(find: Find) -> Find:
        for name in actions:
            _found.setdefault(name, []).append(find)
        return find

    return register


def touched_by(action: str, actor: Any, arguments: Arguments) -> list[Touched]:
    """What a call speaks of, each thing once, in a fixed order."""
    things: dict[str, Touched] = {}
    for find in _found.get(action, ()):
        try:
            for thing in find(actor, arguments):
                known = things.get(thing.key)
                if known is None or not known.version:
                    things[thing.key] = thing
        except AppError:  # absent, or not theirs: the action itself says so
            continue
    return [things[key] for key in sorted(things)]


def registered() -> Mapping[str, list[Find]]:
    """The register, by the names of actions."""
    return _found


def state_of(row: Model, *fields: str) -> str:
    """A version of a row that has none of its own: a digest of these fields."""
    return version_of(*(getattr(row, field) for field in fields))


def version_of(*values: Any) -> str:
    """A version of something that has none of its own: a digest of what it is like."""
    return hashlib.sha256(orjson.dumps(values, default=str)).hexdigest()[:16]
