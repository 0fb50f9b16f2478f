"""JSON schemas of tools, in as few tokens as say the same.

Every agent pays for `tools/list` in every session, so what pydantic writes for machines is cut to
what a model needs: no titles, no null alternatives (an argument that may be null may as well be
left out), no empty defaults, no limits that only databases have, definitions inlined where that is
shorter. Nothing that a caller must obey is lost: types, limits, choices and required arguments
stay.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from teammcp.core.client_keys import MAX_LENGTH
from teammcp.core.tools import Tool

Schema = dict[str, Any]

CLIENT_KEY: Schema = {
    "type": "string",
    "maxLength": MAX_LENGTH,
    "description": "A repeat gives the first result.",
}
_BEYOND_REACH = 2**53  # a limit up there keeps nobody from anything
_SHORT = 160  # characters; a definition used more than once is inlined up to this length
_MANY = 12  # fields of an answer that are listed
_ALL = 99  # levels of nesting: more than any answer has
_LISTS = ("anyOf", "oneOf", "allOf", "prefixItems")
_SINGLE = ("items", "additionalProperties", "not")


def input_schema(tool: Tool) -> Schema:
    """The arguments of a tool, with their descriptions."""
    schema = compact(tool.action.input.model_json_schema())
    for name, value in tool.defaults.items():
        schema["properties"][name] = {**schema["properties"][name], "default": value}
    if tool.keyed:
        schema["properties"] = {**schema.get("properties", {}), "client_key": CLIENT_KEY}
    return schema


def output_schema(model: type[BaseModel], *, complete: bool = False) -> Schema:
    """The shape of an answer: its fields and their types; `complete` goes on into what they hold.

    Few clients show it to a model, and the answer itself shows the rest. Fields that are null are
    left out of an answer, so nothing is said about which are required. Of an answer with many
    fields only `complete` tells them.
    """
    if not complete and len(model.model_fields) > _MANY:
        return {"type": "object"}
    schema = model.model_json_schema(mode="serialization")
    without = frozenset({"description", "required", "default"})
    return compact(schema, without=without, depth=_ALL if complete else 1)


def compact(
    schema: Mapping[str, Any], *, without: frozenset[str] = frozenset(), depth: int = _ALL
) -> Schema:
    """An equivalent schema without noise and without these keywords. Objects further down than
    `depth` are said to be objects, and no more."""
    return _Compactor(schema, without).run(depth)


class _Compactor:
    """One pass over one schema."""

    def __init__(self, schema: Mapping[str, Any], without: frozenset[str]) -> None:
        self._schema = schema
        self._defs: Mapping[str, Any] = schema.get("$defs", {})
        self._uses = Counter(_references(schema))
        self._dropped = {"title", "$defs", *without}
        self._kept: dict[str, Schema] = {}
        self._inside: list[str] = []

    def run(self, depth: int) -> Schema:
        root = self._node(self._schema, depth)
        return {**root, "$defs": self._kept} if self._kept else root

    def _node(self, node: Mapping[str, Any], depth: int) -> Schema:
        node = _without_null(node)
        if "$ref" in node:
            return self._reference(node, depth)
        if depth == 0 and "properties" in node:
            return {"type": "object"}
        said = {
            key: self._value(key, value, depth)
            for key, value in node.items()
            if key not in self._dropped and not _is_noise(key, value)
        }
        if depth == 0 and said.get("items") == {"type": "object"}:
            del said["items"]  # a list; of what shows itself
        return said

    def _value(self, key: str, value: Any, depth: int) -> Any:
        if key == "properties":
            return {name: self._node(child, depth - 1) for name, child in value.items()}
        if key in _LISTS:
            return [self._node(child, depth) for child in value]
        if key in _SINGLE and isinstance(value, Mapping):
            return self._node(value, depth)
        return value

    def _reference(self, node: Mapping[str, Any], depth: int) -> Schema:
        """The definition itself, or a reference where it is recursive or long and used often."""
        name = node["$ref"].removeprefix("#/$defs/")
        siblings = {k: v for k, v in node.items() if k not in {"$ref", *self._dropped} and v}
        if name in self._inside or name in self._kept:
            self._kept.setdefault(name, {})
            return {"$ref": f"#/$defs/{name}", **siblings}
        self._inside.append(name)
        definition = self._node(self._defs[name], depth)
        self._inside.pop()
        often = self._uses[name] > 1 and len(json.dumps(definition)) > _SHORT
        if name in self._kept or often:
            self._kept[name] = definition
            return {"$ref": f"#/$defs/{name}", **siblings}
        return {**definition, **siblings}


def _without_null(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """The node without a null alternative; its only other alternative takes its place."""
    choices = node.get("anyOf")
    if not isinstance(choices, list):
        return node
    others = [choice for choice in choices if choice != {"type": "null"}]
    rest = {key: value for key, value in node.items() if key != "anyOf"}
    return {**others[0], **rest} if len(others) == 1 else {**rest, "anyOf": others}


def _is_noise(key: str, value: Any) -> bool:
    """Whether a keyword says nothing: an empty default, an open door, a limit nobody reaches."""
    match key:
        case "default":
            return not value
        case "additionalProperties":
            return value is True
        case "minimum" | "maximum":
            return isinstance(value, int | float) and abs(value) > _BEYOND_REACH
    return False


def _references(node: Any) -> list[str]:
    """The names of all definitions that are referred to, one for each time."""
    if isinstance(node, Mapping):
        own = [node["$ref"].removeprefix("#/$defs/")] if isinstance(node.get("$ref"), str) else []
        return own + [name for value in node.values() for name in _references(value)]
    if isinstance(node, list):
        return [name for value in node for name in _references(value)]
    return []
