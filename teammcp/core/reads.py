"""The read pool: a few threads with warm database connections, for work that comes from the event
loop. Writes go through the lane; nothing here opens a transaction."""

from __future__ import annotations

import asyncio
import contextvars
import functools
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.conf import settings
from django.db import close_old_connections

T = TypeVar("T")


class ReadPool:
    """Threads made at the first use; `READ_THREADS` says how many."""

    @functools.cached_property
    def executor(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(settings.READ_THREADS, thread_name_prefix="read")

    async def arun(self, function: Callable[[], T]) -> T:
        context = contextvars.copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.executor, context.run, _with_connection, function)


def _with_connection(function: Callable[[], T]) -> T:
    close_old_connections()
    try:
        return function()
    finally:
        close_old_connections()


reads = ReadPool()
