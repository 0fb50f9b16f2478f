"""Helpers that run beside the server for the time of a measurement, each in a process of its own.

The parent writes the orders as one line of JSON and reads "ready". When everything was sent it
writes one number, how far the helper should come before it ends, and reads the outcome as JSON.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from dataclasses import asdict
from types import TracebackType
from typing import Any, Self

from benchmarks.loops import run_fast


class Beside:
    """The parent's side: `with Beside(module, orders) as helper: ...; helper.outcome(number)`."""

    def __init__(self, module: str, orders: dict[str, Any]) -> None:
        self._module = module
        self._orders = json.dumps(orders)
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", self._module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(self._orders + "\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "ready\n":
            raise RuntimeError(f"{self._module} did not get ready")
        return self

    def outcome(self, number: int, *, seconds: float) -> dict[str, Any]:
        """Tell the helper how far to come; what it answers."""
        assert self._process is not None
        answer, _ = self._process.communicate(f"{number}\n", timeout=seconds)
        facts: dict[str, Any] = json.loads(answer)
        return facts

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.communicate()


def serve(work: Callable[..., Coroutine[Any, Any, Any]]) -> None:
    """The helper's side: run `work` with the orders as arguments; its dataclass is the outcome."""
    orders = json.loads(sys.stdin.readline())
    json.dump(asdict(run_fast(work(**orders))), sys.stdout)


async def until_told() -> int:
    """Say that all is ready, and wait for the number."""
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    return int(await loop.run_in_executor(None, sys.stdin.readline) or 0)
