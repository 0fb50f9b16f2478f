"""The reporting lines: who stands above whom, and so who may give orders to whom.

The chart is a forest: each member has one manager or none. A way up or a whole branch is one
recursive statement, which SQLite and PostgreSQL read alike; `docs/performance.md` has the figures.
An order goes down the chart only, and never to somebody of higher authority: that an agent stands
above an owner in the chart gives it no power over them. Owners stand above everybody, admins above
all who are neither owner nor admin.
"""

from __future__ import annotations

from itertools import islice

from orgchart.models import Member
from orgchart.walls import seen_among
from teammcp.core import sql
from teammcp.core.errors import Forbidden

RANKS = {"observer": 0, "member": 1, "admin": 2, "owner": 3}
LEVELS = 1_000  # more than any company has; ends a walk through damaged rows
NAMED = 3  # whom a refusal names

_UP = f"""
WITH RECURSIVE line(id, manager_id, level) AS (
  SELECT id, manager_id, 0 FROM orgchart_member WHERE id = %s
  UNION ALL
  SELECT m.id, m.manager_id, line.level + 1 FROM orgchart_member m
    JOIN line ON m.id = line.manager_id WHERE line.level < {LEVELS}
)
"""  # noqa: S608 - our own number
_DOWN = """
WITH RECURSIVE branch(id) AS (
  SELECT id FROM orgchart_member WHERE manager_id = %s
  UNION
  SELECT m.id FROM orgchart_member m JOIN branch ON m.manager_id = branch.id
)
SELECT id FROM branch
"""
_SUCCESSION = f"""
WITH RECURSIVE line(id, successor_id, level) AS (
  SELECT id, successor_id, 0 FROM orgchart_member WHERE id = %s
  UNION ALL
  SELECT m.id, m.successor_id, line.level + 1 FROM orgchart_member m
    JOIN line ON m.id = line.successor_id WHERE line.level < {LEVELS}
)
"""  # noqa: S608 - our own number


def line_above(member_id: int) -> list[int]:
    """The ids of the managers of a member up to the top, the nearest first. One statement."""
    statement = f"{_UP} SELECT id FROM line WHERE level > 0 ORDER BY level"  # noqa: S608
    rows = sql.rows(statement, [member_id])
    return [pk for (pk,) in rows]


def branch_below(member_id: int) -> set[int]:
    """The ids of all who stand below a member, at any depth. One statement."""
    return {pk for (pk,) in sql.rows(_DOWN, [member_id])}


def managers_of(member: Member) -> list[Member]:
    """The managers up to the top, the nearest first, whatever their status. One statement."""
    statement = (
        f"{_UP} SELECT m.* FROM line JOIN orgchart_member m ON m.id = line.id"  # noqa: S608
        " WHERE line.level > 0 ORDER BY line.level"
    )
    return list(Member.objects.raw(statement, [member.pk]))


def escalation_line(member: Member) -> list[Member]:
    """To whom what this member leaves undone goes, step by step: the managers who are at work.
    Paused and retired ones are passed over. Empty above the top."""
    return [above for above in managers_of(member) if above.status == Member.Status.ACTIVE]


def successor_of(member: Member) -> Member | None:
    """Who holds now what a retired member held: the successor, or theirs if they retired too."""
    if member.status != Member.Status.RETIRED or member.successor_id is None:
        return None
    statement = (
        f"{_SUCCESSION} SELECT m.* FROM line JOIN orgchart_member m ON m.id = line.id"  # noqa: S608
        " WHERE line.level > 0 AND m.status != 'retired' ORDER BY line.level LIMIT 1"
    )
    return next(iter(Member.objects.raw(statement, [member.pk])), None)


def outranks(actor: Member, member: Member) -> bool:
    """Whether the authority alone puts the actor above: an owner above everybody, an admin above
    all who are neither. A credential without these scopes gives none of that."""
    if actor.pk == member.pk or member.kind == Member.Kind.SYSTEM:
        return False
    return actor.has_scope("owner") or (
        actor.has_scope("admin") and RANKS[member.authority] < RANKS["admin"]
    )


def manages(actor: Member, member: Member) -> bool:
    """Whether the actor may give orders to the member: stands above in the chart, at any distance
    and without less authority, or outranks them. Nobody manages themselves."""
    if outranks(actor, member):
        return True
    if actor.pk == member.pk or RANKS[actor.authority] < RANKS[member.authority]:
        return False
    return actor.pk in line_above(member.pk)


def require_above(actor: Member, member: Member, order: str) -> None:
    """Raise Forbidden unless the actor manages the member, naming who may give this order.

    `order` continues "You cannot": "pause", "reassign the work of".
    """
    if manages(actor, member):
        return
    raise refused_order(actor, member, order)


def refused_order(actor: Member, member: Member, order: str) -> Forbidden:
    """The refusal of an order sideways or upwards: it names who may give it."""
    names = [f"@{above.handle}" for above in who_may_order(member, viewer=actor)]
    whom = "yourself" if actor.pk == member.pk else f"@{member.handle}"
    asked = f"{' or '.join(names)}, who may" if names else "an owner"
    return Forbidden(
        f"You cannot {order} {whom}: orders go down the reporting line only.",
        next=f"Ask {asked}.",
        who_may=names,
    )


def who_may_order(member: Member, *, viewer: Member) -> list[Member]:
    """Members at work who may give this member orders, the nearest first: at most three, without
    the viewer and those of whom the viewer may not know."""
    rank = RANKS[member.authority]
    line = [m for m in escalation_line(member) if 1 <= RANKS[m.authority] >= rank]
    higher = ["owner", "admin"] if rank < RANKS["admin"] else ["owner"]
    above = Member.objects.filter(status=Member.Status.ACTIVE, authority__in=higher)
    found = {m.pk: m for m in [*line, *above.order_by("-authority", "pk")[: NAMED + 1]]}
    known = seen_among(viewer, found) - {member.pk, viewer.pk}
    return list(islice((m for m in found.values() if m.pk in known), NAMED))
