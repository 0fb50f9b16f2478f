"""Where things lie on this machine: our own files, by the custom of each platform."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from pathlib import Path

SECRET = 0o600
PRIVATE = 0o700
_BINARY: int = getattr(os, "O_BINARY", 0)  # Windows would turn line ends into its own


def config_home() -> Path:
    """What must be kept: accounts, and what `connect` changed."""
    if sys.platform == "win32":
        return _from("APPDATA", Path.home() / "AppData" / "Roaming") / "teammcp"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "teammcp"
    return _from("XDG_CONFIG_HOME", Path.home() / ".config") / "teammcp"


def state_home() -> Path:
    """What may be lost: what hooks remember of a session, and the last list of tools."""
    if sys.platform == "win32":
        return _from("LOCALAPPDATA", Path.home() / "AppData" / "Local") / "teammcp"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "teammcp"
    return _from("XDG_STATE_HOME", Path.home() / ".local" / "state") / "teammcp"


def _from(variable: str, otherwise: Path) -> Path:
    """A directory that the environment names; a relative one is ignored, as XDG demands."""
    named = os.environ.get(variable, "")
    return Path(named) if named and Path(named).is_absolute() else otherwise


def make_private(directory: Path) -> None:
    """The directory, readable for its owner alone where we make it."""
    directory.mkdir(parents=True, exist_ok=True, mode=PRIVATE)


def write_whole(path: Path, content: bytes, *, mode: int, durable: bool = True) -> None:
    """Put a file in its place whole or not at all, with these permissions from the beginning."""
    written = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
    descriptor = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            if durable:
                os.fsync(file.fileno())
        written.chmod(mode)
        written.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            written.unlink()
        raise
