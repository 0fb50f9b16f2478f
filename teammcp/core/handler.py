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
from collections.abc import AsyncIterator
from typing import Any

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core import signals
from django.core.exceptions import RequestAborted
from django.core.handlers.asgi import ASGIHandler, get_script_prefix
from django.core.handlers.exception import convert_exception_to_response
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from django.urls import set_script_prefix
from django.utils.module_loading import import_string

from teammcp.core.api import problem
from teammcp.core.errors import AppError
from teammcp.core.lane import lane
from teammcp.core.reads import reads

logger = logging.getLogger(__name__)
UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
WAITED = "teammcp.waited"  # a scope key: this request has had its wait


class OneHopHandler(ASGIHandler):
    """Serves pages with all of `settings.MIDDLEWARE`."""

    def __init__(self) -> None:
        super(ASGIHandler, self).__init__()
        self.load_middleware(is_async=False)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            body = await self.read_body(receive)
        except RequestAborted:
            return
        try:
            response = await self._respond(_with_length(scope, body), body)
            if response.streaming:
                _read_in_pool(response)
                await self._stream(response, receive, send)
            else:
                await self.send_response(response, send)
        finally:
            body.close()

    async def _respond(self, scope: Any, body: Any) -> Any:
        response = await self._hop(scope, body)
        pause = getattr(response, "pause", None)
        if pause is None:
            return response
        await pause()
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

    async def _hop(self, scope: Any, body: Any) -> Any:
        if scope["method"] not in UNSAFE or not lane.running:
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
