"""JSON of any shape that comes from outside and is kept: what may be in it."""

from __future__ import annotations

import re
from typing import Annotated, Any

import orjson
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

MOST_DEEP = 50  # lists and objects within each other
_NUL = re.compile(rb"(?<!\\)(?:\\\\)*\\u0000")  # as JSON writes it; not two signs that look alike


def is_plain(given: Any) -> bool:
    """Whether it can be kept and given back exactly as it came, by every database."""
    if _deep(given):
        return False
    try:
        packed = orjson.dumps(given)
        return orjson.loads(packed) == given and _NUL.search(packed) is None
    except orjson.JSONEncodeError:
        return False


def _deep(given: Any) -> bool:
    level = [given]
    for _ in range(MOST_DEEP + 1):
        inside = [one for one in level if isinstance(one, dict | list)]
        if not inside:
            return False
        level = [
            inner for one in inside for inner in (one.values() if isinstance(one, dict) else one)
        ]
    return True


def _plain(given: dict[str, Any]) -> dict[str, Any]:
    if not is_plain(given):
        raise PydanticCustomError(
            "not_plain",
            "has something in it that cannot be kept: send text, numbers of 64 bits, lists and"
            " objects, at most {most} within each other",
            {"most": MOST_DEEP},
        )
    return given


Plain = Annotated[dict[str, Any], AfterValidator(_plain)]
"""Arguments of another action, or anything else that only that knows the shape of."""
