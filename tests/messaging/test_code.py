"""Code within a text: found as the page draws it, and in one pass."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from messaging.code import without_code
from messaging.templatetags.markdown import rendered
from messaging.texts import BODY_LIMIT, mentioned

# Without what has to do with other things than blocks and code.
PARSER = MarkdownIt("commonmark", {"html": False}).disable(
    ["emphasis", "link", "image", "autolink", "entity", "reference"]
)
PIECES = ["`", "``", "```", "~~~", "@lin", "@kay", "\n", "\n", "\n\n", " ", "    ", "\t", "a", "\\"]
BLOCKS = ["# ", "\n---\n", "===", "\n> ", "\n> > "]


def texts(*pieces: str) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(pieces), max_size=14).map("".join)


def named_by_the_parser(text: str) -> list[str]:
    blocks = [token for token in PARSER.parse(text) if token.type == "inline"]
    return [name for block in blocks for name in re.findall("@lin|@kay", _said(block))]


def _said(block: Token) -> str:
    breaks = {"code_inline": " ", "softbreak": "\n", "hardbreak": "\n"}
    return "".join(breaks.get(child.type, child.content) for child in block.children or [])


@settings(deadline=None, max_examples=400)
@given(texts(*PIECES, *BLOCKS))
@example("> ```\n@lin")
@example("> `a\n> @lin` @kay")
@example("a\n    @lin\n\n    @kay")
@example("\\`@lin` @kay`")
@example("`@lin\n\n@kay`")
def test_what_is_code_is_what_is_drawn_as_code(text: str) -> None:
    assert re.findall("@lin|@kay", without_code(text)) == named_by_the_parser(text)


@pytest.mark.parametrize(
    "text",
    [
        "- see:\n  ```\n  @lin\n\n  @lin\n  ```\n- @kay",
        "1. one\n\n   ```py\n   @lin\n   ```\n\n2. @kay",
        "- a\n  - b\n    ~~~\n    @lin\n    ~~~\n  - @kay",
        "> - `@lin` and @kay",
        "* `@lin\n  @lin` @kay",
        "- a\n\n    @kay",
    ],
)
def test_lists_and_quotes_are_looked_through(text: str) -> None:
    assert mentioned(text) == ["kay"] == [name[1:] for name in named_by_the_parser(text)]


@settings(deadline=None, max_examples=200)
@given(texts(*PIECES, "_", "*", "é", "看", "@dept:x", "@all", "[", "](/x)", "."))
@example("_@lin_ 请@kay看")
@example("@all and @dept:x")
def test_only_who_is_named_is_drawn_as_named(text: str) -> None:
    linked = set(re.findall(r'class="mention"[^>]*>@([^<]+)', rendered(text)))
    linked |= set(re.findall(r'href="/people/([^/]+)/', rendered(text)))
    assert linked <= {*mentioned(text)} - {"all", "dept:x"}


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "unit",
    ["`", "`a", "``a`", "~~~\n", "\\`", "a\n", "\n", "> ", ">\n", "- ", "-\n", "* ", "    \n", "\t",
     "a\n=\n", "> `\n", "```\n\n", "1. "],
)  # fmt: skip
def test_reading_takes_time_in_proportion(unit: str) -> None:
    """Four times the text takes about four times as long, and no text takes long."""
    body = (unit * BODY_LIMIT)[:BODY_LIMIT]
    assert _seconds(body) < 0.3
    assert _seconds(body) < 12 * _seconds(body[: BODY_LIMIT // 4]) + 0.01


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "body",
    ["x" + "`" * 10_000 + "a" * 9_980 + " @lin", ">" * 18 + "a\n" + "b\n" * 9_900,
     "".join("`" * (n % 190 + 1) + "a" for n in range(380)), " " * 19_990 + "- a"],
)  # fmt: skip
def test_no_arrangement_is_slow_to_read(body: str) -> None:
    assert _seconds(body) < 0.3


def _seconds(body: str) -> float:
    return min(_once(body) for _ in range(3))


def _once(body: str) -> float:
    started = time.process_time()
    without_code(body)
    return time.process_time() - started
