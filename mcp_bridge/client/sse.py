"""Server-sent events from bytes that come in any portions (WHATWG, section 9.2.6).

Standard library only, and no decoding before a line is whole: a network read may end inside of a
character.
"""

from __future__ import annotations

import re
from typing import NamedTuple

MAX_EVENT = 16 * 1024 * 1024
_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Event(NamedTuple):
    """One event. `id` is the last that the stream gave, as a client sends it back."""

    data: str
    id: str
    name: str


class TooMuch(ValueError):
    """An event is larger than any that a server of ours sends."""


class Parser:
    """Feed it what arrives; it gives the events that are complete."""

    def __init__(self) -> None:
        self._rest = b""
        self._begun = False
        self._data: list[bytes] = []
        self._name = ""
        self._size = 0
        self.last_id = ""
        self.retry: int | None = None
        """milliseconds to wait before the next connection, where the server said so"""

    def feed(self, portion: bytes) -> list[Event]:
        """The events that this portion completes. Raises TooMuch."""
        text = self._rest + portion
        if not self._begun:
            if _BOM.startswith(text[:3]) and len(text) < len(_BOM):
                self._rest = text
                return []
            self._begun, text = True, text.removeprefix(_BOM)
        found: list[Event] = []
        start = 0
        for end in _END.finditer(text):
            if end[0] == b"\r" and end.end() == len(text):  # its "\n" may come next
                break
            if (event := self._line(text[start : end.start()])) is not None:
                found.append(event)
            start = end.end()
        self._rest = text[start:]
        if len(self._rest) + self._size > MAX_EVENT:
            raise TooMuch(f"an event of more than {MAX_EVENT} bytes")
        return found

    def _line(self, line: bytes) -> Event | None:
        if not line:
            return self._dispatch()
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
            self._size += len(value)
        elif name == b"event":
            self._name = value.decode("utf-8", "replace")
        elif name == b"id" and b"\0" not in value:
            self.last_id = value.decode("utf-8", "replace")
        elif name == b"retry" and value.isdigit():
            self.retry = int(value[:9])
        return None

    def _dispatch(self) -> Event | None:
        data, name = self._data, self._name
        self._data, self._name, self._size = [], "", 0
        if not data:
            return None
        return Event(b"\n".join(data).decode("utf-8", "replace"), self.last_id, name)
