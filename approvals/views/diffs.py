"""Exactly what will run, as people read it: each argument, beside what it would change."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from approvals.presenting import present_of
from orgchart.models import Member
from teammcp.core.actions import registry

LONG = 60  # characters: longer texts get room of their own
MOST_LINES = 400  # that are compared one by one


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a text: same, gone, new, or a note of how many are left out."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class Given:
    """One argument of the call."""

    name: str
    value: str
    before: str | None
    """what stands there now, where that is known and differs"""
    lines: list[Line]
    """the two compared, where they are long"""

    @property
    def long(self) -> bool:
        return len(self.value) > LONG or "\n" in self.value or bool(self.lines)


def given_in(
    name: str, arguments: Mapping[str, Any], viewer: Member, *, live: bool
) -> tuple[list[Given], list[str]]:
    """The arguments of a call that say something, and the names of those left at their defaults;
    of one that is `live` beside the present, which afterwards is what came of it."""
    action = registry.get(name)
    fields = action.input.model_fields if action else {}
    defaults = {
        name: field.get_default(call_default_factory=True) for name, field in fields.items()
    }
    now = present_of(name, viewer, arguments) if live else {}
    told: list[Given] = []
    silent: list[str] = []
    for field, value in arguments.items():
        if field in defaults and not fields[field].is_required() and defaults[field] == value:
            silent.append(field)
        else:
            told.append(_given(field, value, now))
    return told, silent


def _given(name: str, value: Any, now: Mapping[str, Any]) -> Given:
    text = as_text(value)
    before = as_text(now[name]) if name in now else None
    if before == text:
        before = None
    compared = before is not None and (max(len(before), len(text)) > LONG or "\n" in before + text)
    lines = lines_of(before, text) if compared and before is not None else []
    return Given(name, text, before, lines)


def changed_in(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Given]:
    """What is different between two rounds of a request, each beside what it was."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    return [_given(name, after.get(name), {name: before.get(name)}) for name in names]


def as_text(value: Any) -> str:
    """A value as people write it: text as it is, lists with commas, the rest as JSON."""
    if value is None or value == "" or value == []:
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str | int | float):
        return str(value)
    if isinstance(value, list) and all(isinstance(one, str | int | float) for one in value):
        return ", ".join(map(str, value))
    return json.dumps(value, indent=2, ensure_ascii=False, sort_keys=True)


def lines_of(before: str, after: str) -> list[Line]:
    """Two texts compared line by line, with some of what stays the same."""
    old, new = before.splitlines()[:MOST_LINES], after.splitlines()
    if len(new) > MOST_LINES:  # nothing of what will run is left out
        return [Line("gone", line) for line in old] + [Line("new", line) for line in new]
    found: list[Line] = []
    for tag, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if tag == "equal":
            found += _same(new[c:d])
        else:
            found += [Line("gone", line) for line in old[a:b]]
            found += [Line("new", line) for line in new[c:d]]
    return found


def _same(lines: list[str]) -> list[Line]:
    if len(lines) <= 8:
        return [Line("same", line) for line in lines]
    left = len(lines) - 6
    return [
        *(Line("same", line) for line in lines[:3]),
        Line("note", f"{left} lines that stay as they are"),
        *(Line("same", line) for line in lines[-3:]),
    ]
