"""What actions of approvals speak of: policies, and the members whom they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from approvals.access import access_policy
from orgchart.touched import members_touched
from teammcp.core.touched import Arguments, Touched, state_of, touching


@touching("update_policy", "grant_standing")
def the_policy(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    row = access_policy(policy=str(arguments.get("policy") or ""))
    yield Touched(f"policy:{row.pk}", state_of(row, "version", "enabled"), row.name)


@touching("ask_question")
def whom_it_asks(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    """Those whom it names; who belongs to a group is seen when somebody answers."""
    named = [one for one in arguments.get("asked") or [] if str(one).startswith("@")]
    yield from members_touched(actor, {"asked": named}, "asked")


@touching("grant_standing", "set_stand_in")
def whom_it_is_about(actor: Any, arguments: Arguments) -> Iterator[Touched]:
    yield from members_touched(actor, arguments, "requester", "member", "absent")
