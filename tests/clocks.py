"""Time that stands still, for what must happen in one moment or much later."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from unittest.mock import patch


@contextmanager
def frozen(at: datetime) -> Iterator[None]:
    """Let it be this time."""
    with patch("django.utils.timezone.now", return_value=at):
        yield
