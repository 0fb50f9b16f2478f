"""The chart as a tree: everybody who is not retired, under whom they report to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from annotated_types import Ge, Le, MaxLen

from orgchart.directory import HERE
from orgchart.holdings import loads
from orgchart.models import Member
from orgchart.schemas import ChartNode, ChartPage
from orgchart.selectors import access_member, visible_members
from teammcp.core.actions import query
from teammcp.core.errors import NotFound


@dataclass(slots=True)
class Node:
    """A member at their place."""

    member: Member
    word: str
    """their presence"""
    load: int
    level: int = 0
    reports: list[Node] = field(default_factory=list)

    def below(self) -> Iterator[Node]:
        """All under this one, in the order of the chart."""
        for report in self.reports:
            yield report
            yield from report.below()

    @property
    def size(self) -> int:
        return sum(1 for _ in self.below())

    @property
    def here(self) -> int:
        """How many of those below are here now."""
        return sum(node.word in HERE for node in self.below())


def chart_of(actor: Member) -> list[Node]:
    """The roots of the forest, the largest trees first. The same few queries at any size.

    Who reports to somebody retired stands at the top, as if they reported to nobody.
    """
    rows = visible_members(actor).exclude(status=Member.Status.RETIRED)
    members = list(rows.select_related("department").order_by("name", "handle"))
    load = loads([member.pk for member in members])
    nodes = {m.pk: Node(m, m.presence, sum(load[m.pk].values())) for m in members}
    roots: list[Node] = []
    for node in nodes.values():
        above = nodes.get(node.member.manager_id or 0)
        (above.reports if above else roots).append(node)
    for root in roots:
        _set_levels(root)
    return sorted(roots, key=lambda node: -node.size)


def _set_levels(root: Node) -> None:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        node.reports.sort(key=lambda report: (not report.reports, report.member.name.lower()))
        for report in node.reports:
            report.level = node.level + 1
        waiting += node.reports


@query(scope="org:read")
def show_chart(
    *,
    actor: Member,
    top: Annotated[str, MaxLen(60)] = "",
    levels: Annotated[int, Ge(1), Le(20)] = 20,
    limit: Annotated[int, Ge(1), Le(500)] = 200,
    after: Annotated[str, MaxLen(40)] = "",
) -> ChartPage:
    """Who reports to whom, from the top down: each line names its manager and its level.

    `top` shows only the branch of one member, `levels` how deep. `cursor` is the `after` of the
    next page.
    """
    wanted = access_member(actor=actor, handle=top) if top else None
    lines = [node for root in chart_of(actor) for node in (root, *root.below())]
    handles = {node.member.pk: node.member.handle for node in lines}
    if wanted is not None:
        found = [node for node in lines if node.member.pk == wanted.pk]
        lines = [one for node in found for one in (node, *node.below())]
    base = lines[0].level if lines else 0
    shown = [node for node in lines if node.level - base < levels]
    if after:
        shown = _beyond(shown, after)
    page = shown[:limit]
    return ChartPage(
        items=[_line(node, handles) for node in page],
        remaining=len(shown) - len(page),
        cursor=page[-1].member.handle if len(shown) > len(page) else None,
    )


def _beyond(nodes: list[Node], handle: str) -> list[Node]:
    places = [place for place, node in enumerate(nodes) if node.member.handle == handle]
    if not places:
        raise NotFound(
            f"@{handle[:40]} is no longer in this part of the chart.", next="Begin without `after`."
        )
    return nodes[places[0] + 1 :]


def _line(node: Node, handles: dict[int, str]) -> ChartNode:
    member = node.member
    return ChartNode(
        handle=member.handle,
        name=member.name,
        title=member.title,
        department=member.department.slug if member.department else None,
        manager=handles.get(member.manager_id or 0),
        level=node.level,
        reports=len(node.reports),
        presence=node.word,
    )
