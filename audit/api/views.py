"""The event stream: what the feed gives in pages, pushed (WHATWG server-sent events)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from django.http import StreamingHttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.listening import listening
from audit.live import Rights, hub
from audit.selectors import check_cursor, list_events
from audit.snapshots import Snapshot, snapshot_of
from audit.topics import Sight, visible_topics
from teammcp.core.api import api_call, caller_of
from teammcp.core.context import current_call, looking_again
from teammcp.core.cursors import cursor_in
from teammcp.core.errors import CursorExpired, InvalidInput

HEARTBEAT = 15  # seconds; below the idle limit of common proxies
RETRY = 1_000  # milliseconds after which a client reconnects


class AnyAccept(BaseContentNegotiation):
    """An EventSource asks for text/event-stream, curl for anything: both get the stream."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: Any = None) -> Any:
        return renderers[0], renderers[0].media_type


class StreamView(APIView):
    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="stream_events",
        summary="Follow events as they happen",
        description="Server-sent events: `id` is the seq, `event` the kind, `data` the event as in"
        " /api/events/. Begins after `Last-Event-ID` (or `after`), else now. With `snapshot=true`"
        " the first event, of kind `snapshot`, is your present state, unless the cursor can be"
        " continued. A comment every 15 s keeps the connection open; a reader that takes nothing"
        " for 20 s is cut off. 410 cursor_expired says how to resynchronise.",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT64),
            OpenApiParameter("snapshot", OpenApiTypes.BOOL),
            OpenApiParameter("Last-Event-ID", OpenApiTypes.INT64, OpenApiParameter.HEADER),
        ],
        responses={(200, "text/event-stream"): OpenApiTypes.STR},
    )
    def get(self, request: Request) -> HttpResponseBase:
        with api_call(request):
            list_events.check_scope(caller_of(request))
            hello, after = _beginning(request)
            listener = (caller_of(request).pk, current_call().route or "stream")
        response = StreamingHttpResponse(
            _counted(listener, frames(rights_of(request), after, hello)),
            content_type="text/event-stream",
        )
        response["Cache-Control"] = "no-store"
        response["X-Accel-Buffering"] = "no"
        return response


def _beginning(request: Request) -> tuple[Snapshot | None, int]:
    """Where the stream begins, and with which present state where one was asked for."""
    unknown = sorted(request.query_params.keys() - {"after", "snapshot"})
    if unknown:
        raise InvalidInput(
            f"{unknown[0]} is not known here.",
            fields={unknown[0]: "unknown argument"},
            next="Pass `after` or the header Last-Event-ID, and `snapshot`, only.",
        )
    after, wanted = _cursor(request), _wants_snapshot(request)
    try:
        head = check_cursor(after or 0)
    except CursorExpired:
        if not wanted:
            raise
        after = None
    if wanted and after is None:
        snapshot = snapshot_of(caller_of(request))
        return snapshot, snapshot.head
    return None, head if after is None else after


def _wants_snapshot(request: Request) -> bool:
    text = request.query_params.get("snapshot", "false")
    if text not in {"true", "false"}:
        raise InvalidInput(
            f"snapshot is true or false, not {text[:40]!r}.",
            fields={"snapshot": "not a boolean"},
            next="Pass snapshot=true to begin with the present state.",
        )
    return text == "true"


def _cursor(request: Request) -> int | None:
    text = request.headers.get("Last-Event-ID") or request.query_params.get("after")
    if text is None:
        return None
    return cursor_in(
        text,
        "after",
        advice="Pass the id of the last event that you handled, or nothing to begin now.",
    )


def rights_of(request: Request) -> Rights:
    """What the caller may read now; None as soon as the credential no longer holds."""

    def rights() -> Sight | None:
        authenticators: Any = request.authenticators
        again = Request(request._request, authenticators=authenticators)
        try:
            with looking_again():
                member = caller_of(again)
        except AuthenticationFailed:
            return None
        return visible_topics(member) if member.has_scope("audit:read") else None

    return rights


async def _counted(
    listener: tuple[int, str], content: AsyncIterator[bytes]
) -> AsyncIterator[bytes]:
    """A stream whose reader counts as connected while it is open."""
    with listening(*listener):
        async for part in content:
            yield part


async def frames(rights: Rights, after: int, hello: Snapshot | None) -> AsyncIterator[bytes]:
    """The stream as bytes: a hello with the cursor, then frames, then heartbeats."""
    yield b"retry: %d\n: following after %d\n\n" % (RETRY, after)
    if hello is not None:
        yield hello.wire
    async for batch in hub.follow(rights, after=after, heartbeat=HEARTBEAT):
        yield b"".join(entry.wire for entry in batch) or b": still here\n\n"
