"""Markdown of members as safe HTML.

Two independent lines of defence: the parser never passes HTML on, and what it makes is sanitised
against a short list of elements. The Content-Security-Policy without inline script is the third.
Outside images are not fetched on sight: they become links.
"""

from __future__ import annotations

import functools
import re
from itertools import pairwise
from typing import Any
from urllib.parse import quote

import nh3
from django import template
from django.utils.html import escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

register = template.Library()

TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre"}
TAGS |= {"blockquote", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
CLASSES = {"a": {"mention", "outside-image"}}
BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
SCHEMES = {"http", "https", "mailto"}
# @lin and #general: not inside a word or an address. "#12" is no channel but a number of something.
NAMED = re.compile(
    r"(?<![\w@#/.&])"
    r"(?:@([a-z][a-z0-9]*(?:[._-][a-z0-9]+)*)|#([^\W\d_]\w*(?:-[^\W_]+)*))"
    r"(?![\w@]|:\w)",
    re.IGNORECASE,
)


@register.filter
def markdown(text: str) -> SafeString:
    """The text of a message as HTML that can't run anything."""
    return mark_safe(rendered(text))  # noqa: S308 - sanitised


@functools.lru_cache(maxsize=4096)
def rendered(text: str) -> str:
    """Bodies never change, so each is rendered once as long as it is in use."""
    return _cleaner().clean(_parser().render(text))


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    parser.enable(["linkify", "table", "strikethrough"])
    if parser.linkify is not None:  # else settings.py would be a site in Paraguay
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    parser.core.ruler.push("boxes", _draw_boxes)
    parser.core.ruler.push("names", _link_names)
    parser.add_render_rule("image", _image_as_link)
    return parser


@functools.cache
def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=TAGS,
        attributes=ATTRIBUTES,
        allowed_classes=CLASSES,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
    )


def _image_as_link(renderer: Any, tokens: list[Token], index: int, options: Any, env: Any) -> str:
    token = tokens[index]
    link = Token("link_open", "a", 1, attrs={"href": token.attrs.get("src", "")})
    link.attrJoin("class", "outside-image")
    label = renderer.renderInlineAsText(token.children or [], options, env) or "image"
    text = Token("text", "", 0, content=f"Load image: {label}")
    return str(renderer.renderInline([link, text, Token("link_close", "a", -1)], options, env))


def _draw_boxes(state: StateCore) -> None:
    """ "- [x] done" as agents write it: a ticked box."""
    for before, block in pairwise(state.tokens):
        started = before.type == "paragraph_open" and before.level > 1
        if started and block.children and block.children[0].content[:4] in BOXES:
            first = block.children[0]
            first.content = BOXES[first.content[:4]] + first.content[4:]


def _link_names(state: StateCore) -> None:
    """Turn @handles and #channels in running text into links; code and links stay as they are."""
    for block in state.tokens:
        if block.type == "inline" and block.children:
            block.children = _with_names(block.children)


def _with_names(children: list[Token]) -> list[Token]:
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "text" and depth == 0:
            linked += _split_names(child)
        else:
            linked.append(child)
    return linked


def _split_names(text: Token) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in NAMED.finditer(text.content):
        parts.append(Token("text", "", 0, content=text.content[end : match.start()]))
        parts += _link_to(match)
        end = match.end()
    return [*parts, Token("text", "", 0, content=text.content[end:])] if parts else [text]


def _link_to(match: re.Match[str]) -> list[Token]:
    place = "people" if match[1] else "channels"
    link = Token("link_open", "a", 1, attrs={"href": f"/{place}/{quote(match[0][1:].lower())}/"})
    link.attrJoin("class", "mention")
    return [link, Token("text", "", 0, content=match[0]), Token("link_close", "a", -1)]


@register.filter
def marked(text: str, query: str) -> SafeString:
    """A plain excerpt with the words of the query marked."""
    words = sorted(re.findall(r"\w+", query), key=len, reverse=True)
    if not words:
        return SafeString(escape(text))
    parts = re.split(f"({'|'.join(map(re.escape, words))})", text, flags=re.IGNORECASE)
    shown = (
        format_html("<mark>{}</mark>", part) if at % 2 else part for at, part in enumerate(parts)
    )
    return format_html_join("", "{}", ((part,) for part in shown))
