"""How a member is woken: the routes in order, whether they work, the newest tries."""

from __future__ import annotations

from django.http import HttpResponse

from messaging import selectors, services
from messaging.schemas import WakeRouteOut
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    page_or_part,
    signed_in,
)

WORDS = {
    "waiting": "its own call waits",
    "subscription": "an MCP client listens",
    "connector": "the connector listens",
    "stream": "a program follows the events",
    "channel": "a Claude Code channel",
    "hook": "a client's hook",
    "webhook": "a webhook",
}


@signed_in
def show(request: WebRequest, *, handle: str, refused: Refused | None = None) -> HttpResponse:
    """For the member and for admins; to everybody else it is not there."""
    found = selectors.list_wake_routes(actor=request.user, member=handle)
    context = {
        "found": found,
        "routes": [{"about": WORDS[route.route], "is": route} for route in found.routes],
        "refused": refused,
    }
    return page_or_part(request, "messaging/waking.html", context)


def _set(request: WebRequest, answer: WakeRouteOut, *, handle: str) -> HttpResponse:
    return changed(request, f"/people/{handle}/waking/", "waking")


def _member(*, handle: str) -> dict[str, str]:
    return {"member": handle}


change = by_method(post=action_form(services.set_wake_route, done=_set, again=show, given=_member))
