"""What we put where: noted in `connected.json` beside the accounts, with a copy of each file as it
was, so that `--undo` takes back our entries and nothing else."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from tomlkit.exceptions import TOMLKitError

from mcp_bridge.client.edits import (
    LEFT,
    SHARED,
    Change,
    Put,
    Unusable,
    document_of,
    read,
    replace,
    unharmed,
    where,
)
from mcp_bridge.client.jsonedit import MISSING, Broken, Document
from mcp_bridge.client.places import SECRET, config_home, make_private, write_whole
from mcp_bridge.client.textedit import Foreign, take_block
from teammcp.filelock import FileLock


def write(change: Change, note: str) -> None:
    """Put a planned change in its place, unless the file changed meanwhile, and note it for undo.
    Raises Unusable."""
    file = change.file
    with _journal() as journal:
        if (now := read(file)) == change.after:
            return  # two clients share the file, and the other one has it from us
        if now != change.before:
            raise Unusable(f"{file} was changed by another program just now. Run this again.")
        for put in change.puts:
            journal.note(note, put, change)
        journal.note_file(change)
        journal.save()  # first: an entry that is noted and not written is no harm
        replace(file, change.after, new=SHARED if change.puts[0].shared else SECRET)


class Journal:
    """What we put where."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._path = directory / "connected.json"
        self.entries: list[dict[str, Any]] = []
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(self._path.read_bytes())
            self.entries = kept if isinstance(kept, list) else []

    def note(self, client: str, put: Put, change: Change) -> None:
        """Note one entry, with what stood there before our first one."""
        known = {"client": client, "file": str(put.file), "kind": put.kind, "path": list(put.path)}
        same = [one for one in self.entries if known.items() <= one.items()]
        old = same[0] if same else {"before": _before(put, change.before)}
        self.entries = [one for one in self.entries if one not in same]
        self.entries.append({**old, **known, "value": put.value, "item": put.item})

    def note_file(self, change: Change) -> None:
        """Note how the file was. It can be restored as a whole only as long as nobody else has
        written it; after that our entries are taken out one by one."""
        ours = [one for one in self.entries if one["file"] == str(change.file)]
        known = [one for one in ours if "after" in one]
        untouched = all(one["after"] == _digest(change.before or b"") for one in known)
        whole: dict[str, Any] = {"created": False, "backup": None}
        if not known:
            whole = {"created": change.before is None, "backup": self._backup(change)}
        elif untouched:
            whole = {name: known[0][name] for name in ("created", "backup")}
        for one in ours:
            one.update(whole, after=_digest(change.after))

    def _backup(self, change: Change) -> str | None:
        """A copy of the file as it was."""
        if change.before is None:
            return None
        name = f"{_digest(change.before)[:16]}-{change.file.name.lstrip('.')}"
        path = self._directory / "backups" / name
        make_private(path.parent)
        write_whole(path, change.before, mode=SECRET)
        return str(path)

    def save(self) -> None:
        content = json.dumps(self.entries, indent=2) + "\n"
        write_whole(self._path, content.encode(), mode=SECRET)


@contextlib.contextmanager
def _journal() -> Iterator[Journal]:
    directory = config_home()
    make_private(directory)
    with FileLock(directory / "connected.lock"):
        yield Journal(directory)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _before(put: Put, content: bytes | None) -> Any:
    """The value that stood where ours goes; None for nothing."""
    if content is None or put.item or put.kind in {"block", "whole"}:
        return None
    if put.kind == "toml":
        holder: Any = tomlkit.parse(content.decode()).unwrap()
        for name in put.path:
            holder = holder.get(name) if isinstance(holder, dict) else None
        return holder
    found = document_of(content.decode(), put).get(put.path)
    return None if found is MISSING else found


class Undone(NamedTuple):
    """What became of a file."""

    file: Path
    said: str


def undo(wanted: Callable[[dict[str, Any]], bool]) -> list[Undone]:
    """Take back the entries that are wanted. What somebody changed since stays."""
    with _journal() as journal:
        entries = [one for one in journal.entries if wanted(one)]
        files: dict[str, list[dict[str, Any]]] = {}
        for entry in entries:
            files.setdefault(entry["file"], []).append(entry)
        done: list[Undone] = []
        for name, ours in files.items():
            try:
                done.append(Undone(Path(name), _undo_file(Path(name), ours)))
                journal.entries = [one for one in journal.entries if one not in ours]
            except Unusable as error:
                done.append(Undone(Path(name), str(error)))
        journal.save()
    return done


def _undo_file(file: Path, entries: list[dict[str, Any]]) -> str:
    content = read(file)
    if content is None:
        return "is gone already"
    backup = entries[-1]["backup"]
    if _digest(content) == entries[-1]["after"]:  # nobody touched it since
        if backup and Path(backup).exists():
            replace(file, Path(backup).read_bytes())
            return "is as it was"
        if entries[-1]["created"]:
            file.unlink()
            return "was ours and is removed"
    after = content.decode("utf-8", "replace")
    kept = 0
    for entry in entries:
        new = _taken_back(file, after, entry)
        kept += new is None
        after = after if new is None else new
    replace(file, after.encode())
    return "has an entry that was changed since; it stays" if kept else "has our entry no more"


def _taken_back(file: Path, text: str, entry: dict[str, Any]) -> str | None:
    """The text without our entry; None where it is no longer ours."""
    put = Put(file, entry["kind"], tuple(entry["path"]), entry["value"], entry["item"])
    try:
        if put.kind == "whole":
            return None
        if put.kind == "block":
            return take_block(text, put.value)
        if put.kind == "toml":
            return _toml_take(text, put, entry["before"])
        document = document_of(text, put)
        if put.item:
            document.remove_item(put.path, put.value)
            _prune(document, put.path)
        elif document.get(put.path) != put.value:
            return None
        elif entry["before"] is not None:
            document.put(put.path, entry["before"])
        else:
            document.remove(put.path)
            _prune(document, put.path[:-1])
    except (Broken, Foreign, TOMLKitError) as error:
        raise Unusable(f"is broken: {where(error)}. {LEFT}") from error
    return document.text


def _prune(document: Document, path: tuple[str, ...]) -> None:
    """Remove what is empty now: a table of servers, the hooks of an event."""
    while path and document.get(path) in ({}, []):
        document.remove(path)
        path = path[:-1]


def _toml_take(text: str, put: Put, before: Any) -> str | None:
    document = tomlkit.parse(text)
    holder: Any = document
    *parents, key = put.path
    for name in parents:
        holder = holder.get(name, {})
    if key not in holder or holder[key] != put.value:
        return None
    if before is not None:
        holder[key] = before
    else:
        del holder[key]
    return unharmed(text, tomlkit.dumps(document), put)
