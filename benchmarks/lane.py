"""The write lane against the simpler FIFO lock, without any HTTP: `python -m benchmarks.lane`.

1, 8 and 32 coroutines call `send_message`, each as soon as its last call was answered, on a company
in a temporary folder: through the lane; through a pool of threads that take turns at a fair lock,
each with a connection and a commit of its own; and through the pool with SQLite's own waiting only.
"""

from __future__ import annotations

import argparse
import asyncio
import functools
import json
import os
import tempfile
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from benchmarks.figures import Spread, table

THREADS = 8
CLIENTS = (1, 8, 32)
Job = Callable[[], Any]
Way = Callable[[Job], Awaitable[Any]]


class FairLock:
    """A lock that is passed on in the order in which it was asked for."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held = False
        self._queue: deque[threading.Lock] = deque()

    def __enter__(self) -> None:
        with self._guard:
            if not self._held:
                self._held = True
                return
            turn = threading.Lock()
            turn.acquire()
            self._queue.append(turn)
        turn.acquire()

    def __exit__(self, *_: object) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().release()
            else:
                self._held = False


def ways() -> dict[str, Way]:
    """How a job may be brought to the one writer that SQLite has."""
    from teammcp.core.lane import lane

    pool, lock = ThreadPoolExecutor(THREADS), FairLock()

    def locked(job: Job) -> Any:
        with lock:
            return job()

    async def through_lane(job: Job) -> Any:
        lane.start()
        return await lane.arun(job)

    async def through_lock(job: Job) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, locked, job)

    async def through_pool(job: Job) -> Any:
        return await asyncio.get_running_loop().run_in_executor(pool, job)

    return {"lane": through_lane, "fair lock": through_lock, "SQLite's waiting": through_pool}


async def measure(way: Way, clients: int, seconds: float, mark: str) -> tuple[float, Spread]:
    """Sends per second, and how long each took."""
    from messaging.services import send_message
    from orgchart.models import Member

    owner = await asyncio.to_thread(lambda: Member.objects.get(authority="owner"))
    times: list[float] = []
    began = time.perf_counter()

    async def client(number: int) -> None:
        count = 0
        while time.perf_counter() - began < seconds:
            count += 1
            key = f"{mark}-{number}-{count}"
            payload = {"to": "#general", "body": f"{key} is done.", "client_key": key}
            asked = time.perf_counter()
            await way(functools.partial(send_message.call, owner, payload))
            times.append(time.perf_counter() - asked)

    await asyncio.gather(*map(client, range(clients)))
    return len(times) / (time.perf_counter() - began), Spread.of(times)


def run(seconds: float, repeat: int) -> list[dict[str, Any]]:
    """Every way at every number of clients; the best of some runs."""
    from teammcp.core.lane import lane

    found = []
    for name, way in ways().items():
        for clients in CLIENTS:
            runs = [
                asyncio.run(measure(way, clients, seconds, f"{name}-{clients}-{number}"))
                for number in range(repeat)
            ]
            rate, spread = max(runs, key=lambda one: one[0])
            found.append(
                {
                    "way": name,
                    "clients": clients,
                    "rate": round(rate),
                    "p50": spread.p50,
                    "p99": spread.p99,
                    "longest": spread.longest,
                }
            )
        lane.stop()
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3.0, help="per run (3)")
    parser.add_argument("--repeat", type=int, default=3, help="runs each; the best counts (3)")
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="teammcp-lane-") as folder:
        os.environ |= {"TEAMMCP_DATA_DIR": folder, "DJANGO_SETTINGS_MODULE": "teammcp.settings"}
        import django
        from django.core.management import call_command

        django.setup()
        from orgchart.services import open_company

        call_command("migrate", verbosity=0)
        open_company()
        found = run(options.seconds, options.repeat)
    if options.json:
        print("\n".join(map(json.dumps, found)))
    else:
        print(table(list(found[0]), [list(row.values()) for row in found]))


if __name__ == "__main__":
    main()
