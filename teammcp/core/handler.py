"""Django under ASGI with one thread hop per request.

The stock handler starts a thread per request and hops into it at every middleware, which costs
more than most of our views. Here a request runs as a whole, from `request_started` to the closed
response, in one thread: a write under /api/ in the lane, where it shares the commit of its
neighbours, everything else in the read pool. Streams are sent from the event loop.
"""

from __future__ import annotations

import asyncio
import io
import logging
import tempfile
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.urls import set_script_prefix
from django.utils.module_loading import import_string

from teammcp.core import uploads
from teammcp.core.api import problem
from teammcp.core.context import WAITED
from teammcp.core.direct import route_of
from teammcp.core.errors import AppError, TooLarge
from teammcp.core.lane import lane
from teammcp.core.parsing import too_large
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
ABORT = "teammcp.abort"  # a scope key: how to break the connection off, where the server says it
DRAINED = 8 * 1024**2  # of a body that is too large, read on so that its sender hears why
STALLED_SECONDS = 20  # a reader that takes nothing for so long is cut off


class OneHopHandler(ASGIHandler):
    """Serves pages with all of `settings.MIDDLEWARE`."""

    def __init__(self) -> None:
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        begin, intake = uploads.taker_of(scope), None
        try:
            if begin is not None:
                scope, intake = await uploads.take(begin, scope, receive)
                body: Any = io.BytesIO(intake.form if intake else b"")
            else:
                body = await self.read_body(receive)
        except RequestAborted:
            return
        except TooLarge as error:
            await self.send_response(self.refusal(error), send)
            return
        try:
            response = await self._respond(_with_length(scope, body), body, receive)
            if response is None:
                return
            if response.streaming:
                _read_in_pool(response)
                await self._stream(response, receive, impatient(scope, send))
            else:
                await self.send_response(response, send)
        finally:
            body.close()
            if intake is not None:
                intake.abandon()

    async def read_body(self, receive: Any) -> Any:
        """As Django's, but for a limit: no view reads more, so that more is not kept either. Raises
        RequestAborted or TooLarge."""
        limit, size = settings.DATA_UPLOAD_MAX_MEMORY_SIZE, 0
        body: Any = tempfile.SpooledTemporaryFile(  # noqa: SIM115 - the caller closes it
            settings.FILE_UPLOAD_MAX_MEMORY_SIZE
        )
        more = True
        while more and size <= limit + DRAINED:
            message = await receive()
            if message["type"] == "http.disconnect":
                body.close()
                raise RequestAborted
            piece = message.get("body", b"")
            size += len(piece)
            if size <= limit:
                body.write(piece)
            more = message.get("more_body", False)
        if size > limit:
            body.close()
            raise too_large()
        body.seek(0)
        return body

    def refusal(self, error: AppError) -> HttpResponse:
        """The answer where no view is asked."""
        text = f"{error.message} {error.next}"
        return HttpResponse(text, status=error.status, content_type="text/plain")

    async def _respond(self, scope: Any, body: Any, receive: Any) -> Any:
        """The response; None where the client left during a wait. Who left is asked for nothing
        more: an answer that nobody hears must not count as an offer."""
        response = await self._hop(scope, body)
        pause = getattr(response, "pause", None)
        if pause is None:
            return response
        if not await _first_of(pause(), self._left(receive)):
            return None
        return await self._hop({**scope, WAITED: True}, io.BytesIO())

    async def _hop(self, scope: Any, body: Any) -> Any:
        hop = sync_to_async(self._serve, thread_sensitive=False, executor=reads.executor)
        return await hop(scope, body)

    def _serve(self, scope: Any, body: Any) -> Any:
        """The whole request, in one thread."""
        set_script_prefix(get_script_prefix(scope))
        signals.request_started.send(sender=self.__class__, scope=scope)
        request, refusal = self.create_request(scope, body)
        response: Any = refusal if request is None else self.get_response(request)
        if not response.streaming:  # a stream is closed when it ends, and fetches for itself
            response.close()
        return response

    async def _stream(self, response: HttpResponseBase, receive: Any, send: Any) -> None:
        """Send until the end or until the client goes away, whichever comes first."""
        sending = asyncio.ensure_future(self.send_response(response, send))
        leaving = asyncio.ensure_future(self._left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (sending, leaving):
                task.cancel()
            results = await asyncio.gather(sending, leaving, return_exceptions=True)
            await sync_to_async(response.close, thread_sensitive=False, executor=reads.executor)()
        if isinstance(results[0], Exception) and not isinstance(results[0], OSError):
            logger.error("a stream ended with an error", exc_info=results[0])

    async def _left(self, receive: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass


async def _first_of(awaited: Coroutine[Any, Any, Any], other: Coroutine[Any, Any, Any]) -> bool:
    """Wait for either, end both; whether the first was done."""
    tasks = asyncio.ensure_future(awaited), asyncio.ensure_future(other)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        return tasks[0].done()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def impatient(scope: Any, send: Any) -> Any:
    """A `send` for streams that gives up on a reader who has stopped reading.

    The server holds a bounded buffer per connection and lets `send` wait when it is full; without
    an end to that, each stalled reader would keep a connection and a task for good. The stream is
    a cursor, so the reader continues whole with its last id.
    """

    async def send_or_cut(message: Any) -> None:
        try:
            async with asyncio.timeout(STALLED_SECONDS):
                await send(message)
        except TimeoutError:
            logger.info("a stream was cut off: its reader had stopped reading")
            scope.get(ABORT, lambda: None)()
            raise

    return send_or_cut


def _with_length(scope: Any, body: Any) -> Any:
    """A body that came in chunks has a length too, without which DRF takes it for empty."""
    if scope["method"] not in UNSAFE or b"content-length" in dict(scope["headers"]):
        return scope
    length = body.seek(0, io.SEEK_END)
    body.seek(0)
    return {**scope, "headers": [*scope["headers"], (b"content-length", b"%d" % length)]}


class ApiCommonMiddleware(CommonMiddleware):
    """Without the way from /api/me to /api/me/: on it a POST would lose its body."""

    def should_redirect_with_slash(self, request: HttpRequest) -> bool:
        return False


def _read_in_pool(response: Any) -> None:
    """A file is read piece by piece in the pool, so that it blocks no other stream."""
    if not response.is_async:
        pieces = iter(response.streaming_content)
        following = sync_to_async(
            lambda: next(pieces, None), thread_sensitive=False, executor=reads.executor
        )

        async def content() -> AsyncIterator[bytes]:
            while (piece := await following()) is not None:
                yield piece

        response.streaming_content = content()


def _prepares(scope: Any) -> bool:
    """Whether this calls an action with slow work to do before it takes its turn in the lane."""
    route = route_of(scope["method"], scope["path"])
    return route is not None and route.action.prepare is not None


class ApiHandler(OneHopHandler):
    """Serves /api/, where no cookie counts, with `settings.API_MIDDLEWARE`; writes in the lane."""

    def load_middleware(self, is_async: bool = False) -> None:  # noqa: FBT001, FBT002 - Django's
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        chain = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]
        for path in reversed(settings.API_MIDDLEWARE):
            chain = convert_exception_to_response(import_string(path)(chain))
        self._middleware_chain = chain

    def refusal(self, error: AppError) -> HttpResponse:
        return problem(error)

    async def _hop(self, scope: Any, body: Any) -> Any:
        if scope["method"] not in UNSAFE or not lane.running or _prepares(scope):
            return await super()._hop(scope, body)
        try:
            return await lane.arun(lambda: self._serve_in_lane(scope, body))
        except AppError as error:  # the commit failed after the view had answered
            return problem(error)

    def _serve_in_lane(self, scope: Any, body: Any) -> Any:
        """As `_serve`, without the signals: at them Django drops connections, and this one may be
        in the middle of a transaction that is shared with other requests."""
        set_script_prefix(get_script_prefix(scope))
        request, refusal = self.create_request(scope, body)
        return refusal if request is None else self.get_response(request)
