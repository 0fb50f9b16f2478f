"""The bytes of files, in the data folder: `files/ab/cd/<sha256>`, outside of everything served.

Bytes are written to a draft, hashed as they come, made durable, and only then moved to the name of
their content; the row is committed after that. So a crash leaves at the worst bytes without a row,
which a job removes, and never a row without its bytes. What is stored never changes.
"""

from __future__ import annotations

import codecs
import contextlib
import hashlib
import os
import time
import uuid
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.conf import settings

HEAD = 8_192  # bytes that tell the type of a file
LOCK = 7_034_002  # an arbitrary, fixed number: who adds rows of bytes, and who removes bytes
GRACE_SECONDS = 3_600.0  # bytes may be younger than their row is about to be
_DRAFTS = "incoming"


class Draft:
    """Bytes on their way in. Goes with its bytes unless `place` was called."""

    def __init__(self) -> None:
        folder = _home() / _DRAFTS
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path = folder / uuid.uuid4().hex
        self._file: BinaryIO = os.fdopen(
            os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _BINARY, 0o600), "wb"
        )
        self._hash = hashlib.sha256()
        self._gone = weakref.finalize(self, _discard, self._file, self._path)
        self.size = 0
        self.head = b""
        self.is_text = True
        self._decoder = TextDetector()

    def write(self, piece: bytes) -> None:
        """Add bytes; they are hashed as they come."""
        self._file.write(piece)
        self._hash.update(piece)
        if len(self.head) < HEAD:
            self.head += piece[: HEAD - len(self.head)]
        self.is_text = self.is_text and self._decoder.feed(piece)
        self.size += len(piece)

    def finish(self) -> None:
        """Make the bytes durable under the name of their content."""
        self.is_text = self.is_text and self._decoder.feed(b"", last=True)
        if not self._file.closed:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
        _place(self._path, path_of(self.sha256))

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def discard(self) -> None:
        """Remove what was not placed."""
        self._gone()

    def __str__(self) -> str:
        """What a client key knows of the content."""
        return f"sha256:{self.sha256}"


class TextDetector:
    """Whether bytes are UTF-8 text, read piece by piece: no control characters but the usual."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()

    def feed(self, piece: bytes, *, last: bool = False) -> bool:
        if piece.translate(None, _NO_TEXT) != piece:
            return False
        try:
            self._decoder.decode(piece, last)
        except UnicodeDecodeError:
            return False
        return True


_NO_TEXT = bytes(number for number in range(32) if number not in b"\t\n\r\f\x1b") + b"\x7f"
_BINARY = getattr(os, "O_BINARY", 0)


def _home() -> Path:
    return Path(settings.DATA_DIR) / "files"


def path_of(sha256: str) -> Path:
    """Where the bytes of this content lie."""
    return _home() / sha256[:2] / sha256[2:4] / sha256


def is_stored(sha256: str) -> bool:
    """Whether the bytes of this content are in place."""
    return path_of(sha256).is_file()


def open_bytes(sha256: str) -> BinaryIO:
    """The bytes of this content. Raises OSError where they are gone."""
    return path_of(sha256).open("rb")


def _place(draft: Path, final: Path) -> None:
    for folder in (final.parent.parent, final.parent):
        if not folder.exists():
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            _sync(folder.parent)
    os.utime(draft)  # whoever sweeps takes it for new
    if final.exists():
        os.utime(final)
        draft.unlink()
    else:
        os.replace(draft, final)
    _sync(final.parent)  # also of an equal file that another upload has placed just now


def _sync(folder: Path) -> None:
    """Make the names in a folder durable; where a folder cannot be opened, the system does it."""
    with contextlib.suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _discard(file: BinaryIO, path: Path) -> None:
    with contextlib.suppress(OSError):
        file.close()
    with contextlib.suppress(OSError):
        path.unlink()


class Stored:
    """Bytes in the data folder, old enough to be asked about."""

    def __init__(self, path: Path, before: float) -> None:
        self._path = path
        self._before = before
        self.name = path.name

    @property
    def is_old(self) -> bool:
        try:
            return self._path.stat().st_mtime < self._before
        except FileNotFoundError:
            return False

    def remove(self) -> bool:
        """Remove them, unless an upload of the same content has touched them meanwhile."""
        if not self.is_old:
            return False
        self._path.unlink(missing_ok=True)
        return True


def older_than(seconds: float) -> Iterator[Stored]:
    """All bytes of at least this age, drafts among them."""
    before = time.time() - seconds
    for folder, _, names in os.walk(_home()):
        for name in names:
            stored = Stored(Path(folder) / name, before)
            if stored.is_old:
                yield stored
