"""Serving stored bytes over HTTP: whole, in part, or not again (RFC 9110, 13 and 14).

One range at a time: an answer to several would be larger than the whole, and no client of ours
asks for them. The bytes are read in the pool piece by piece, by the handler.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

PIECE = 1 << 18
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})\Z", re.ASCII)
SANDBOX = "sandbox; default-src 'none'"


@dataclass(frozen=True, slots=True)
class Stored:
    """Bytes with what is known of them. They never change, so their hash is their entity tag."""

    sha256: str
    size: int
    name: str
    content_type: str
    shown: bool = False
    """in place, where the browser can; else it is saved"""

    @property
    def etag(self) -> str:
        return f'"{self.sha256}"'


def serve(request: HttpRequest, stored: Stored, content: BinaryIO) -> HttpResponseBase:
    """The answer to GET or HEAD; closes `content`."""
    if _known(request, stored):
        content.close()
        return _marked(HttpResponse(status=304), stored)
    part = _part(request, stored)
    if part is None:
        content.close()
        response: HttpResponseBase = HttpResponse(status=416)
        response["Content-Range"] = f"bytes */{stored.size}"
        return _marked(response, stored)
    first, last = part
    response = _body(request, content, first, last + 1 - first)
    if (first, last) != (0, stored.size - 1):
        response.status_code = 206
        response["Content-Range"] = f"bytes {first}-{last}/{stored.size}"
    response["Content-Type"] = stored.content_type
    response["Content-Length"] = str(last + 1 - first)
    digest = base64.b64encode(bytes.fromhex(stored.sha256)).decode()
    response["Repr-Digest"] = f"sha-256=:{digest}:"
    disposition = content_disposition_header(not stored.shown, stored.name)
    response["Content-Disposition"] = disposition or "attachment"
    return _marked(response, stored)


def _marked(response: HttpResponseBase, stored: Stored) -> HttpResponseBase:
    """With what holds for every answer about a stored file, whatever is in it."""
    response["ETag"] = stored.etag
    response["Accept-Ranges"] = "bytes"
    response["Cache-Control"] = "private, no-cache"
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    response["Cross-Origin-Resource-Policy"] = "same-origin"
    return response


def _known(request: HttpRequest, stored: Stored) -> bool:
    """Whether the client says that it has these bytes already."""
    tags = request.headers.get("If-None-Match", "")
    given = {tag.strip().removeprefix("W/") for tag in tags.split(",")}
    return "*" in given or stored.etag in given


def _part(request: HttpRequest, stored: Stored) -> tuple[int, int] | None:
    """The first and the last byte of the answer; None where the range has none of them."""
    whole = (0, stored.size - 1)
    asked = _RANGE.match(request.headers.get("Range", "").strip())
    if asked is None or request.method != "GET" or asked[0] == "bytes=-":
        return whole  # what is not understood is passed over, as the standard says
    if request.headers.get("If-Range", stored.etag) != stored.etag:
        return whole
    first, last = asked[1], asked[2]
    if not first:
        length = min(int(last), stored.size)
        return (stored.size - length, stored.size - 1) if length else None
    if last and int(last) < int(first):
        return whole
    if int(first) >= stored.size:
        return None
    return int(first), min(int(last), stored.size - 1) if last else stored.size - 1


def _body(request: HttpRequest, content: BinaryIO, first: int, length: int) -> HttpResponseBase:
    if request.method == "HEAD" or not length:
        content.close()
        return HttpResponse()
    content.seek(first)
    response = StreamingHttpResponse(_pieces(content, length))
    response._resource_closers.append(content.close)  # type: ignore[attr-defined]
    return response


def _pieces(content: BinaryIO, length: int) -> Iterator[bytes]:
    while length and (piece := content.read(min(PIECE, length))):
        length -= len(piece)
        yield piece
