"""Changes to other programs' configuration files: planned, shown, and written whole."""

from __future__ import annotations

import difflib
import stat
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from tomlkit.exceptions import ParseError, TOMLKitError

from mcp_bridge.client.jsonedit import Broken, Document
from mcp_bridge.client.places import SECRET, write_whole
from mcp_bridge.client.textedit import Foreign, put_block, put_whole


class Unusable(Exception):
    """A file that cannot be changed, and why: it stays as it is."""


class Put(NamedTuple):
    """One entry of ours: a value at a path, or an item of the list there."""

    file: Path
    kind: str
    """json, jsonc (with comments), toml, block (of a text) or whole (file)"""
    path: tuple[str, ...]
    value: Any
    item: bool = False
    replaces: Callable[[Any], bool] = lambda _: False
    """which items of the list are older ones of ours"""
    shared: bool = False
    """whether the file belongs to a project, and so to all who work on it"""


class Change(NamedTuple):
    """A file before and after."""

    file: Path
    before: bytes | None
    after: bytes
    puts: list[Put]

    @property
    def diff(self) -> str:
        """What changes, without the lines around it: those may hold other programs' secrets."""
        old = (self.before or b"").decode("utf-8", "replace").splitlines(keepends=True)
        new = self.after.decode("utf-8", "replace").splitlines(keepends=True)
        name = str(self.file)
        lines = difflib.unified_diff(old, new, name if self.before else "(new)", name, n=0)
        return "".join(line if line.endswith("\n") else f"{line}\n" for line in lines)


def plan(puts: Iterable[Put]) -> list[Change]:
    """What would change, file by file; a file that has it all already is left out. Raises
    Unusable."""
    by_file: dict[Path, list[Put]] = {}
    for put in puts:
        by_file.setdefault(put.file, []).append(put)
    changes = []
    for file, wanted in by_file.items():
        before = read(file)
        after = _applied(file, before, wanted)
        if after != before:
            changes.append(Change(file, before, after, wanted))
    return changes


def read(file: Path) -> bytes | None:
    """The bytes of a file, None where there is none. Raises Unusable."""
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unusable(f"{file} cannot be read: {error.strerror}.") from error


def _applied(file: Path, before: bytes | None, puts: Sequence[Put]) -> bytes:
    try:
        text = (before or b"").decode()
        for put in puts:
            text = _put(text, put)
    except UnicodeDecodeError as error:
        raise Unusable(f"{file} is not UTF-8, at byte {error.start}. {LEFT}") from error
    except (Broken, TOMLKitError) as error:
        raise Unusable(f"{file} is broken: {where(error)}. {LEFT}") from error
    except Foreign as error:
        raise Unusable(f"{file}: {error}. {LEFT}") from error
    return text.encode()


def _put(text: str, put: Put) -> str:
    if put.kind == "block":
        return put_block(text, put.value)
    if put.kind == "whole":
        return put_whole(text, put.value)
    return _toml_put(text, put) if put.kind == "toml" else _json_put(text, put)


SHARED = 0o644
LEFT = "It was left as it is. Mend it, then run this again."


def where(error: Exception) -> str:
    if isinstance(error, ParseError):
        return f"line {error.line}, column {error.col}: {str(error).partition(' at line')[0]}"
    return str(error)


def _json_put(text: str, put: Put) -> str:
    document = document_of(text, put)
    if not put.item:
        if document.get(put.path) != put.value:
            document.put(put.path, put.value)
        return document.text
    there = document.get(put.path)
    items = there if isinstance(there, list) else []
    if put.value in items:
        return document.text
    for old in [item for item in items if put.replaces(item)]:
        document.remove_item(put.path, old)
    document.append(put.path, put.value)
    return document.text


def document_of(text: str, put: Put) -> Document:
    return Document(text, comments=put.kind == "jsonc")


def _toml_put(text: str, put: Put) -> str:
    document = tomlkit.parse(text)
    holder: Any = document
    *parents, key = put.path
    for name in parents:
        if name not in holder:
            holder[name] = tomlkit.table(is_super_table=True)
        holder = holder[name]
        if not isinstance(holder, dict):
            raise TOMLKitError(f"{'.'.join(parents)} should be a table")
    if key in holder and holder[key] == put.value:
        return text
    table = tomlkit.table()
    table.update(put.value)
    holder[key] = table
    return unharmed(text, tomlkit.dumps(document), put)


def unharmed(before: str, after: str, put: Put) -> str:
    """The new text, if all but our entry says what it said. Raises TOMLKitError."""
    others = [tomlkit.parse(text).unwrap() for text in (before, after)]
    for holder in others:
        for name in put.path[:-1]:
            holder = holder.get(name) or {}  # noqa: PLW2901 - one step down
        holder.pop(put.path[-1], None)
    if {**others[0], put.path[0]: None} != {**others[1], put.path[0]: None} or (
        (others[0].get(put.path[0]) or {}) != (others[1].get(put.path[0]) or {})
    ):
        raise TOMLKitError("our entry cannot be added without changing another")
    return after


def replace(file: Path, content: bytes, *, new: int = SECRET) -> None:
    """Write a file as it is kept: through links, with its permissions, or those of a new one."""
    target = file.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else new
        write_whole(target, content, mode=mode)
    except OSError as error:
        raise Unusable(f"{file} cannot be written: {error.strerror}.") from error
