"""What a tool call answers, in the form that goes over the wire.

A result says everything twice: as structured content and as text, because some clients show a model
only the one and some only the other. Both are made from the same defused values. The line about
waiting messages closes the text and is the field `waiting` of the structured part.

An error is text, with the problem document in `_meta`: as structured content it would have to match
the output schema of the tool, and widespread clients refuse the whole result when it does not.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from typing import Any

import orjson

from mcp_bridge.fencing import defuse, defuse_all, render
from teammcp.core.errors import AppError, Held
from teammcp.core.reads import reads
from teammcp.core.schemas import Out

PROBLEM = "teammcp/problem"
LARGE = 16_384  # characters of JSON: up to here a hop to another thread costs more than the work
Wire = dict[str, Any]


async def success(answer: Out, waiting: str = "") -> Wire:
    """The answer of an action in wire form."""
    structured, text = await both_parts(answer)
    if waiting:
        structured["waiting"] = waiting
        text = f"{text}\n{waiting}"
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": structured,
        "isError": False,
        "resultType": "complete",
    }


def text_only(text: str) -> Wire:
    """An answer in a form that a client dictates: one block of text."""
    return {
        "content": [{"type": "text", "text": text}],
        "isError": False,
        "resultType": "complete",
    }


async def both_parts(answer: Out) -> tuple[dict[str, Any], str]:
    """An answer as data and as text, defused. Fields that are null are left out: absent says the
    same. A large one is made in the read pool, because everybody waits for the event loop."""
    content = answer.model_dump_json(exclude_none=True)
    if len(content) <= LARGE:
        return _parts(content)
    return await reads.arun(functools.partial(_parts, content))


def _parts(content: str) -> tuple[dict[str, Any], str]:
    structured: dict[str, Any] = defuse_all(orjson.loads(content))
    return structured, render(structured)


def failure(error: AppError, names: Mapping[str, str]) -> Wire:
    """An error that teaches. `names` are the tools of actions that agents know by another name:
    actions speak of each other by their own."""
    text, problem = problem_of(error, names)
    return {
        "_meta": {PROBLEM: problem},
        "content": [{"type": "text", "text": text}],
        "isError": True,
        "resultType": "complete",
    }


def waiting_for_approval(held: Held, names: Mapping[str, str], waiting: str = "") -> Wire:
    """That a call was kept until somebody agrees: no error. It stands in a field of its own, which
    fits beside every answer that a tool may have."""
    problem = _problem(held, names)
    facts = {"message": problem["detail"], **problem["state"], "next": problem["next"]}
    structured: dict[str, Any] = {"held_for_approval": facts}
    text = _printable(defuse(in_tool_words(held.as_text(), names)))
    if waiting:
        structured["waiting"] = waiting
        text = f"{text}\n{waiting}"
    return {
        "content": [{"type": "text", "text": text}],
        "structuredContent": structured,
        "isError": False,
        "resultType": "complete",
    }


def problem_of(error: AppError, names: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """An error as text and as the problem document, safe to send."""
    return _printable(defuse(in_tool_words(error.as_text(), names))), _problem(error, names)


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
