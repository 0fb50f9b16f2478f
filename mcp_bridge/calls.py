"""One tool call, from a name and untrusted arguments to a result. Both eras of the protocol and the
direct path come through here; nothing that a caller sends raises out of it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from audit.live import hub
from mcp_bridge.notices import notices
from mcp_bridge.profiles import Profile
from mcp_bridge.results import Wire, failure, success, text_only, waiting_for_approval
from orgchart.models import Member
from teammcp.core.context import current_call
from teammcp.core.errors import AppError, Forbidden, Held, InternalError, InvalidInput
from teammcp.core.schemas import Out
from teammcp.core.tools import Tool
from teammcp.core.waiting import Wait, call_and_wait

logger = logging.getLogger(__name__)

IDENTITY = frozenset({"actor", "agent", "author", "from", "sender"})
"""Arguments with which callers elsewhere say who they are. Here the token says it."""


@dataclass(frozen=True, slots=True)
class Client:
    """Whoever sent a request: the member, the tools offered to them, and a way to look again."""

    member: Member
    profile: Profile
    renew: Callable[[], Awaitable[Member]]
    """the member anew; raises NotAuthenticated when the token no longer holds"""
    who: Callable[[], Member | None]
    """the same from a thread; None when the token no longer holds"""
    wait: Wait = hub.wait
    """how this client waits for news"""


async def call_tool(client: Client, name: str, arguments: Mapping[str, Any]) -> Wire:
    """Run a tool for this client and give its result in wire form."""
    names = client.profile.names
    plain = None
    try:
        tool = client.profile.tool(name)
        plain = tool.plain
        answer = await _run(client, tool, arguments)
        if plain is not None:
            return text_only(plain.said(answer))
        return await success(answer, await notices.line(client.member, tool))
    except Held as held:
        return waiting_for_approval(held, names, await _line(client, name))
    except AppError as error:
        if plain is None or isinstance(error, Forbidden):
            return failure(error, names)
        return text_only(plain.refused(error))
    except Exception:  # the last boundary: the caller learns that it failed, the log why
        request_id = current_call().request_id
        logger.exception("the tool %s failed in request %s", name[:60], request_id)
        fault = internal_error()
        return failure(fault, names) if plain is None else text_only(plain.refused(fault))


async def _line(client: Client, name: str) -> str:
    return await notices.line(client.member, client.profile.tool(name))


async def _run(client: Client, tool: Tool, arguments: Mapping[str, Any]) -> Out:
    _refuse_identity(client.member, tool, arguments)
    arguments = {**tool.defaults, **arguments}
    if tool.wait is None:
        answer: Out = await tool.action.acall(client.member, arguments)
        return answer
    return await call_and_wait(
        tool.action, client.member, arguments, tool.wait, wait=client.wait, renew=client.renew
    )


def _refuse_identity(member: Member, tool: Tool, arguments: Mapping[str, Any]) -> None:
    """Nobody says in an argument who they are: not by mistake, and not as somebody else."""
    claimed = sorted(IDENTITY & arguments.keys() - tool.action.input.model_fields.keys())
    if claimed:
        named = ", ".join(claimed)
        raise InvalidInput(
            f"{tool.name} was not run. {named}: unknown argument. Your token says who acts: you"
            f" are @{member.handle}, and nobody can act as somebody else.",
            fields=dict.fromkeys(claimed, "unknown argument"),
            next=f"Send the same call without {named}.",
        )


def internal_error() -> InternalError:
    """What a caller hears of a fault of ours."""
    return InternalError(
        "The server failed at this call; it was written down.",
        next="Look whether it happened before you repeat it; with the same client_key a repeat is"
        " safe. Tell the operator the request id if it goes on.",
        request_id=current_call().request_id,
    )
