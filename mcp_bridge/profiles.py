"""Which tools a client is offered: by URL, never by the state of a connection.

`/mcp` offers the default profile and `/mcp?profile=full` everything. The list is made once from the
`TOOLS` of all installed apps, in the order of the apps and of their lists, and is the same for
every caller; what a caller may not do, the action refuses.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from typing import Any

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from mcp_bridge.schemas import input_schema, output_schema
from teammcp.core.errors import InvalidInput
from teammcp.core.tools import Tool

DEFAULT_PROFILE = "default"


@dataclass(frozen=True)
class Profile:
    """A named list of tools."""

    name: str
    tools: Mapping[str, Tool]

    @cached_property
    def listing(self) -> list[dict[str, Any]]:
        """The tools as `tools/list` shows them."""
        complete = self.name == "full"
        return [describe(tool, complete=complete) for tool in self.tools.values()]

    @cached_property
    def names(self) -> dict[str, str]:
        """From the action to the tool, where the two differ."""
        pairs = {tool.action.name: tool.name for tool in self.tools.values()}
        return {action: name for action, name in pairs.items() if action != name}

    def tool(self, name: str) -> Tool:
        """The tool of this name. Raises InvalidInput, which says what there is."""
        found = self.tools.get(name)
        if found is not None:
            return found
        known = ", ".join(self.tools)
        elsewhere = [other for other in profiles().values() if name in other.tools]
        if elsewhere:
            raise InvalidInput(
                f"{name} is not offered here.",
                next=f"Connect to /mcp?profile={elsewhere[0].name} for it, or use one of: {known}.",
            )
        raise InvalidInput(f"There is no tool {name[:60]!r}.", next=f"Use one of: {known}.")


def describe(tool: Tool, *, complete: bool) -> dict[str, Any]:
    """One entry of `tools/list`; `complete` spells the answer out."""
    shown = {
        "name": tool.name,
        "description": tool.action.description,
        "inputSchema": input_schema(tool),
        "annotations": tool.hints,
    }
    if tool.plain is None:
        shown["outputSchema"] = output_schema(tool.action.output, complete=complete)
    return shown


@cache
def profiles() -> dict[str, Profile]:
    """All profiles by name, the default one first."""
    tools = list(all_tools())
    repeated = {tool.name for tool in tools if sum(tool.name == one.name for one in tools) > 1}
    if repeated:
        raise ImproperlyConfigured(f"two tools are named {', '.join(sorted(repeated))}")
    names = {name for tool in tools for name in tool.profiles} | {"full"}
    ordered = [DEFAULT_PROFILE, *sorted(names - {DEFAULT_PROFILE})]
    return {
        name: Profile(name, {tool.name: tool for tool in tools if name in tool.profiles})
        for name in ordered
    }


def profile_named(name: str) -> Profile:
    """The profile of this name. Raises InvalidInput, which lists the known ones."""
    found = profiles().get(name)
    if found is None:
        known = ", ".join(profiles())
        raise InvalidInput(
            f"There is no tool profile {name[:60]!r}.",
            next=f"Connect to /mcp, or to /mcp?profile= with one of: {known}.",
        )
    return found


def all_tools() -> Iterator[Tool]:
    """The tools of every installed app."""
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "tools"):
            yield from getattr(import_module(f"{config.name}.tools"), "TOOLS", ())
