"""What is told to open pages and kept nowhere, such as presence. Each process tells its own."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

News = Mapping[str, Any]
"""By name; where it is about members, each stands under their id: {"presence": {7: {...}}}."""
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


def seen_by(news: News, hidden: frozenset[int]) -> dict[str, Any]:
    """What a page gets whose reader must not hear of some members: without the ids."""
    told = {
        name: [said for member, said in about.items() if member not in hidden]
        for name, about in news.items()
    }
    return {name: dict(said) for name, said in told.items() if said}


def anybody() -> bool:
    """Whether any page is open."""
    return bool(_pages)
