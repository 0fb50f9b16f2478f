"""What an app lets agents read by address: `RESOURCES = [Resource(read, "channel", ...), ...]` in
its `resources.py`.

A resource is a query under a URI, `teammcp://channel/general`. What it answers, for whom, and with
which limits are the query's own; here stands only how the URI becomes its arguments, and which
events change the answer. The MCP face collects the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass
from typing import Any

from teammcp.core.actions import Action

SCHEME = "teammcp"


def _always(event: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Changes:
    """The events that change what a resource shows: those on one of these topics of which `when`
    is true."""

    topics: frozenset[str]
    when: Callable[[Any], bool] = _always

    def by(self, event: Any) -> bool:
        """Whether this event is one of them."""
        return not self.topics.isdisjoint(event.topics) and self.when(event)


@dataclass(frozen=True, slots=True)
class Suggestions:
    """What one may write for the variable of a URI, asked of a query."""

    action: Action[Any, Any]
    arguments: Callable[[str], Mapping[str, Any]]
    """from what was typed so far to the arguments of the query"""
    values: Callable[[Any], list[str]]
    """from its answer to the values"""


@dataclass(frozen=True, slots=True)
class Resource:
    """A query as a resource."""

    action: Action[Any, Any]
    name: str
    """what follows the scheme: `channel` in `teammcp://channel/general`"""
    _: KW_ONLY
    title: str
    description: str
    changes: Callable[..., Changes]
    """from `actor` and the variable, by its name, to what changes the answer. It authorises as
    the query does: it raises for what the actor may not read"""
    variable: str = ""
    """the part of the URI after the name, where it takes one"""
    pages: tuple[str, ...] = ()
    """arguments of the query that may follow after a question mark"""
    arguments: Callable[..., Mapping[str, Any]] = dict
    """from the variable, by its name, to arguments of the query"""
    suggestions: Suggestions | None = None

    @property
    def uri(self) -> str:
        """The URI itself, or its template (RFC 6570)."""
        path = f"/{{{self.variable}}}" if self.variable else ""
        query = f"{{?{','.join(self.pages)}}}" if self.pages else ""
        return f"{SCHEME}://{self.name}{path}{query}"
