"""Request bodies that are larger than anything that is read here."""

from __future__ import annotations

from tempfile import SpooledTemporaryFile
from typing import Any

import pytest
from django.conf import settings

from teammcp.core.handler import DRAINED, ApiHandler, OneHopHandler

PIECE = 1 << 20
HANDLERS = [OneHopHandler, ApiHandler]


class Sender:
    """A client that sends without end, as long as somebody reads."""

    def __init__(self) -> None:
        self.sent = 0
        self.answers: list[Any] = []

    async def receive(self) -> Any:
        self.sent += PIECE
        return {"type": "http.request", "body": b"x" * PIECE, "more_body": True}

    async def send(self, message: Any) -> None:
        self.answers.append(message)


def scope(path: str) -> Any:
    return {
        "type": "http", "method": "POST", "path": path, "query_string": b"", "root_path": "",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json")],
        "scheme": "http", "http_version": "1.1", "client": None,
    }  # fmt: skip


@pytest.mark.parametrize("handler", HANDLERS)
async def test_a_body_without_end_is_refused_and_not_kept(
    handler: type[OneHopHandler], monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[int] = []
    write = SpooledTemporaryFile.write

    def counted(file: Any, data: bytes) -> int:
        kept.append(len(data))
        return write(file, data)

    monkeypatch.setattr(SpooledTemporaryFile, "write", counted)
    sender = Sender()
    await handler()(scope("/api/messages/"), sender.receive, sender.send)
    assert sender.answers[0]["status"] == 413
    assert b"4 MiB" in sender.answers[1]["body"]
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert sum(kept) <= limit
    assert sender.sent <= limit + DRAINED + 2 * PIECE
