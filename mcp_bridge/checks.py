"""System checks: a wrong list is found by `manage.py check`, not by the first agent."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, Error, register
from django.core.exceptions import ImproperlyConfigured

from mcp_bridge.profiles import profiles
from mcp_bridge.resources import catalogue


@register()
def check_tools(**_: Any) -> list[CheckMessage]:
    """Every tool has a name of its own, arguments and an answer that can be described."""
    try:
        for profile in profiles().values():
            profile.listing  # noqa: B018 - made here for the first time
    except ImproperlyConfigured as error:
        hint = "Give one of them another name in the `tools.py` of its app."
        return [Error(str(error), hint=hint, id="mcp_bridge.E001")]
    return []


@register()
def check_resources(**_: Any) -> list[CheckMessage]:
    """Every resource has a name of its own."""
    try:
        catalogue()
    except ImproperlyConfigured as error:
        hint = "Give one of them another name in the `resources.py` of its app."
        return [Error(str(error), hint=hint, id="mcp_bridge.E002")]
    return []
