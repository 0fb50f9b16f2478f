"""What a tool call answers, in the form that goes over the wire.

A result says everything twice: as structured content and as text, because some clients show a model
only the one and some only the other. Both are made from the same defused values. The line about
waiting messages closes the text and is the field `waiting` of the structured part.

An error is text, with the problem document in `_meta`: as structured content it would have to match
the output schema of the tool, and widespread clients refuse the whole result when it does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mcp_bridge.fencing import defuse, defuse_all, render
from teammcp.core.errors import AppError
from teammcp.core.schemas import Out

PROBLEM = "teammcp/problem"
Wire = dict[str, Any]


def success(answer: Out, waiting: str = "") -> Wire:
    """The answer of an action. Fields that are null are left out: absent says the same."""
    structured: dict[str, Any] = defuse_all(answer.model_dump(mode="json", exclude_none=True))
    text = render(structured)
    if waiting:
        structured["waiting"] = waiting
        text = f"{text}\n{waiting}"
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": structured,
        "isError": False,
        "resultType": "complete",
    }


def failure(error: AppError, names: Mapping[str, str]) -> Wire:
    """An error that teaches. `names` are the tools of actions that agents know by another name:
    actions speak of each other by their own."""
    text = _printable(defuse(in_tool_words(error.as_text(), names)))
    return {
        "_meta": {PROBLEM: _problem(error, names)},
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "resultType": "complete",
    }


def in_tool_words(text: str, names: Mapping[str, str]) -> str:
    """The text with the names of actions replaced by those of their tools."""
    if not names:
        return text
    words = re.compile(rf"\b({'|'.join(map(re.escape, names))})\b")
    return words.sub(lambda word: names[word[0]], text)


def _problem(error: AppError, names: Mapping[str, str]) -> dict[str, Any]:
    problem = error.as_dict()
    for key in ("detail", "next"):
        if key in problem:
            problem[key] = in_tool_words(problem[key], names)
    return {key: _plain(value) for key, value in problem.items()}


def _plain(value: Any) -> Any:
    """The value in types that JSON has, and in text that UTF-8 has."""
    if isinstance(value, Mapping):
        return {_printable(str(key)): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    if isinstance(value, bool | int | float) or value is None:
        return value
    return defuse(_printable(str(value)))


def _printable(text: str) -> str:
    """Without halves of surrogate pairs: they come in as JSON escapes and cannot go out."""
    return text.encode("utf-8", "replace").decode()
