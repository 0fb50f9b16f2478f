"""The addresses of the server and its tools, as they are: what a table over them must cover."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLPattern, get_resolver

from mcp_bridge.profiles import all_tools

NAMED: dict[str, dict[str, tuple[str, ...]]] = {
    "ContentView": {"get": ("show_file",)},
    "HookView": {"post": ("take_hook",)},
    "InboxView": {"get": ("check_inbox",)},
    "ProgressView": {"get": ("wait_for_approval",)},
    "RegisterView": {"post": ("register_agent", "join_company")},
    "StreamView": {"get": ("stream_events",)},
}
"""The addresses that are more than an action, and the actions that they call."""
OPEN_TO_ALL = {"healthz", "favicon.ico", "api/schema/", "api/docs/"}


class Route(NamedTuple):
    """One address of REST under one method."""

    method: str
    pattern: str
    action: str


def patterns() -> Iterator[tuple[str, Any]]:
    """Every address of the server but those of the Django admin, with its view."""
    for top in get_resolver().url_patterns:
        prefix = str(top.pattern)
        if isinstance(top, URLPattern):
            yield prefix, top.callback
        elif prefix != "admin/":
            for below in top.url_patterns:
                assert isinstance(below, URLPattern)
                yield prefix + str(below.pattern), below.callback


def rest_routes() -> Iterator[Route]:
    for pattern, view in patterns():
        if not pattern.startswith("api/") or pattern in OPEN_TO_ALL:
            continue
        for method, names in calls_of(view.cls).items():
            for name in names:
                yield Route(method.upper(), f"/{pattern}", name)


def calls_of(view: Any) -> dict[str, tuple[str, ...]]:
    """The names of the actions that a view calls, by method."""
    if hasattr(view, "actions"):
        return {method: (action.name,) for method, action in view.actions.items()}
    return NAMED[view.__name__]


def pages() -> set[str]:
    """The addresses of the dashboard, as patterns."""
    found = {f"/{p}" for p, _ in patterns() if not p.startswith("api/")}
    return found - {f"/{open_to_all}" for open_to_all in OPEN_TO_ALL}


TOOLS = {tool.action.name: tool.name for tool in all_tools()}
"""The names of the tools by those of their actions."""
