"""Conditions on the arguments of a call.

A rule must not be got round by spelling: texts are compared without regard to capitals, an @ or
space around them, and what cannot be compared at all (a number with a text) counts as if the
condition held, so that somebody is asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from fnmatch import fnmatchcase
from typing import Any

from approvals.schemas import Condition
from teammcp.core.touched import Touched

TOUCHES = "touches"
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda one, other: bool(one > other),
    "ge": lambda one, other: bool(one >= other),
    "lt": lambda one, other: bool(one < other),
    "le": lambda one, other: bool(one <= other),
}


def all_hold(
    conditions: Iterable[Condition], arguments: Mapping[str, Any], touched: Sequence[Touched]
) -> bool:
    """Whether a call meets every condition."""
    return all(_holds(one, _values(one.field, arguments, touched)) for one in conditions)


def _values(field: str, arguments: Mapping[str, Any], touched: Sequence[Touched]) -> list[Any]:
    """What a condition looks at: several values for a list, none where there is nothing."""
    if field == TOUCHES:
        return [thing.name for thing in touched]
    found: Any = arguments
    for part in field.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    if found is None or found == "":
        return []
    return list(found) if isinstance(found, list) else [found]


def _holds(condition: Condition, values: list[Any]) -> bool:
    wanted = condition.value
    match condition.op:
        case "present":
            return bool(values) is (wanted is not False)
        case "ne":
            return not any(_same(value, wanted) for value in values)
        case "in":
            options = wanted if isinstance(wanted, list) else [wanted]
            return any(_same(value, option) for value in values for option in options)
        case "matches":
            pattern = _plain(wanted)
            return any(fnmatchcase(str(_plain(value)), str(pattern)) for value in values)
        case "eq":
            return any(_same(value, wanted) for value in values)
    return any(_ordered(condition.op, value, wanted) for value in values)


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, bool) or isinstance(other, bool):
        return bool(_plain(str(one)) == _plain(str(other)))
    left, right = _number(one), _number(other)
    if left is not None and right is not None:
        return left == right
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return value.strip().removeprefix("@").casefold() if isinstance(value, str) else value


def _ordered(op: str, value: Any, wanted: Any) -> bool:
    """Numbers by size, also those that came as text; times by time; all else counts as holding."""
    compare = _ORDER[op]
    left, right = _number(value), _number(wanted)
    if left is not None and right is not None:
        return compare(left, right)
    begin, end = _moment(value), _moment(wanted)
    if begin is not None and end is not None and (begin.tzinfo is None) == (end.tzinfo is None):
        return compare(begin, end)
    return True


def _number(value: Any) -> float | int | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value.strip().replace("_", "x")) if isinstance(value, str) else value
    except ValueError:
        return None
    return None if number != number else number  # nothing compares with "nan"


def _moment(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value.strip())
    except ValueError:
        return None
