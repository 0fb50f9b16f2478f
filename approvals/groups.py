"""The groups that rules and questions name: whether one is written so that it can mean anybody."""

from __future__ import annotations

from approvals.chart import MOST_LEVELS, Company
from orgchart.models import Department, Member
from orgchart.walls import seen_among
from teammcp.core.errors import InvalidInput

KINDS = ("authority", "kind", "department", "role", "skill", "below")


def check_approvers(actor: Member, group: str, field: str) -> None:
    """The same as `check_group` for a group that decides or answers: that may be a manager too."""
    if not _is_manager(group, field):
        check_group(actor, group, field)


def _is_manager(group: str, field: str) -> bool:
    head, plus, level = group.partition("+")
    if head != "manager":
        return False
    if not plus or (level.isascii() and level.isdecimal() and 1 <= int(level) <= MOST_LEVELS):
        return True
    raise InvalidInput(
        f"{group!r} is no level of the chart.",
        fields={field: "no such level"},
        next=f"Write 'manager', or 'manager+1' to 'manager+{MOST_LEVELS}' for those above.",
    )


def check_group(actor: Member, group: str, field: str) -> None:
    """Raises InvalidInput for a group that means nobody there could be, as far as the actor sees.
    `field` is the argument in which it stands."""
    if group.startswith("@"):
        _check_member(actor, group, field)
        return
    kind, _, name = group.partition(":")
    if kind not in KINDS or not name:
        raise InvalidInput(
            f"{group!r} is no group.",
            fields={field: "no such group"},
            next="Write '@ada', 'authority:admin', 'kind:agent', 'department:ops', 'role:cto',"
            " 'skill:deploys', 'below:@ada'; approvers also 'manager' or 'manager+1'.",
        )
    known = {
        "authority": Member.Authority.values,
        "kind": [Member.Kind.HUMAN.value, Member.Kind.AGENT.value],
        "department": Department.objects.values_list("slug", flat=True)
        if kind == "department" else (),
    }.get(kind)  # fmt: skip
    if kind == "below":
        _check_member(actor, name, field)
    elif known is not None and name not in known:
        raise InvalidInput(
            f"There is no {kind} {name!r}.",
            fields={field: f"no such {kind}"},
            next=f"Known: {', '.join(sorted(known)) or 'none'}.",
        )


def _check_member(actor: Member, named: str, field: str) -> None:
    member = Company.load().named(named)
    hidden = member is None or member.pk not in seen_among(actor, [member.pk])
    if member is None or hidden or member.kind == Member.Kind.SYSTEM:
        raise InvalidInput(
            f"There is no member {named[:60]}.",
            fields={field: "no such member"},
            next="Write a present handle as '@name': find_people.",
        )
