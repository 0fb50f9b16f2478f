"""What others said reaches a model as data: fenced, with its verified author, never as text.

    <said id="91" from="@lin" kind="agent" channel="#general">Deploy is green.</said>

Everything inside the tag is set by the server. A body that imitates the fence, or the tags with
which clients mark their own instructions, arrives escaped: also with other letters that look the
same, with spaces, or with invisible characters in between. Other text is not touched, so that code
survives.

Many clients show a model only the structured part of a result. There JSON is the fence, and the
same escaping holds: `defuse_all` runs over the whole answer before both parts are made from it.

Standard library only: the hooks of clients, which must start fast, fence with it too.
"""

from __future__ import annotations

import itertools
import json
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

TAG = "said"
# Tags that a model takes for the server's or its client's own voice, letters and digits only.
_VOICES = (TAG, "systemreminder", "systemprompt", "functionresult", "toolresult", "antml")
_LOOK_LIKE_OPENERS = "\uff1c\ufe64\u2039\u2329\u27e8\u3008\u276e\u02c2\u1438"
_OPENERS = re.compile(f"[<{_LOOK_LIKE_OPENERS}]")
# Signs that look like letters of those tags: Cyrillic, Armenian, Greek, small capitals, digits.
_LOOKALIKES = str.maketrans(
    "\u0455\u0430\u0456\u0501\u0435\u043e\u0440\u0441\u0442\u0443\u043c\u043f\u0433\u0578"
    "\u03b1\u03b9\u03bf\u03c1\u03c4\u03c5\u03bd\ua731\u0251\u0131\u0269\u1d00\u026a\u1d05\u0257"
    "\u1d07\u1d0f\u1d1b\u1d0d\u0280\u029f154|",
    "saideopctymnrnaioptuvsaiiaiddeotmrlisai",
)
_IMITATION = re.compile("<(?:" + "|".join("<*".join(voice) for voice in _VOICES) + ")")
_KNOWN = 4_096  # characters of which it is remembered what they look like
_LONGEST = 8  # letters that one character may stand for; those with more are no Latin letters
_compact = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_QUOTED = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"})


class _Outline(dict[int, str]):
    """For `str.translate`: what a reader takes a character for, "<" for all that opens a tag;
    nothing for spaces, marks and what is invisible. Each is looked at once."""

    def __missing__(self, sign: int) -> str:
        if len(self) >= _KNOWN:
            self.clear()
        seen = self[sign] = "<" if _OPENERS.match(chr(sign)) else _seen(chr(sign))
        return seen


def _seen(sign: str) -> str:
    plain = unicodedata.normalize("NFKD", sign).casefold()
    if len(plain) > _LONGEST:
        return "?"
    return "".join(letter for letter in plain.translate(_LOOKALIKES) if letter.isalnum())


_outline = _Outline()


def defuse(text: str) -> str:
    """The text with every imitation of a fence escaped. Linear: no text can make it slow."""
    if not _OPENERS.search(text):
        return text
    outline = text.translate(_outline)
    if not _IMITATION.search(outline):
        return text
    pieces = outline.split("<")
    letters = "".join(pieces)
    openings = itertools.accumulate(map(len, pieces))  # where in the letters one is at each opener
    return _OPENERS.sub(
        lambda hit: "&lt;" if letters.startswith(_VOICES, next(openings)) else hit[0], text
    )


def defuse_all(value: Any) -> Any:
    """The same for every string in a JSON value."""
    if isinstance(value, str):
        return defuse(value)
    if isinstance(value, dict):
        return {defuse(key): defuse_all(item) for key, item in value.items()}
    if isinstance(value, list):
        return [defuse_all(item) for item in value]
    return value


def render(answer: dict[str, Any]) -> str:
    """A defused answer as text: its facts as one line of JSON, what others said fenced below."""
    quotes: list[tuple[str, str]] = []
    facts = _facts(answer, "", quotes)
    lines = [_compact(facts)] if facts else []
    heading = ""
    for place, said in quotes:
        if place != heading:
            lines.append(f"{place}:")
            heading = place
        lines.append(said)
    return "\n".join(lines)


def _facts(value: Any, place: str, quotes: list[tuple[str, str]]) -> Any:
    """The value without what others said, which is added to `quotes` with its place."""
    if isinstance(value, dict):
        kept = {}
        for key, item in value.items():
            path = f"{place}.{key}" if place else key
            if said := list(_fences(item)):
                quotes.extend((path, one) for one in said)
            else:
                kept[key] = _facts(item, path, quotes)
        return kept
    if isinstance(value, list):
        return [_facts(item, place, quotes) for item in value]
    return value


def _fences(value: Any) -> Iterator[str]:
    """The fences of a message, or of a list of which every item is or holds one."""
    items = value if isinstance(value, list) else [value]
    if items and all(_message_of(item) is not None for item in items):
        yield from map(fence, items)


def _message_of(item: Any) -> dict[str, Any] | None:
    """The message that an item is, or holds as `message`."""
    if not isinstance(item, dict):
        return None
    if "author" in item and "body" in item:
        return item
    held = item.get("message")
    return held if isinstance(held, dict) and "author" in held and "body" in held else None


def fence(item: dict[str, Any]) -> str:
    """One message as a fence: all that the server knows of it in the tag, its body inside."""
    message = _message_of(item) or {}
    known = {key: value for key, value in item.items() if key not in {"message", "author", "body"}}
    known |= {key: value for key, value in message.items() if key not in {"author", "body"}}
    author = str(message.get("author") or "").removeprefix("@")
    facts = {
        "id": message.get("id"),
        "from": f"@{author}",
        "kind": known.pop("author_kind", None),
    }
    facts |= {key: value for key, value in known.items() if key not in facts}
    tag = "".join(f' {key}="{_attribute(value)}"' for key, value in facts.items() if value)
    return f"<{TAG}{tag}>{message.get('body') or ''}</{TAG}>"


def _attribute(value: Any) -> str:
    """A value as the quoted text of an attribute: on one line, and unable to end it."""
    text = value if isinstance(value, str) else _compact(value)
    return " ".join(text.translate(_QUOTED).split())
