"""Markdown of members as safe HTML.

Two independent lines of defence: the parser never passes HTML on, and what it makes is sanitised
against a short list of elements. The Content-Security-Policy without inline script is the third.
Outside images are not fetched on sight: they become links.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
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

from messaging.drawing import TooIntricate, bound
from messaging.search import parts
from messaging.texts import EVERYBODY, MENTION, mentioned

register = template.Library()

TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "strong", "em", "s", "code", "pre"}
TAGS |= {"blockquote", "ul", "ol", "li", "a", "table", "thead", "tbody", "tr", "th", "td"}
ATTRIBUTES = {"a": {"href", "title"}, "ol": {"start"}}
CLASSES = {"a": {"mention", "outside-image", "names-task"}}
BOXES = {"[ ] ": "☐ ", "[x] ": "☑ ", "[X] ": "☑ "}
NAMES = "names"  # in the environment of the parser: whom the text names
LONGEST = 200_000  # characters of HTML: ten times the longest text
SCHEMES = {"http", "https", "mailto"}
# Names in running text: whom `mentioned` finds, channels, tasks and their discussions. "#12" is a
# number of something.
NAMED = re.compile(
    r"(?<![\w@#/.&-])(?:#[tT]|(?-i:T))-([1-9]\d{0,17})(?![\w@-]|\.\d|:\w)"
    rf"|{MENTION.pattern}|(?<![\w@#/.&])#([^\W\d_][^\W_]*(?:[_-]+[^\W_]+)*)(?![\w@]|:\w)",
    re.IGNORECASE,
)


@register.filter
def markdown(text: str) -> SafeString:
    """The text of a message as HTML that can't run anything."""
    return mark_safe(rendered(text))  # noqa: S308 - sanitised


@functools.lru_cache(maxsize=1024)
def rendered(text: str) -> str:
    """The same text is rendered once as long as it is in use."""
    try:
        html = _parser().render(text, {NAMES: frozenset(mentioned(text))})
    except TooIntricate:
        return as_written(text)
    return _cleaner().clean(html) if len(html) <= LONGEST else as_written(text)


def as_written(text: str) -> str:
    """A text that is too intricate to draw, sign for sign."""
    note = "This is shown as it was written: drawing it would take too long."
    return f"<p><em>{note}</em></p>\n<pre><code>{escape(text)}</code></pre>\n"


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "linkify": True, "breaks": True})
    parser.enable(["linkify", "table", "strikethrough"])
    if parser.linkify is not None:  # else settings.py would be a site in Paraguay
        parser.linkify.set({"fuzzy_link": False, "fuzzy_email": False, "fuzzy_ip": False})
    bound(parser)
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
            block.children = _with_names(block.children, state.env[NAMES])


def _with_names(children: list[Token], names: frozenset[str]) -> list[Token]:
    linked: list[Token] = []
    depth = 0
    for child in children:
        depth += {"link_open": 1, "link_close": -1}.get(child.type, 0)
        if child.type == "text" and depth == 0:
            linked += _split_names(child, names)
        else:
            linked.append(child)
    return linked


def _split_names(text: Token, names: frozenset[str]) -> list[Token]:
    parts: list[Token] = []
    end = 0
    for match in NAMED.finditer(text.content):
        if link := _link_to(match, names):
            parts.append(Token("text", "", 0, content=text.content[end : match.start()]))
            parts += link
            end = match.end()
    return [*parts, Token("text", "", 0, content=text.content[end:])] if parts else [text]


def _link_to(match: re.Match[str], names: frozenset[str]) -> list[Token]:
    """The link for a name; none for groups, and for what reached nobody as a name."""
    task, member, channel = (name and name.lower() for name in match.groups())
    if task:
        return _link(match, f"/tasks/{task}/", "mention names-task")
    if member and (member not in names or member in EVERYBODY or ":" in member):
        return []
    address = f"/people/{quote(member)}/" if member else f"/channels/{quote(channel)}/"
    return _link(match, address, "mention")


def _link(match: re.Match[str], address: str, kind: str) -> list[Token]:
    link = Token("link_open", "a", 1, attrs={"href": address})
    link.attrJoin("class", kind)
    return [link, Token("text", "", 0, content=match[0]), Token("link_close", "a", -1)]


NAMES_TASK = re.compile(r'<a href="/tasks/(\d+)/" class="mention names-task"[^>]*>([^<]*)</a>')


def without_links(html: str, unlink: Callable[[set[int]], set[int]]) -> str:
    """A page in which only those links to tasks that a text names are left that `unlink` does not
    give back, of those that there are. The rest is text again."""
    named = {int(number) for number, _ in NAMES_TASK.findall(html)}
    if not named:
        return html
    gone = unlink(named)
    return NAMES_TASK.sub(lambda hit: hit[2] if int(hit[1]) in gone else hit[0], html)


@register.filter
def marked(text: str, query: str) -> SafeString:
    """A plain excerpt with the words of the query marked."""
    shown = (
        format_html("<mark>{}</mark>", part) if hit else part for part, hit in parts(text, query)
    )
    return format_html_join("", "{}", ((part,) for part in shown))
