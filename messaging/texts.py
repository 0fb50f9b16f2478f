"""What a message may contain, and whom it names."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from annotated_types import MaxLen, MinLen

from messaging.code import without_code
from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_text

BODY_LIMIT = 20_000  # characters
Body = Annotated[str, MinLen(1), MaxLen(BODY_LIMIT)]
Target = Annotated[str, MinLen(1), MaxLen(400)]

_SIGN_OF_CODE = re.compile(r"`|~~~|    |\t")
# Not within a word or an address: a@lin, @lin@example.com and @línea name nobody. Scripts that
# write without spaces do: 请@lin看一下.
_LETTER = "a-z0-9\u00c0-\u024f"
MENTION = re.compile(
    rf"(?<![{_LETTER}_@/.])@((?:dept:|role:)?[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*)(?![{_LETTER}@])",
    re.IGNORECASE | re.ASCII,
)
EVERYBODY = frozenset({"channel", "everyone", "all", "here"})


def clean_body(body: str) -> str:
    """The text of a message. Raises InvalidInput for what is not text or says nothing."""
    return clean_text("body", body, required=True)


def mentioned(body: str) -> list[str]:
    """The names after @ outside code, in order, each once: handles, `dept:x`, `role:x`, groups."""
    if "@" not in body:
        return []
    plain = without_code(body) if _SIGN_OF_CODE.search(body) else body
    return list(dict.fromkeys(name.lower() for name in MENTION.findall(plain)))


_NAME = re.compile(r"[^\W_]+(?:[_-][^\W_]+)*\Z")
_OF_A_TASK = re.compile(r"t-[0-9]+\Z")
NAME_LIMIT = 60


def clean_channel_name(wanted: str) -> str:
    """A channel name in its stored form, without the #. Raises InvalidInput."""
    name = unicodedata.normalize("NFKC", wanted).strip().removeprefix("#").lower()
    if _OF_A_TASK.match(name):
        raise InvalidInput(
            f"#{name} is kept for the discussion of a task.",
            fields={"name": "kept for a task"},
            next=f"Add a word, such as 'team-{name}'.",
        )
    if not (1 <= len(name) <= NAME_LIMIT and _NAME.match(name)):
        raise InvalidInput(
            f"{wanted[:80]!r} cannot be the name of a channel.",
            fields={"name": "not a channel name"},
            next="Use letters and digits, with single - or _ between them, such as 'release-2'.",
        )
    return name
