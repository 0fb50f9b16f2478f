"""Changing one entry of somebody's JSON file and nothing else: comments, order and layout stay.

Reads JSON as editors write it, with comments and trailing commas, and remembers where everything
stands; a change is a change of text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, NamedTuple

_TOKEN = re.compile(r'"(?:[^"\\\x00-\x1f]|\\.)*"|[{}\[\]:,]|[^\s{}\[\]:,"/]+')
_SPACE = re.compile(r"\s+")
_COMMENT = re.compile(r"//[^\r\n]*|/\*.*?\*/", re.DOTALL)
MISSING: Any = object()
MAX_DEPTH = 200


class Broken(ValueError):
    """The text is not what it should be, at this place."""

    def __init__(self, text: str, position: int, wrong: str) -> None:
        line = text.count("\n", 0, position) + 1
        column = position - text.rfind("\n", 0, position)
        super().__init__(f"line {line}, column {column}: {wrong}")


class Node(NamedTuple):
    """A value and where it stands. Objects have members, arrays have items, with the key ''."""

    start: int
    end: int
    value: Any
    members: list[tuple[str, int, Node]]
    """key, where the key (or item) begins, value"""

    def find(self, key: str) -> int:
        """The number of the member that counts: of several with one key it is the last."""
        numbers = [number for number, member in enumerate(self.members) if member[0] == key]
        return numbers[-1] if numbers else -1


class _Reader:
    """Recursive descent over the tokens of a text."""

    def __init__(self, text: str, *, comments: bool) -> None:
        self.text = text
        self.comments = comments
        self.position = 0

    def read(self) -> Node:
        node = self._value(0)
        if (found := self._peek()) is not None:
            raise self._broken(f"{found!r} is too much")
        return node

    def _broken(self, wrong: str) -> Broken:
        return Broken(self.text, self.position, wrong)

    def _skip(self) -> None:
        while True:
            if space := _SPACE.match(self.text, self.position):
                self.position = space.end()
            elif self.text.startswith("/", self.position):
                self._skip_comment()
            else:
                return

    def _skip_comment(self) -> None:
        comment = _COMMENT.match(self.text, self.position)
        if comment is None or not self.comments:
            raise self._broken("a comment" if comment else "'/'")
        self.position = comment.end()

    def _peek(self) -> str | None:
        self._skip()
        if self.position == len(self.text):
            return None
        token = _TOKEN.match(self.text, self.position)
        if token is None:
            raise self._broken("a text without an end")
        return token[0]

    def _take(self, expected: str = "") -> str:
        token = self._peek()
        if token is None or (expected and token != expected):
            raise self._broken(f"{expected or 'a value'!r} is missing")
        self.position += len(token)
        return token

    def _value(self, depth: int) -> Node:
        token = self._peek()
        if depth > MAX_DEPTH:
            raise self._broken("too deeply nested")
        if token in {"{", "["}:
            return self._container(token, depth)
        start = self.position
        return Node(start, start + len(token or ""), self._scalar(), [])

    def _scalar(self) -> Any:
        start = self.position
        token = self._take()
        try:
            return json.loads(token)
        except ValueError:
            self.position = start
            raise self._broken(f"{token[:40]!r} is no value") from None

    def _container(self, opener: str, depth: int) -> Node:
        start, closer = self.position, "}" if opener == "{" else "]"
        self._take()
        members: list[tuple[str, int, Node]] = []
        while self._peek() != closer:
            members.append(self._member(closer, depth))
            if self._peek() != closer:
                self._take(",")
                if self._peek() == closer and not self.comments:
                    raise self._broken("a comma before the end")
        self._take(closer)
        values: Any = [node.value for *_, node in members]
        if closer == "}":
            values = {key: node.value for key, _, node in members}
        return Node(start, self.position, values, members)

    def _member(self, closer: str, depth: int) -> tuple[str, int, Node]:
        self._peek()
        begin, key = self.position, ""
        if closer == "}":
            key = self._scalar()
            if not isinstance(key, str):
                self.position = begin
                raise self._broken("a name in quotes is missing")
            self._take(":")
        return key, begin, self._value(depth + 1)


class Document:
    """A JSON file as text, with changes made to it one by one."""

    def __init__(self, text: str, *, comments: bool = False) -> None:
        """Raises Broken."""
        self._comments = comments
        self.text = text if text.strip("\ufeff \t\r\n") else "{}\n"
        self._line_end = "\r\n" if "\r\n" in text else "\n"
        self._root()

    def _root(self) -> Node:
        reader = _Reader(self.text, comments=self._comments)
        reader.position = len(self.text) - len(self.text.removeprefix("\ufeff"))
        root = reader.read()
        if not isinstance(root.value, dict):
            raise Broken(self.text, root.start, "an object is expected")
        return root

    @property
    def value(self) -> Any:
        return self._root().value

    def get(self, path: Sequence[str]) -> Any:
        """The value at a path, or MISSING."""
        node = self._node(path)
        return MISSING if node is None else node.value

    def _node(self, path: Sequence[str]) -> Node | None:
        node = self._root()
        for key in path:
            number = node.find(key) if isinstance(node.value, dict) else -1
            if number < 0:
                return None
            node = node.members[number][2]
        return node

    def _container(self, path: Sequence[str], kind: type) -> Node:
        node = self._node(path)
        assert node is not None
        if not isinstance(node.value, kind):
            wanted = "an object" if kind is dict else "a list"
            raise Broken(self.text, node.start, f"{'.'.join(path)} should be {wanted}")
        return node

    # Changes

    def put(self, path: Sequence[str], value: Any) -> None:
        """Set the value at a path; what leads there is made. Raises Broken."""
        *parents, key = path
        for depth in range(len(parents)):
            if self._node(parents[: depth + 1]) is None:
                rest: Any = value
                for name in reversed(path[depth + 1 :]):
                    rest = {name: rest}
                self._add(self._container(parents[:depth], dict), parents[depth], rest)
                return
        holder = self._container(parents, dict)
        number = holder.find(key)
        if number < 0:
            self._add(holder, key, value)
            return
        _, begin, node = holder.members[number]
        self._replace(node.start, node.end, self._rendered(value, begin))

    def append(self, path: Sequence[str], value: Any) -> None:
        """Add an item to the list at a path, which is made if need be. Raises Broken."""
        if self._node(path) is None:
            self.put(path, [value])
        else:
            self._add(self._container(path, list), None, value)

    def remove(self, path: Sequence[str]) -> None:
        """Remove what is at a path."""
        holder = self._node(path[:-1])
        if holder is not None and (number := holder.find(path[-1])) >= 0:
            self._cut(holder, number)

    def remove_item(self, path: Sequence[str], value: Any) -> None:
        """Remove the items of a list that equal this."""
        while True:
            holder = self._node(path)
            if holder is None or not isinstance(holder.value, list) or value not in holder.value:
                return
            self._cut(holder, holder.value.index(value))

    def _replace(self, start: int, end: int, new: str) -> None:
        self.text = self.text[:start] + new + self.text[end:]

    def _add(self, holder: Node, key: str | None, value: Any) -> None:
        name = "" if key is None else f"{json.dumps(key, ensure_ascii=False)}: "
        inside = self.text[holder.start + 1 : holder.end - 1]
        if holder.members and "\n" not in inside:  # all on one line: so is the new one
            new = name + json.dumps(value, ensure_ascii=False)
            last = holder.members[-1][2].end
            self._replace(last, last, f", {new}")
            return
        outer = self._indentation(holder.start)
        inner = self._indentation(holder.members[-1][1]) if holder.members else outer + self._unit()
        new = f"{self._line_end}{inner}{name}{self._laid_out(value, inner)}"
        # Behind what stands before the bracket, comments too; the comma goes to the value itself.
        place = holder.start + 1 + len(inside.rstrip())
        end = "" if "\n" in self.text[place : holder.end - 1] else self._line_end + outer
        self._replace(place, place, new + end)
        if holder.members:
            last = holder.members[-1][2].end
            if not self._comma_after(last, holder.end - 1):
                self._replace(last, last, ",")

    def _cut(self, holder: Node, number: int) -> None:
        """Take a member out together with one comma and its own line."""
        _, begin, node = holder.members[number]
        if number + 1 < len(holder.members):
            comma = self._comma_after(node.end, holder.end - 1)
            self._replace(begin, _next(self.text, comma), "")
        elif number:
            last = holder.members[number - 1][2].end
            self._replace(last, node.end, self._kept_between(last, begin))
        else:
            self._replace(holder.start + 1, node.end, "")
            self._close_up(holder.start)

    def _kept_between(self, start: int, end: int) -> str:
        """The comments between two members, without the comma and the empty line."""
        between = self.text[start:end]
        comma = self._comma_after(start, end) - start
        return (between[: comma - 1] + between[comma:]).rstrip() if comma > 0 else ""

    def _close_up(self, start: int) -> None:
        """An object of which the last member went: "{}" rather than an empty line."""
        rest = self.text[start + 1 :]
        stripped = rest.lstrip(" \t\r\n,")
        if stripped[:1] in {"}", "]"}:
            self.text = self.text[: start + 1] + stripped

    def _comma_after(self, position: int, end: int) -> int:
        """Where the comma after a value ends; 0 without one."""
        reader = _Reader(self.text[:end], comments=self._comments)
        reader.position = position
        return reader.position + 1 if reader._peek() == "," else 0

    # Layout

    def _indentation(self, position: int) -> str:
        line = self.text[self.text.rfind("\n", 0, position) + 1 : position]
        return line[: len(line) - len(line.lstrip())]

    def _unit(self) -> str:
        found = re.search(r"\n([ \t]+)\S", self.text)
        return found[1] if found else "  "

    def _rendered(self, value: Any, begin: int) -> str:
        return self._laid_out(value, self._indentation(begin))

    def _laid_out(self, value: Any, indentation: str) -> str:
        text = json.dumps(value, indent=self._unit(), ensure_ascii=False)
        return text.replace("\n", self._line_end + indentation)


def _next(text: str, position: int) -> int:
    """Where what follows begins."""
    space = _SPACE.match(text, position)
    return space.end() if space else position
