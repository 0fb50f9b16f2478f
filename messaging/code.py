"""Which parts of a text are code, in one pass: whoever is named there is not meant.

The rules are those of CommonMark, in which members write: fences, indented blocks, and spans that
end with a run of backticks as long as the one they began with. Quotes and lists are looked
through. Time grows with the length of the text and with nothing else, because every message pays.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator

NESTING = 20  # deeper quotes and lists are not drawn as such either
_QUOTE = re.compile(r" {0,3}> ?")
_ITEM = re.compile(r" *(?:[-+*]|\d{1,9}[.)])(?: |\Z)")
_FENCE = re.compile(r" *(?:(`{3,})[^`]*|(~{3,}).*)\Z")
# Headings and rules: blocks of one line. The other kind of heading is text with a line under it.
_ALONE = re.compile(r" {0,3}(?:#{1,6}(?: |\Z)|([*_-])(?: *\1){2,} *\Z)")
_UNDERLINE = re.compile(r" {0,3}(?:=+|-+) *\Z")
_RUN = re.compile(r"`+")
_OPENER = re.compile(r"\\[\\`]|`+")


def without_code(text: str) -> str:
    """The text with a space in place of each span of code, and without blocks of code."""
    return "\n".join(_without_spans("\n".join(block)) for block in _blocks(text))


def _blocks(text: str) -> Iterator[list[str]]:
    """The blocks of running text, as lines: spans do not reach from one into another."""
    block: list[str] = []
    fence, quotes, listed = "", 0, False
    for line in text.expandtabs(4).split("\n"):
        if block and not fence and line[:1].isalpha():  # most lines: they just go on
            block.append(line)
            listed = False
            continue
        depth, rest = _unquoted(line, quotes if fence else NESTING)
        if fence and depth == quotes:
            fence = "" if _closes(rest, fence) else fence
            continue
        said = _without_items(rest)
        listed = said != rest or (listed and rest[:1] in {"", " "})
        indented = not listed and rest.startswith("    ")
        opener = None if indented else _FENCE.match(said)
        fence = (opener[1] or opener[2]) if opener else ""
        alone = not indented and bool(_ALONE.match(said) or (block and _UNDERLINE.match(said)))
        starts = said != rest or depth > quotes
        if fence or alone or starts or not said.strip():
            yield block
            block = []
        if alone:
            yield [said]
        elif said.strip() and not fence and (block or not indented):
            block.append(said)
        quotes = depth if starts or len(block) < 2 else quotes  # a second line may lack its marks
    yield block


def _unquoted(line: str, most: int) -> tuple[int, str]:
    """How many quotes a line stands in, up to so many, and what it says there."""
    depth = 0
    while depth < most and (mark := _QUOTE.match(line)):
        line, depth = line[mark.end() :], depth + 1
    return depth, line


def _without_items(line: str) -> str:
    """A line without the marks of the list items that begin on it."""
    for _ in range(NESTING):
        if line.startswith("    ") or _ALONE.match(line) or not (mark := _ITEM.match(line)):
            break
        line = line[mark.end() :]
    return line


def _closes(line: str, fence: str) -> bool:
    rest = line.strip(" ")
    return len(rest) >= len(fence) and not rest.strip(fence[0])


def _without_spans(text: str) -> str:
    if "`" not in text:
        return text
    runs: dict[int, list[int]] = defaultdict(list)
    for run in _RUN.finditer(text):
        runs[len(run[0])].append(run.start())
    kept: list[str] = []
    at = 0
    while (opener := _OPENER.search(text, at)) is not None:
        start, end = opener.span()
        same = runs[end - start] if text[start] == "`" else []
        closer = bisect_left(same, end)
        if closer < len(same):
            kept += [text[at:start], " "]
            at = same[closer] + end - start
        else:
            kept.append(text[at:end])
            at = end
    return "".join([*kept, text[at:]])
