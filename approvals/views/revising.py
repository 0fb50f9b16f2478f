"""The form in which who asked changes a call that waits: a box for each argument."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict

from teammcp.core.actions import Action, registry

SHORT = 120  # characters that fit in one line
PREFIX = "arg"


@dataclass(frozen=True, slots=True)
class Box:
    """One argument. Its name in the form says how it is read: `arg-text-body`."""

    name: str
    read: str
    """text: as it stands; word: the same, and nothing when empty; list: one a line; json"""
    widget: str
    """line, number, text, choice, list or json"""
    value: str
    required: bool
    options: list[tuple[str, str]] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{PREFIX}-{self.read}-{self.name}"


def boxes_of(name: str, arguments: Mapping[str, Any]) -> list[Box]:
    """The arguments of a call as they are now, each in the simplest box that can hold it."""
    action = registry.get(name)
    if action is None:
        return []
    schema = action.input.model_json_schema()
    required = set(schema.get("required", ()))
    return [
        _box(one, shape, arguments.get(one), required=one in required)
        for one, shape in schema.get("properties", {}).items()
    ]


def _box(name: str, shape: Mapping[str, Any], value: Any, *, required: bool) -> Box:
    shapes = shape.get("anyOf", [shape])
    plain = [one for one in shapes if one.get("type") != "null"]
    kind = plain[0].get("type") if len(plain) == 1 else ""
    read = "word" if len(plain) < len(shapes) else "text"
    if kind == "boolean":
        options = [("true", "yes"), ("false", "no")]
        return Box(name, "json", "choice", json.dumps(value), required, options)
    if kind in {"integer", "number"}:
        return Box(name, "json", "number", "" if value is None else str(value), required)
    texts = kind == "array" and plain[0].get("items", {}).get("type") == "string"
    if texts and read == "text" and _lines(value):  # where none is not the same as an empty one
        return Box(name, "list", "list", "\n".join(value or ()), required)
    if kind != "string" or not isinstance(value, str | None):
        text = "" if value is None else json.dumps(value, indent=1, ensure_ascii=False)
        return Box(name, "json", "json", text, required)
    text = value or ""
    if choices := plain[0].get("enum"):
        empty = [("", "nothing")] if read == "word" else []
        options = [*empty, *((one, one or "nothing") for one in choices)]
        return Box(name, read, "choice", text, required, options)
    limit = plain[0].get("maxLength", SHORT)
    one_line = len(text) <= SHORT and "\n" not in text and limit <= 10 * SHORT
    return Box(name, read, "line" if one_line else "text", text, required)


def _lines(value: Any) -> bool:
    """Whether a list can be written with one text a line, and comes back the same."""
    return not value or all(one == one.strip() and one and "\n" not in one for one in value)


def revised(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """The arguments of revise_request. What is no JSON stays text, for the action to refuse."""
    arguments: dict[str, Any] = {}
    for key in form:
        prefix, _, rest = key.partition("-")
        read, _, name = rest.partition("-")
        text = str(form[key])
        if prefix != PREFIX or not name or (read in SKIPPED and not text.strip()):
            continue
        arguments[name] = READ.get(read, str)(text)
    return {"arguments": arguments, "comment": form.get("comment", "")}


def _as_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _as_list(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip()]


SKIPPED = ("word", "json")  # when empty: the action's own default stands
READ: dict[str, Callable[[str], Any]] = {"json": _as_json, "list": _as_list}
