"""Files on their way in: bodies of uploads, raw or multipart, straight to disk.

Who calls is known before the first byte is taken, and room is reserved as they come; memory stays
constant however large the file is.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from django.contrib.auth import get_user
from django.contrib.sessions.middleware import SessionMiddleware
from django.core.handlers.asgi import ASGIRequest
from django.db import close_old_connections
from django.http import HttpResponse
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser, parse_options_header

from messaging.filestore import Draft
from messaging.quota import Reservation, check_size
from messaging.services.attaching import FILES_LIMIT
from messaging.services.files import upload_file
from orgchart.models import Member
from orgchart.selectors import authenticate
from teammcp.core.errors import AppError, InvalidInput, Unavailable
from teammcp.core.uploads import taker

REST = "/api/files/"
FIELDS_LIMIT = 256 * 1024  # bytes of all plain fields together
MULTIPART = "multipart/form-data"


@dataclass(slots=True)
class Taken:
    """One file of a body."""

    name: str
    draft: Draft


class FileIntake:
    """The body of one upload: its files as drafts, its other fields as they are."""

    def __init__(self, actor: Member, content_type: str, name: str, declared: int) -> None:
        self.error: AppError | None = None
        self.files: list[Taken] = []
        self._fields: list[tuple[str, bytearray]] = []
        self._fields_size = 0
        self._size = 0
        self._room = Reservation(actor)
        self._feed: Callable[[bytes], object] = self._write
        kind, options = parse_options_header(content_type)
        if kind.decode("latin-1").lower() == MULTIPART:
            self._begin_multipart(options.get(b"boundary", b""))
        else:
            self._try(lambda: check_size(declared))
            self._try(lambda: self.files.append(Taken(name, Draft())))
        self._try(lambda: self._room.grow(declared))

    # What the handler calls

    def feed(self, piece: bytes) -> None:
        self._try(lambda: self._feed(piece))

    def end(self) -> None:
        self._try(self._finish)

    def abandon(self) -> None:
        self._room.release()
        for taken in self.files:
            taken.draft.discard()

    @property
    def form(self) -> bytes:
        pairs = [(name, value.decode("utf-8", "replace")) for name, value in self._fields]
        return urlencode(pairs).encode()

    @property
    def fields(self) -> dict[str, str]:
        return {name: value.decode("utf-8", "replace") for name, value in self._fields}

    # Steps

    def _try(self, step: Callable[[], object]) -> None:
        """Whatever is refused ends the upload with that error."""
        if self.error is not None:
            return
        try:
            step()
        except AppError as error:
            self.error = error
        except MultipartParseError as error:
            self.error = InvalidInput(
                f"The body is no valid multipart/form-data: {error}.",
                next="Send it as a browser or curl -F does, or as the raw body.",
            )
        except OSError as error:
            self.error = Unavailable(
                f"The file could not be stored: {error.strerror}.",
                next="Tell the operator, and send it again later.",
            )
        if self.error is not None:
            self.abandon()

    def _write(self, piece: bytes) -> None:
        draft = self.files[-1].draft
        check_size(draft.size + len(piece))
        self._size += len(piece)
        self._room.grow(self._size)
        draft.write(piece)

    def _finish(self) -> None:
        if self._parser is not None:
            self._parser.finalize()
            if not self._complete:
                raise InvalidInput("The body ends too early.", next="Send it again.")
        for taken in self.files:
            taken.draft.finish()

    # Multipart

    _parser: MultipartParser | None = None
    _complete = False
    _header = b""
    _value = b""

    def _begin_multipart(self, boundary: bytes) -> None:
        if not boundary or len(boundary) > 200:
            self.error = InvalidInput(
                "multipart/form-data needs a boundary.", next="Send it as curl -F does."
            )
            return
        self._parser = MultipartParser(
            boundary,
            {
                "on_part_begin": self._part_begin,
                "on_header_field": self._header_field,
                "on_header_value": self._header_value,
                "on_header_end": self._header_end,
                "on_headers_finished": self._headers_finished,
                "on_part_data": self._part_data,
                "on_end": self._ended,
            },
        )
        self._feed = self._parser.write

    def _part_begin(self) -> None:
        self._disposition: bytes = b""
        self._in_file = False

    def _header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def _header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def _header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            self._disposition = self._value
        self._header = self._value = b""

    def _headers_finished(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode("utf-8", "replace")
        filename = options.get(b"filename")
        self._in_file = filename is not None
        if filename is None:
            self._fields.append((name, bytearray()))
            self._count_field(len(name) + 1)
        elif len(self.files) == FILES_LIMIT:
            raise InvalidInput(
                f"At most {FILES_LIMIT} files at once.",
                fields={"file": "too many"},
                next="Send them with several calls.",
            )
        else:
            plain = filename.decode("utf-8", "replace").replace("%22", '"')  # as browsers send it
            self.files.append(Taken(plain, Draft()))

    def _part_data(self, data: bytes, start: int, end: int) -> None:
        if self._in_file:
            self._write(data[start:end])
        else:
            self._fields[-1][1].extend(data[start:end])
            self._count_field(end - start)

    def _count_field(self, size: int) -> None:
        self._fields_size += size
        if self._fields_size > FIELDS_LIMIT or len(self._fields) > 100:
            raise InvalidInput("The fields beside the files are too long.", next="Shorten them.")

    def _ended(self) -> None:
        self._complete = True
        # A file field that was left empty is sent as a file without name and bytes.
        for taken in [one for one in self.files if not one.name and not one.draft.size]:
            taken.draft.discard()
            self.files.remove(taken)


# Whose bodies are taken


def _header_of(scope: Any, name: bytes) -> str:
    return next((value.decode("latin-1") for key, value in scope["headers"] if key == name), "")


def _is_rest_upload(scope: Any) -> bool:
    return scope["path"] == REST and "json" not in _header_of(scope, b"content-type").lower()


def _is_form_upload(scope: Any) -> bool:
    kind = _header_of(scope, b"content-type").lower()
    path: str = scope["path"]
    return kind.startswith(MULTIPART) and not path.startswith(("/api/", "/admin/"))


def _begin_rest(scope: Any) -> FileIntake | None:
    kind, _, token = _header_of(scope, b"authorization").partition(" ")
    close_old_connections()
    found = authenticate(token.strip()) if kind.lower() == "bearer" else None
    return _begin(scope, found.member if found else None)


def _begin_form(scope: Any) -> FileIntake | None:
    """For who is signed in. That the form is ours is checked where it is served, before anything
    of it is used."""
    close_old_connections()
    request = ASGIRequest({**scope, "method": "GET"}, io.BytesIO())
    SessionMiddleware(lambda _: HttpResponse()).process_request(request)
    user = get_user(request)
    return _begin(scope, user if isinstance(user, Member) else None)


def _begin(scope: Any, actor: Member | None) -> FileIntake | None:
    if actor is None or not actor.has_scope(upload_file.scope):
        return None
    length = _header_of(scope, b"content-length")
    query = parse_qs(scope["query_string"].decode("latin-1"))
    declared = int(length) if length.isdecimal() and len(length) < 19 else 0
    name = query.get("name", [""])[0]
    return FileIntake(actor, _header_of(scope, b"content-type"), name, declared)


taker(_is_rest_upload, _begin_rest)
taker(_is_form_upload, _begin_form)
