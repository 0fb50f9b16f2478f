"""What a member holds and owes, as the apps above know it, and how it passes to a successor.

An app registers each kind of thing that needs a holder, in its `apps.ready`:

    holding_kind(
        HoldingKind(
            name="task", one="task", many="tasks",
            items=tasks_held,       # (member, viewer, limit) -> list[Holding]
            count=count_tasks,      # (member ids) -> {member id: number}, in one query
            pass_on=pass_tasks_on,  # (HandOver) -> None, inside the transaction of retire_member
        )
    )

The directory shows the numbers as the load of a member, `resume()` and the member's page the
things, and `retire_member` passes them on. Afterwards it counts again: whatever is still held by
who retires is named, and nothing is changed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import KW_ONLY, dataclass, field
from datetime import datetime
from typing import Literal

from orgchart.models import Member


@dataclass(frozen=True, slots=True)
class Holding:
    """One thing that somebody holds or owes."""

    kind: str
    id: int | str
    """as the calls of its app take it"""
    text: str
    """one line, such as "T-142 Fix the sign-in (in progress)" """
    link: str = ""
    """its address on the dashboard"""
    due: datetime | None = None


@dataclass(slots=True)
class HandOver:
    """A hand-over that is being carried out."""

    actor: Member
    """who retires the member"""
    member: Member
    successor: Member
    notes: list[str] = field(default_factory=list)
    """what the successor must know beyond the list: sentences, added by `pass_on`"""


Items = Callable[[Member, Member, int], list[Holding]]
Count = Callable[[Collection[int]], Mapping[int, int]]
PassOn = Callable[[HandOver], None]


@dataclass(frozen=True, slots=True)
class HoldingKind:
    """A kind of thing that must never be without a holder."""

    name: str
    _: KW_ONLY
    one: str
    many: str
    items: Items
    """(member, viewer, limit): what the member holds, the most pressing first, and of that only
    what the viewer may see"""
    count: Count
    """for any number of members in one query; members without any may be left out"""
    pass_on: PassOn
    """give all that the member holds to the successor; runs in the transaction that retires them,
    records its own events, and may raise Conflict"""
    relation: Literal["holds", "owes"] = "holds"
    """owes: others wait for it, such as an answer or a decision"""
    load: bool = True
    """whether it counts as work in the directory"""


_kinds: dict[str, HoldingKind] = {}


def holding_kind(kind: HoldingKind) -> HoldingKind:
    """Register a kind. The order of registration is the order of lists."""
    if kind.name in _kinds:
        raise RuntimeError(f"a second kind of holding named {kind.name}")
    _kinds[kind.name] = kind
    return kind


def holding_kinds() -> list[HoldingKind]:
    """All kinds, those of the lowest app first."""
    return list(_kinds.values())


@dataclass(frozen=True, slots=True)
class HeldOfKind:
    """What a member has of one kind."""

    kind: HoldingKind
    total: int
    items: list[Holding]
    """at most as many as were asked for, and only what the viewer may see"""

    @property
    def words(self) -> str:
        """ "1 task", "3 questions" """
        return counted(self.kind, self.total)


def counted(kind: HoldingKind, number: int) -> str:
    """A number of them, in words."""
    return f"{number} {kind.one if number == 1 else kind.many}"


def held_by(member: Member, *, viewer: Member, limit: int) -> list[HeldOfKind]:
    """What a member holds and owes, by kind; kinds without any are left out."""
    found = []
    for kind in holding_kinds():
        total = kind.count([member.pk]).get(member.pk, 0)
        if total:
            found.append(HeldOfKind(kind, total, kind.items(member, viewer, limit)))
    return found


def loads(member_ids: Collection[int]) -> dict[int, dict[str, int]]:
    """How much work each of these members has, by kind. One query for each kind, however many
    members are asked for."""
    found: dict[int, dict[str, int]] = {pk: {} for pk in member_ids}
    for kind in holding_kinds():
        if not kind.load or not member_ids:
            continue
        for pk, number in kind.count(member_ids).items():
            if number:
                found[pk][kind.name] = number
    return found


Passed = Callable[[HandOver, Mapping[str, int]], None]
_listeners: list[Passed] = []


def on_hand_over(listener: Passed) -> Passed:
    """Call this function after a hand-over, in its transaction, with how much of each kind passed:
    to tell the successor."""
    _listeners.append(listener)
    return listener


def hand_over(over: HandOver) -> dict[str, int]:
    """Pass everything on, and say how much of each kind that was. What is left over afterwards is
    for the caller to refuse: see `remaining`."""
    passed = {}
    for kind in holding_kinds():
        total = kind.count([over.member.pk]).get(over.member.pk, 0)
        if total:
            kind.pass_on(over)
            passed[kind.name] = total
    for listener in _listeners:
        listener(over, passed)
    return passed


def remaining(member: Member) -> list[str]:
    """What the member holds of each kind, in words: nothing once all of it has passed on."""
    totals = ((kind, kind.count([member.pk]).get(member.pk, 0)) for kind in holding_kinds())
    return [counted(kind, total) for kind, total in totals if total]
