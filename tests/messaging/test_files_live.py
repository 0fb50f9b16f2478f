"""Files on a real server: large ones, a power cut in the middle, and both web servers."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx2
import pytest

from tests.live import LiveServer, wait_until

PIECE = os.urandom(1 << 20)


def pieces(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield number.to_bytes(4, "big") + PIECE[4:]


def digest_of(count: int) -> str:
    whole = hashlib.sha256()
    for piece in pieces(count):
        whole.update(piece)
    return whole.hexdigest()


class Desk:
    """REST as the owner uses it."""

    def __init__(self, server: LiveServer) -> None:
        headers = {"Authorization": f"Bearer {server.owner_token()}"}
        self.http = httpx2.Client(base_url=f"{server.url}/api/", headers=headers, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def put(self, count: int, name: str = "large.bin") -> httpx2.Response:
        return self.http.post("files/", params={"name": name}, content=pieces(count))

    def digest(self, pk: int) -> str:
        found = hashlib.sha256()
        with self.http.stream("GET", f"files/{pk}/content/") as answer:
            for piece in answer.iter_bytes():
                found.update(piece)
        return found.hexdigest()


@pytest.mark.parametrize("web", ["uvicorn", "daphne"])
def test_a_large_file_goes_up_and_down(web: str) -> None:
    env = {"TEAMMCP_SERVER": web, "TEAMMCP_FILE_MAX_MB": "70"}
    with LiveServer(env=env) as server, Desk(server) as desk:
        first = desk.put(1).json()["id"]
        assert desk.digest(first) == digest_of(1)
        process = server.child("web")
        before = process.memory_info().rss
        answer = desk.put(60)
        assert answer.status_code == 201
        assert answer.json()["sha256"] == digest_of(60)
        assert desk.digest(answer.json()["id"]) == digest_of(60)
        if web == "uvicorn":  # daphne holds whole bodies, whatever the application does
            assert process.memory_info().rss - before < 40 << 20
        assert desk.put(71).status_code == 413
        part = desk.http.get(
            f"files/{answer.json()['id']}/content/", headers={"Range": "bytes=-1048576"}
        )
        assert (part.status_code, part.content) == (206, list(pieces(60))[-1])


class Uploads:
    """Two uploaders: one that goes on until the server is gone, one that stalls in the middle."""

    def __init__(self, desk: Desk) -> None:
        self.kept: dict[int, str] = {}
        self._desk = desk
        self._gate = threading.Event()
        self._threads = [threading.Thread(target=work) for work in (self._many, self._slow)]
        for thread in self._threads:
            thread.start()

    def end(self) -> None:
        self._gate.set()
        for thread in self._threads:
            thread.join(30)

    def _many(self) -> None:
        with contextlib.suppress(httpx2.HTTPError):
            for number in range(100_000):
                content = PIECE + number.to_bytes(4, "big")
                answer = self._desk.http.post("files/", params={"name": "a"}, content=content)
                self.kept[answer.json()["id"]] = answer.json()["sha256"]

    def _slow(self) -> None:
        with pytest.raises(httpx2.HTTPError):
            self._desk.http.post("files/", params={"name": "half"}, content=self._stalled())

    def _stalled(self) -> Iterator[bytes]:
        yield from pieces(2)
        self._gate.wait(30)
        yield PIECE


def test_a_power_cut_in_the_middle_of_uploads_loses_and_breaks_nothing() -> None:
    env = {"TEAMMCP_FILE_QUOTA_MB": "5000"}
    with LiveServer(env=env) as server, Desk(server) as desk:
        incoming = Path(server.data_dir) / "files" / "incoming"
        uploads = Uploads(desk)
        wait_until(lambda: len(uploads.kept) > 5 and any(incoming.iterdir()), "uploads on the way")
        server.kill()
        uploads.end()
        assert_every_row_has_its_bytes(server)
        server.start()
        for pk, digest in uploads.kept.items():
            assert desk.digest(pk) == digest
        assert desk.put(1).status_code == 201


def assert_every_row_has_its_bytes(server: LiveServer) -> None:
    home = Path(server.data_dir)
    with closing(sqlite3.connect(home / "teammcp.sqlite3")) as database:
        rows = database.execute("SELECT sha256, size FROM messaging_file").fetchall()
    assert rows
    for digest, size in rows:
        content = (home / "files" / digest[:2] / digest[2:4] / digest).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (size, digest)
