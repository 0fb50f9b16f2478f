"""Bounds on the work of the Markdown parser.

The parser is quadratic in places, and there are texts that multiply: a table of as many columns as
rows, a link definition that is used a thousand times. Nobody writes so, but for harm. The work is
counted in steps, so that a text that is refused once is refused on every machine.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.ruler import RuleOptionsType
from markdown_it.rules_block import StateBlock, table
from markdown_it.rules_core import StateCore, linkify
from markdown_it.rules_inline import StateInline
from markdown_it.rules_inline import linkify as linkify_here

STEPS = 8_000  # the longest text that means well takes a fourth of it
CELLS = 2_000  # of all tables in a text
LONG_WORD = re.compile(r"\S{2001}")  # no address is so long, and finding one in it is quadratic
_DELIMITERS = re.compile(r"[-:|][-:|\s]*\Z")  # the second line of a table
_CHAINS: RuleOptionsType = {"alt": ["paragraph", "reference", "blockquote", "list"]}


class TooIntricate(Exception):
    """Drawing the text would take too long."""


def bound(parser: MarkdownIt) -> None:
    """Let the parser give up with TooIntricate. Call it last, when all rules are enabled."""
    parser.block.ruler.before("table", "bound", _count_block, _CHAINS)
    parser.inline.ruler.before("text", "bound", _count_inline)
    parser.block.ruler.at("table", _table, {"alt": ["paragraph", "reference"]})
    parser.core.ruler.at("linkify", _linkify)
    parser.inline.ruler.at("linkify", _linkify_here)


def _step(env: MutableMapping[str, Any]) -> bool:
    env["steps"] = env.get("steps", 0) + 1
    if env["steps"] > STEPS:
        raise TooIntricate
    return False


def _count_block(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    return _step(state.env)


def _count_inline(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    return _step(state.env)


def _table(state: StateBlock, line: int, end: int, silent: bool) -> bool:  # noqa: FBT001
    """A table, unless it or those before it are too large: then its lines are text."""
    if line + 2 > end or not _DELIMITERS.match(_text(state, line + 1)):
        return False
    left = CELLS - state.env.get("cells", 0)
    columns = _text(state, line + 1).count("|") + 1
    cells = columns * _rows(state, line, min(end, line + 2 + left // columns))
    if cells > left:
        state.env["cells"] = CELLS
        return False
    drawn = table(state, line, end, silent)
    if drawn and not silent:
        state.env["cells"] = CELLS - left + cells
    return drawn


def _text(state: StateBlock, line: int) -> str:
    return state.src[state.bMarks[line] + state.tShift[line] : state.eMarks[line]]


def _rows(state: StateBlock, line: int, end: int) -> int:
    """How many lines there are up to a blank one."""
    return next((row for row in range(line, end) if state.isEmpty(row)), end) - line


def _linkify(state: StateCore) -> None:
    if not LONG_WORD.search(state.src):
        linkify(state)


def _linkify_here(state: StateInline, silent: bool) -> bool:  # noqa: FBT001
    found = state.src.startswith("://", state.pos)
    return found and not LONG_WORD.match(state.src, state.pos) and linkify_here(state, silent)
