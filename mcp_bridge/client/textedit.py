"""Texts of ours in files that models read: a marked block among others' words, or a whole file.

What stands outside the marks is never touched.
"""

from __future__ import annotations

import re

BEGIN = "<!-- teammcp: begin (written by `manage.py connect --rules`) -->"
END = "<!-- teammcp: end -->"
_BLOCK = re.compile(rf"\n?{re.escape(BEGIN)}\n(.*?){re.escape(END)}\n", re.DOTALL)


class Foreign(Exception):
    """The file cannot take our text; says why."""


def block_in(text: str) -> str | None:
    """Our block, without its marks. Raises Foreign for marks that do not fit together."""
    found = _BLOCK.findall(text)
    if len(found) > 1 or text.count(BEGIN) != len(found) or text.count(END) != len(found):
        raise Foreign("the marks of our block do not come as one pair")
    return str(found[0]) if found else None


def put_block(text: str, block: str) -> str:
    """The text with our block, in its old place or at the end."""
    known = block_in(text)
    if known == block:
        return text
    whole = f"{BEGIN}\n{block}{END}\n"
    if known is not None:
        return _BLOCK.sub(lambda found: found[0][: found[0].index(BEGIN)] + whole, text)
    if not text:
        return whole
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}\n{whole}"


def take_block(text: str, block: str) -> str | None:
    """The text without our block; None where somebody has changed it."""
    return _BLOCK.sub("", text) if block_in(text) == block else None


def put_whole(text: str, content: str) -> str:
    """A file of our own. Raises Foreign where somebody else has one of that name."""
    if text and _head(text) != _head(content):
        raise Foreign("there is another skill of this name")
    return content


def _head(text: str) -> str:
    """The line that names a skill."""
    return next((line for line in text.splitlines() if line.startswith("name:")), "")
