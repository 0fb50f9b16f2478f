"""What every dashboard request passes through."""

from __future__ import annotations

import zoneinfo
from collections.abc import Callable
from functools import cache

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone

from orgchart import activity
from orgchart.models import Member
from orgchart.selectors import confirming
from teammcp.core import web
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import AppError
from teammcp.core.web import WebRequest

ADMIN = "/admin/"
# The admin's own scripts evaluate expressions and set styles; our pages need neither.
ADMIN_POLICY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'", "'unsafe-inline'"],
}
QUIET = frozenset({"/places/"})  # asked for by a page that may lie in the background
ZONE_COOKIE = "teammcp_zone"


class DashboardCallMiddleware:
    """Says where the call came from, shows times in the reader's zone, marks who is here, and turns
    an error of an action into a page."""

    def __init__(self, get_response: Callable[[WebRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: WebRequest) -> HttpResponseBase:
        face = "admin" if request.path.startswith(ADMIN) else "dashboard"
        address = request.META.get("REMOTE_ADDR", "")
        confirm = confirming(lambda: _still_there(request))
        call = CallContext(face=face, address=address, confirm=confirm)
        with calling(call), timezone.override(_zone(request)):
            response = self.get_response(request)
        if request.user.is_authenticated and request.path not in QUIET:
            activity.touch(request.user.pk)
        if face == "admin":
            response._csp_update = ADMIN_POLICY  # type: ignore[attr-defined]
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    def process_exception(self, request: WebRequest, error: Exception) -> HttpResponse | None:
        return web.refusal(request, error) if isinstance(error, AppError) else None


def _still_there(request: WebRequest) -> Member | None:
    member = Member.objects.filter(pk=request.user.pk).first()
    return member if member is not None and member.is_active else None


def _zone(request: WebRequest) -> zoneinfo.ZoneInfo | None:
    name = request.COOKIES.get(ZONE_COOKIE, "")
    return zoneinfo.ZoneInfo(name) if name in _zones() else None


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones())
