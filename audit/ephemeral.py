"""What is told to open pages and kept nowhere, such as presence. Each process tells its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

News = Mapping[str, Any]
_pages: dict[Callable[[News], None], asyncio.AbstractEventLoop] = {}


@contextmanager
def told(page: Callable[[News], None]) -> Iterator[None]:
    """Call this function, on the running loop, with all that is told while the block lasts."""
    _pages[page] = asyncio.get_running_loop()
    try:
        yield
    finally:
        _pages.pop(page, None)


def tell(news: News) -> None:
    """Tell all open pages of this process. From any thread."""
    for page, loop in tuple(_pages.items()):
        with contextlib.suppress(RuntimeError):  # its loop has closed
            loop.call_soon_threadsafe(page, news)


def anybody() -> bool:
    """Whether any page is open."""
    return bool(_pages)
