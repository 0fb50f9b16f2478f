"""What an app offers to agents: `TOOLS = [Tool(send_message, name="send"), ...]` in its `tools.py`.

A tool is an action under the name that agents know it by. Its description, arguments and limits are
the action's own; here stands only what no signature can say. The MCP face collects the lists.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from typing import Any

from teammcp.core.actions import Action
from teammcp.core.errors import AppError
from teammcp.core.waiting import Waiter

DEFAULT = frozenset({"default", "full"})
"""Offered to every agent. Each such tool costs every agent tokens in every session."""
FULL = frozenset({"full"})
"""Offered only to those who connect with `?profile=full`."""


@dataclass(frozen=True, slots=True)
class Plain:
    """For a client that takes one block of text and nothing else: no structured answer, and an
    error as an answer of its own kind."""

    said: Callable[[Any], str]
    refused: Callable[[AppError], str]


@dataclass(frozen=True, slots=True)
class Tool:
    """An action as a tool."""

    action: Action[Any, Any]
    _: KW_ONLY
    name: str = ""
    """what agents call it; the action's own name where empty"""
    profiles: frozenset[str] = DEFAULT
    """the lists that it is in; every tool is in `full`"""
    destructive: bool = False
    """whether it takes something away, rather than only adding"""
    idempotent: bool = False
    """whether the same call again changes nothing more, also without a client key"""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    """arguments of a call that leaves them out, where an agent wants less than a program"""
    wait: Waiter | None = None
    """how to wait for its answer, where a call may ask for that"""
    plain: Plain | None = None
    """how its answer is written, where that is given by a client"""

    def __post_init__(self) -> None:
        if not self.name:
            object.__setattr__(self, "name", self.action.name)
        if "full" not in self.profiles:
            raise ValueError(f"the tool {self.name} must be in the profile 'full' as well")

    @property
    def keyed(self) -> bool:
        """Whether it takes a `client_key`: writes of which a repetition would do more."""
        return self.action.writes and not self.idempotent and self.wait is None

    @property
    def hints(self) -> dict[str, bool]:
        """The annotations of the protocol, without those that say what holds anyway.

        A keyed write is not called idempotent: it is so only for those who send the key.
        """
        if not self.action.writes:
            return {"readOnlyHint": True, "openWorldHint": False}
        hints = {"destructiveHint": self.destructive, "openWorldHint": False}
        return {**hints, "idempotentHint": True} if self.idempotent else hints
