"""What can be read by address: the resources of all installed apps, from their `resources.py`.

The lists are made once and are the same for every caller; what a caller may not read, the query
refuses, and it says the same of what does not exist.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from mcp_bridge.calls import Client, internal_error
from mcp_bridge.results import both_parts
from orgchart.models import Member
from teammcp.core.errors import AppError, InvalidInput, NotFound
from teammcp.core.resources import SCHEME, Changes, Resource

logger = logging.getLogger(__name__)
MIME_TYPE = "text/plain"
LONGEST_URI = 500
MOST_VALUES = 100  # that the protocol allows in a completion


@dataclass(frozen=True, slots=True)
class Address:
    """A URI as it was understood."""

    resource: Resource
    variables: Mapping[str, str]
    page: Mapping[str, str]

    @property
    def arguments(self) -> dict[str, Any]:
        """What the query is asked with."""
        return {**self.resource.arguments(**self.variables), **self.page}

    def changes(self, actor: Member) -> Changes:
        """Which events change what is read here. Raises AppError for what is not readable."""
        self.resource.action.check_scope(actor)
        return self.resource.changes(actor, **self.variables)


@functools.cache
def catalogue() -> dict[str, Resource]:
    """All resources by name, in the order of the apps and of their lists."""
    found = list(_all_resources())
    repeated = {one.name for one in found if sum(one.name == other.name for other in found) > 1}
    if repeated:
        raise ImproperlyConfigured(f"two resources are named {', '.join(sorted(repeated))}")
    return {resource.name: resource for resource in found}


def _all_resources() -> Iterator[Resource]:
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "resources"):
            yield from getattr(import_module(f"{config.name}.resources"), "RESOURCES", ())


def listing() -> list[dict[str, Any]]:
    """The resources that everybody has, as `resources/list` shows them."""
    return [
        {"uri": f"{SCHEME}://{one.name}", **_described(one)}
        for one in catalogue().values()
        if not one.variable
    ]


def templates() -> list[dict[str, Any]]:
    """The others, and those that are paged, as `resources/templates/list` shows them."""
    return [
        {"uriTemplate": one.uri, **_described(one)}
        for one in catalogue().values()
        if one.variable or one.pages
    ]


def _described(resource: Resource) -> dict[str, Any]:
    return {
        "name": resource.name,
        "title": resource.title,
        "description": resource.description,
        "mimeType": MIME_TYPE,
    }


def address_of(uri: str) -> Address:
    """What a URI means. Raises NotFound, or InvalidInput for a page that it cannot give."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        raise _unknown(uri) from None
    resource = catalogue().get(parts.netloc)
    value = unquote(parts.path.removeprefix("/"))
    fits = resource is not None and bool(value) == bool(resource.variable)
    plain = (uri + value).isprintable() and not parts.fragment and len(uri) <= LONGEST_URI
    if resource is None or parts.scheme != SCHEME or not fits or not plain:
        raise _unknown(uri)
    page = dict(parse_qsl(parts.query, keep_blank_values=True))
    unknown = sorted(page.keys() - set(resource.pages))
    if unknown:
        raise InvalidInput(
            f"{unknown[0][:40]} is not known in this address.",
            fields={unknown[0][:40]: "unknown argument"},
            next=f"Write it as {resource.uri}.",
        )
    return Address(resource, {resource.variable: value} if resource.variable else {}, page)


def _unknown(uri: str) -> NotFound:
    known = ", ".join(one.uri for one in catalogue().values())
    return NotFound(
        f"There is no resource {uri[:100]!r}.",
        next=f"Addresses are {known}; values are percent-encoded, a channel without its #.",
    )


async def read(client: Client, uri: str) -> dict[str, Any]:
    """What a URI shows this client, in wire form: the text that a tool would answer with."""
    try:
        address = address_of(uri)
        answer = await address.resource.action.acall(client.member, address.arguments)
    except AppError:
        raise
    except Exception:  # the last boundary, as for tools
        logger.exception("the resource %s failed", uri[:100])
        raise internal_error() from None
    _, text = await both_parts(answer)
    return {"contents": [{"uri": uri, "mimeType": MIME_TYPE, "text": text}]}


async def complete(client: Client, template: str, variable: str, typed: str) -> dict[str, Any]:
    """Values for the variable of a template, those that begin with what was typed first."""
    resource = next((one for one in catalogue().values() if one.uri == template), None)
    if resource is None:
        raise _unknown(template)
    suggestions = resource.suggestions
    if suggestions is None or variable != resource.variable:
        return {"values": []}
    answer = await suggestions.action.acall(client.member, suggestions.arguments(typed))
    begun = typed.lower().removeprefix("#").removeprefix("@")
    values = sorted(
        suggestions.values(answer), key=lambda value: not value.removeprefix("@").startswith(begun)
    )
    return {"values": values[:MOST_VALUES], "hasMore": len(values) > MOST_VALUES}
