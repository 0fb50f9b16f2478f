"""Large files beside small talk: `python -m benchmarks.files`.

One client uploads a file of 200 MB and downloads it again while another sends messages at a
moderate rate. Shown are the rates, how much the web process grew, and what a send took meanwhile.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx2

from benchmarks.figures import Spread, table
from tests.live import LiveServer

MIB = 1 << 20
PIECE = os.urandom(MIB)
LEGEND = """
MB/s of the transfer; ms of a send to #general meanwhile; growth of the web process at its highest,
in MiB, over what it had before. Content checked by SHA-256."""


class Bench:
    """A server, and the owner's two hands."""

    def __init__(self, server: LiveServer, size: int) -> None:
        headers = {"Authorization": f"Bearer {server.owner_token()}"}
        base = f"{server.url}/api/"
        self._carrier = httpx2.Client(base_url=base, headers=headers, timeout=600)
        self._talker = httpx2.Client(base_url=base, headers=headers, timeout=60)
        self._process = server.child("web")
        self._size = size
        self._file: dict[str, Any] = {}

    def run(self) -> Iterator[list[object]]:
        self._small_talk(lambda: time.sleep(2))  # warm
        self._before = self._process.memory_info().rss
        yield self._row("nothing else", lambda: time.sleep(3), moved=0)
        yield self._row("upload", self._upload, moved=self._size)
        yield self._row("download", self._download, moved=self._size)

    def _row(self, name: str, work: Callable[[], object], *, moved: int) -> list[object]:
        started = time.perf_counter()
        spread, peak = self._small_talk(work)
        rate = moved / (time.perf_counter() - started) if moved else 0.0
        grown = (peak - self._before) / MIB
        return [name, float(rate), spread.p50, spread.p99, spread.longest, float(grown)]

    def _small_talk(self, work: Callable[[], object]) -> tuple[Spread, int]:
        """Send until the work is done; the times of the sends, and the largest memory seen."""
        worker = threading.Thread(target=work)
        times: list[float] = []
        peak = 0
        worker.start()
        while worker.is_alive():
            begun = time.perf_counter()
            self._talker.post("messages/", json={"to": "#general", "body": "Hello."})
            times.append(time.perf_counter() - begun)
            peak = max(peak, self._process.memory_info().rss)
            time.sleep(0.01)
        worker.join()
        return Spread.of(times), peak

    def _pieces(self) -> Iterator[bytes]:
        for number in range(self._size):
            yield number.to_bytes(4, "big") + PIECE[4:]

    def _upload(self) -> None:
        answer = self._carrier.post("files/", params={"name": "a.bin"}, content=self._pieces())
        self._file = answer.json()
        self._check(hashlib.sha256(b"".join(self._pieces())).hexdigest())

    def _download(self) -> None:
        found = hashlib.sha256()
        with self._carrier.stream("GET", f"files/{self._file['id']}/content/") as answer:
            for piece in answer.iter_bytes():
                found.update(piece)
        self._check(found.hexdigest())

    def _check(self, digest: str) -> None:
        if self._file.get("sha256") != digest:
            raise RuntimeError(f"the content changed on its way: {self._file}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", type=int, default=200, help="MiB")
    parser.add_argument("--server", default="uvicorn", choices=["uvicorn", "daphne"])
    options = parser.parse_args()
    env = {"TEAMMCP_FILE_MAX_MB": str(options.size + 1), "TEAMMCP_SERVER": options.server}
    with LiveServer(env=env) as server:
        rows = list(Bench(server, options.size).run())
    heads = ["beside", "MB/s", "send p50", "p99", "longest", "growth"]
    print(table(heads, rows))
    print(LEGEND)


if __name__ == "__main__":
    main()
