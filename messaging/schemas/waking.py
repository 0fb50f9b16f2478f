"""What is shown of waking."""

from __future__ import annotations

from datetime import datetime

from teammcp.core.schemas import Out


class WakeRouteOut(Out):
    """A way of waking a member."""

    route: str
    position: int
    """lower ones are tried first"""
    state: str
    """proven (an acknowledgement followed), unproven, failing, paused or unused"""
    url: str
    failures: int
    """tries in a row without effect"""
    last_error: str
    tries: int
    """of the newest ones"""
    acknowledged: int
    """how many of those were followed by an acknowledgement"""
    typical_seconds: float | None
    """from the try to the acknowledgement, the median"""


class WakeOut(Out):
    """One try to wake a member."""

    route: str
    tried_at: datetime
    deliveries: int
    """how many it stood for"""
    up_to: int
    """the newest delivery that it pointed to"""
    error: str
    fetched_at: datetime | None
    acknowledged_at: datetime | None
    seconds: float | None
    """from the try to the acknowledgement"""


class WakeRoutes(Out):
    member: str
    routes: list[WakeRouteOut]
    tries: list[WakeOut]


class WakeReport(Out):
    wake: int


class WebhookOut(Out):
    """A new webhook."""

    url: str
    secret: str | None
    """shown once; null when a repeated call gets the first answer again"""

    def stored(self) -> str:
        return self.model_copy(update={"secret": None}).model_dump_json()
