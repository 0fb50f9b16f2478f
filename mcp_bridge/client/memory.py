"""What hooks remember of one session of a client: what was shown, and what was asked when.

One small file per session under a lock, because a client runs hooks side by side. A file that is
lost or broken costs a repetition, never an error.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from mcp_bridge.client.places import SECRET, make_private, state_home, write_whole
from teammcp.filelock import FileLock

KEPT_IDS = 2_000
KEPT_SECONDS = 30 * 24 * 3600


class Session:
    """One session's memory. Not a dataclass: importing those would double what a hook costs."""

    def __init__(self) -> None:
        self.shown: set[int] = set()
        """deliveries that are in its context"""
        self.blocked: set[int] = set()
        """deliveries for which it was kept from stopping"""
        self.in_a_row = 0
        """how often it was kept from stopping since it last stopped freely"""
        self.head = 0
        """how far the ledger had come when it was told of it last"""
        self.more = 0
        """how many items it was told wait beyond those shown"""
        self.asked_at = 0.0
        self.silent_until = 0.0
        """the server was away: until then, what can wait does not ask"""

    def show(self, deliveries: Iterable[int]) -> None:
        self.shown |= set(deliveries)

    def kept(self) -> dict[str, Any]:
        """As JSON, with the newest of what would otherwise grow for ever."""
        return {
            name: sorted(value)[-KEPT_IDS:] if isinstance(value, set) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def of(cls, values: Any) -> Session:
        """From JSON. Raises ValueError, TypeError or KeyError for what is none of ours."""
        session = cls()
        for name, known in vars(session).items():
            kind: Any = type(known)
            value = values[name]
            setattr(session, name, {int(one) for one in value} if kind is set else kind(value))
        return session


class Memory:
    """The file of one session, held while the block lasts."""

    def __init__(self, owner: str, session_id: str) -> None:
        name = hashlib.sha256(f"{owner}\n{session_id}".encode()).hexdigest()[:32]
        self._directory = state_home() / "sessions"
        self._path = self._directory / f"{name}.json"
        self.session = Session()

    @contextlib.contextmanager
    def held(self, *, wait: bool) -> Iterator[bool]:
        """Take the lock and read; False where another hook of the session is at work. Raises
        OSError where nothing can be kept."""
        make_private(self._directory)
        lock = FileLock(self._path.with_suffix(".lock"))
        if not lock.acquire(wait=wait):
            yield False
            return
        try:
            self.session = _parse(self._path)
            yield True
        finally:
            lock.release()

    def save(self) -> bool:
        """Keep it; False where that cannot be done."""
        with contextlib.suppress(OSError):
            content = json.dumps(self.session.kept()).encode()
            write_whole(self._path, content, mode=SECRET, durable=False)
            return True
        return False

    def forget_old(self) -> None:
        """Remove the files of sessions that ended long ago."""
        limit = time.time() - KEPT_SECONDS
        with contextlib.suppress(OSError):
            for path in self._directory.iterdir():
                if path.stat().st_mtime < limit:
                    path.unlink()


def _parse(path: Path) -> Session:
    """What the file holds; nothing for a missing or broken one."""
    try:
        return Session.of(json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, KeyError, OverflowError):
        return Session()
