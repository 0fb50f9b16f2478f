"""Request bodies that are not for memory: taken piece by piece, before the request is served.

An app says with `taker` which requests carry such a body and who takes it. The handler asks it
first (who calls, is there room), feeds it the body as it comes, in a thread of its own, and then
serves the request with an empty body and the intake in its scope. So neither the write lane nor the
read pool ever waits for a client's line.
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol, TypeVar

from django.core.exceptions import RequestAborted
from django.http import HttpRequest

from teammcp.core.errors import AppError, InvalidInput

T = TypeVar("T")
INTAKE = "teammcp.intake"  # a scope key: what was taken of this request's body
THREADS = 4
PIECE = 1 << 18  # bytes that are handed over at once
DRAINED = 8 << 20  # bytes of a refused body that are still read, so that the client hears why


class Intake(Protocol):
    """What takes a body. `error` is set as soon as it is refused; then nothing of it is kept."""

    error: AppError | None

    def feed(self, piece: bytes) -> None: ...

    def end(self) -> None:
        """The body is complete: make it durable."""

    def abandon(self) -> None:
        """Keep nothing that was not used."""

    @property
    def form(self) -> bytes:
        """The plain fields beside the files, as a form sends them."""


Applies = Callable[[Any], bool]
Begin = Callable[[Any], Intake | None]
_takers: list[tuple[Applies, Begin]] = []


def taker(applies: Applies, begin: Begin) -> None:
    """Take the bodies of requests whose scope `applies` accepts, as `begin(scope)` says; None where
    the request is refused for its caller, whom the view will tell."""
    _takers.append((applies, begin))


def taker_of(scope: Any) -> Begin | None:
    """Who takes the body of this request, if anybody does."""
    if scope["method"] not in {"POST", "PUT"}:
        return None
    return next((begin for applies, begin in _takers if applies(scope)), None)


async def take(begin: Begin, scope: Any, receive: Any) -> tuple[Any, Intake | None]:
    """Read the body into an intake; the request as it is served then. Raises RequestAborted."""
    intake = await _in_thread(lambda: begin(scope))
    if intake is not None:
        try:
            await _read(intake, receive)
            await _in_thread(intake.end)
        except BaseException:
            await asyncio.shield(_in_thread(intake.abandon))
            raise
    return _without_body(scope, intake), intake


async def _read(intake: Intake, receive: Any) -> None:
    more, refused, held = True, 0, bytearray()
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise RequestAborted
        more = message.get("more_body", False)
        if intake.error is not None:
            refused += len(message.get("body", b""))
            if refused > DRAINED:
                return
            continue
        held += message.get("body", b"")
        if held and (len(held) >= PIECE or not more):
            piece, held = bytes(held), bytearray()
            await _in_thread(functools.partial(intake.feed, piece))


def _without_body(scope: Any, intake: Intake | None) -> Any:
    """The request with its plain fields for a body."""
    form = intake.form if intake is not None and intake.error is None else b""
    dropped = {b"content-type", b"content-length", b"transfer-encoding"}
    headers = [pair for pair in scope["headers"] if pair[0] not in dropped]
    headers += [
        (b"content-type", b"application/x-www-form-urlencoded"),
        (b"content-length", b"%d" % len(form)),
    ]
    return {**scope, "headers": headers, INTAKE: intake}


async def _in_thread(function: Callable[[], T]) -> T:
    loop = asyncio.get_running_loop()
    return await loop.run_in_executor(_threads(), function)


@functools.cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="upload")


def intake_of(request: HttpRequest) -> Any:
    """What was taken of this request's body; None where it came with an ordinary one. Raises what
    the body was refused for."""
    intake = getattr(request, "scope", {}).get(INTAKE)
    if intake is not None and intake.error is not None:
        raise intake.error
    return intake


def no_file_sent() -> InvalidInput:
    return InvalidInput(
        "No file was sent.",
        fields={"file": "missing"},
        next="Send the bytes as the body with ?name=NAME in the address, or as multipart/form-data"
        " with a part that has a filename.",
    )
