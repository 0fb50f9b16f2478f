"""Names in what a member is shown: whom the walls between projects hide from them is "somebody"."""

from __future__ import annotations

from collections.abc import Iterable

from orgchart.models import Member
from orgchart.walls import bound, seen_handles

HIDDEN = "somebody"


def named_for(actor: Member, names: Iterable[str]) -> list[str]:
    """Groups and "@handles" as this member may read them. No query unless walls hold them."""
    names = list(names)
    if not bound(actor):
        return names
    seen = seen_handles(actor, [_handle(name) for name in names])
    return [name if not (one := _handle(name)) or one in seen else HIDDEN for name in names]


def one_named_for(actor: Member, handle: str) -> str:
    """The same for one handle without its sign."""
    (name,) = named_for(actor, [f"@{handle}"])
    return name.removeprefix("@")


def _handle(name: str) -> str:
    """The handle that a group names; nothing for a group that names none."""
    named = name.removeprefix("below:") if name.startswith(("@", "below:")) else ""
    return named.removeprefix("@")
