"""What belongs to no app: the health check, and the pages for what is absent or broken."""

from __future__ import annotations

from typing import cast

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render

from teammcp.core import api, web


def healthz(request: HttpRequest) -> HttpResponse:
    """200 when the server answers and its database does. Gives no names away."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return JsonResponse({"status": "ok"})


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """A request that Django itself refuses, such as one for a foreign host."""
    if request.path.startswith("/api/"):
        return api.bad_request(request, exception)
    return HttpResponse("This request cannot be served.", status=400, content_type="text/plain")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """The same page for what is absent and for what is hidden."""
    if request.path.startswith("/api/"):
        return api.not_found(request, exception)
    return web.nothing_here(cast("web.WebRequest", request))


def failed(request: HttpRequest) -> HttpResponse:
    if request.path.startswith("/api/"):
        return api.failed(request)
    return render(request, "500.html", status=500)
