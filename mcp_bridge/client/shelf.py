"""What the server said last time, so that a client can start while the server is away.

Without it a client that starts in a bad moment would see no tools until somebody restarts it.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import Any

from mcp_bridge.client.places import SECRET, make_private, state_home, write_whole


class Shelf:
    """The last greeting and list of tools of one server. Nothing secret is in them."""

    def __init__(self, url: str, tools: str) -> None:
        name = hashlib.sha256(f"{url}\n{tools}".encode()).hexdigest()[:32]
        self._path = state_home() / "servers" / f"{name}.json"
        self._kept: dict[str, Any] = {}
        with contextlib.suppress(OSError, ValueError):
            kept = json.loads(self._path.read_bytes())
            self._kept = kept if isinstance(kept, dict) else {}

    def get(self, name: str) -> dict[str, Any] | None:
        found = self._kept.get(name)
        return found if isinstance(found, dict) else None

    def keep(self, name: str, content: dict[str, Any]) -> None:
        if self._kept.get(name) == content:
            return
        self._kept[name] = content
        with contextlib.suppress(OSError):
            make_private(self._path.parent)
            write_whole(self._path, json.dumps(self._kept).encode(), mode=SECRET, durable=False)
