"""What the actions on files answer, on every face."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class FileOut(Out):
    """A file as one member sees it."""

    id: int
    name: str
    size: int
    """bytes"""
    type: str
    """by its content"""
    sha256: str
    uploader: str
    """the handle"""
    created_at: datetime
    path: str | None = None
    """where it lies, such as "#general/reports/q3.pdf"; null: not posted, only you see it"""
    message: int | None = None
    """the message that it was posted with"""
    version: int | None = None
    """counts the files posted under this path"""


class FolderOut(Out):
    path: str
    name: str
    files: int = 0
    """files directly in it"""


class FileList(Out):
    """What a folder holds: folders by name, files the newest first."""

    where: str
    folders: list[FolderOut]
    items: list[FileOut]
    remaining: bool
    """whether there are more files"""
    cursor: str | None


class FileHits(Out):
    items: list[FileOut]
    remaining: bool
    cursor: str | None


class FileBody(Out):
    """What is in a file: written by its uploader, not by the server."""

    id: int
    author: str
    author_kind: str
    body: str


class FileText(Out):
    file: FileOut
    content: FileBody
    offset: int
    """where this part begins, in characters"""
    next_offset: int | None
    """pass it as `offset` for the next part; null at the end"""


class FileBytes(Out):
    file: FileOut
    encoding: str
    """always base64"""
    content: FileBody


class FileUsage(Out):
    """What counts against the limits."""

    used: int
    """bytes of the files that you uploaded"""
    quota: int
    max_size: int
    """of one file"""


class Moved(Out):
    path: str
    """where it is now"""
