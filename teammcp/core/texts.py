"""Text that comes from outside: what may be in it."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from annotated_types import MaxLen

from teammcp.core.errors import InvalidInput

UNKEPT = "unkept"
"""Marks an argument that is never kept, not even as a part of a digest."""

Line = Annotated[str, MaxLen(80)]
Password = Annotated[str, MaxLen(200), UNKEPT]
Charter = Annotated[str, MaxLen(8_000)]

# C0 and C1 controls but tab and newline; bidirectional overrides, which make text read as what it
# is not; lone surrogates, which no encoding can store; noncharacters.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)

SHORT = 60  # characters of what somebody sent that an error repeats


def shortened(text: str) -> str:
    """What somebody sent, as an error may repeat it."""
    return text if len(text) <= SHORT else f"{text[:SHORT]}…"


_INVISIBLE = {"Cc", "Cf", "Zs", "Zl", "Zp"}  # controls, formats and all kinds of space


def clean_text(field: str, text: str, *, required: bool = False) -> str:
    """Text of many lines, with line ends unified. Raises InvalidInput."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = _FORBIDDEN.search(text)
    if found is not None:
        raise InvalidInput(
            f"{field} contains the character U+{ord(found[0]):04X} at position {found.start()},"
            " which is not text.",
            fields={field: "contains a control character"},
            next="Remove control characters and send it again.",
        )
    if required and all(unicodedata.category(sign) in _INVISIBLE for sign in text):
        raise InvalidInput(
            f"{field} is empty.", fields={field: "empty"}, next=f"Give a {field} with some text."
        )
    return text


def clean_line(field: str, text: str, *, required: bool = False) -> str:
    """Text of one line, without space at its ends. Raises InvalidInput."""
    text = clean_text(field, text, required=required).strip()
    if len(text.splitlines()) > 1 or "\t" in text:
        raise InvalidInput(
            f"{field} must be one line.",
            fields={field: "has a line break or tab"},
            next=f"Send {field} without line breaks and tabs.",
        )
    return text
