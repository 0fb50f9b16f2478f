"""Search: messages with filters, and the channels and people of that name."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse

from messaging import selectors
from messaging.elsewhere import hits as hits_elsewhere
from orgchart.directory import find_people
from teammcp.core.errors import InvalidInput, NotFound
from teammcp.core.web import WebRequest, page, refused_by, signed_in

SHOWN = 20
FILTERS = ("where", "author", "since", "until")


@signed_in
def search(request: WebRequest) -> HttpResponse:
    """All that the member may see, and only that."""
    query = request.GET.get("q", "").strip()
    filters = {name: request.GET.get(name, "").strip() for name in FILTERS}
    narrowed = {name: value for name, value in filters.items() if value}
    context: dict[str, Any] = {
        "query": query,
        "filters": filters,
        "filtered": bool(narrowed),
        "asked": urlencode({"q": query, **narrowed}),
    }
    status = 200
    if query:
        try:
            context |= _found(request, query, filters)
        except (InvalidInput, NotFound) as error:
            context["refused"], status = refused_by(error), 422
    return page(request, "messaging/search.html", context, status=status)


def _found(request: WebRequest, query: str, filters: dict[str, str]) -> dict[str, Any]:
    actor, after = request.user, request.GET.get("after", "")
    asked = {"query": query, "limit": SHOWN, "after": after, **filters, "where": _place(filters)}
    asked["until"] = _day_after(filters["until"])
    asked = {name: value for name, value in asked.items() if value != ""}
    hits = selectors.search_messages.call(actor, asked)
    if after or any(filters.values()):
        return {"hits": hits}
    name = query[:80]
    return {
        "hits": hits,
        "channels": selectors.list_channels(actor=actor, query=name, limit=5).items,
        "people": find_people(actor=actor, query=name, limit=5).items,
        "others": hits_elsewhere(actor, query),
        "files": selectors.search_files(actor=actor, query=name, limit=5).items,
    }


def _place(filters: dict[str, str]) -> str:
    """People write the name of a channel without its sign."""
    where = filters["where"]
    return where if not where or where[0] in "#@" or ":" in where else f"#{where}"


def _day_after(day: str) -> str:
    """To people, until a day means with that day."""
    try:
        return (date.fromisoformat(day) + timedelta(days=1)).isoformat()
    except (ValueError, OverflowError):
        return day
