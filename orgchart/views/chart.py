"""The org chart as a picture, and the departments."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse

from orgchart import selectors, services
from orgchart.presence import WORDS
from orgchart.schemas import DepartmentOut
from orgchart.templatetags.chart import hue_of
from orgchart.tree import Node, chart_of
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    go,
    page,
    page_or_part,
    shell_part,
    signed_in,
)

OPEN_UP_TO = 60  # members: beyond that, teams are folded until somebody opens them
FOLDED_BELOW = 2  # levels that are open all the same


@shell_part
def chart_link(request: WebRequest) -> dict[str, Any]:
    return {"links": [{"url": "/chart/", "icon": "sitemap", "name": "Org chart"}]}


@signed_in
def chart(request: WebRequest) -> HttpResponse:
    """Everybody at their place; with `q` those who match are marked and their branches open."""
    roots = chart_of(request.user)
    nodes = [node for root in roots for node in (root, *root.below())]
    wanted = request.GET.get("q", "").strip()
    found = {node.member.pk for node in nodes if wanted and _matches(node, wanted)}
    everything = "all" in request.GET or len(nodes) <= OPEN_UP_TO
    context = {
        "trees": [root for root in roots if root.reports],
        "alone": [root for root in roots if not root.reports],
        "found": found,
        "unfolded": _unfolded(roots, found, everything=everything),
        "name": wanted,
        "size": len(nodes),
        "folds": len(nodes) > OPEN_UP_TO,
        "everything": "all" in request.GET,
        "counts": _counts(nodes),
        "legend": _legend(nodes),
        "everybody": nodes,
    }
    return page_or_part(request, "orgchart/chart.html", context)


def _matches(node: Node, wanted: str) -> bool:
    member = node.member
    said = f"@{member.handle} {member.name} {member.title}".lower()
    department = member.department.slug if member.department else ""
    return wanted.lower() in said or wanted.lower() == f"dept:{department}"


def _unfolded(roots: list[Node], found: set[int], *, everything: bool) -> set[int]:
    """Whose reports are shown: all, or the first levels and what leads to those who were found."""
    shown: set[int] = set()

    def visit(node: Node) -> bool:
        led = [visit(report) for report in node.reports]
        if everything or any(led) or node.level < FOLDED_BELOW:
            shown.add(node.member.pk)
        return any(led) or node.member.pk in found

    for root in roots:
        visit(root)
    return shown


def _counts(nodes: list[Node]) -> list[tuple[str, int]]:
    numbers = {word: sum(node.word == word for node in nodes) for word in WORDS}
    return [(word, number) for word, number in numbers.items() if number]


def _legend(nodes: list[Node]) -> list[dict[str, Any]]:
    """The departments in the chart, each with its colour and size."""
    found: dict[str, dict[str, Any]] = {}
    for node in nodes:
        if (row := node.member.department) is not None:
            entry = found.setdefault(row.slug, {"row": row, "hue": hue_of(row.pk), "size": 0})
            entry["size"] += 1
    return sorted(found.values(), key=lambda entry: entry["row"].name)


# Departments


@signed_in
def departments(request: WebRequest, *, refused: Refused | None = None, **_: Any) -> HttpResponse:
    """The departments as a tree; for admins with what changes them."""
    rows = selectors.list_departments(actor=request.user).items
    context = {
        "departments": _in_order(rows),
        "rules": request.user.has_scope("org:write"),
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page(request, "orgchart/departments.html", context)


def _in_order(rows: list[DepartmentOut]) -> list[dict[str, Any]]:
    below: dict[str | None, list[DepartmentOut]] = {}
    for row in rows:
        below.setdefault(row.parent, []).append(row)
    ordered: list[dict[str, Any]] = []

    def visit(parent: str | None, level: int) -> None:
        for row in below.get(parent, []):
            ordered.append({"row": row, "level": min(level, 3), "hue": hue_of(row.id)})
            visit(row.slug, level + 1)

    visit(None, 0)
    return ordered


def _done(request: WebRequest, answer: DepartmentOut, **_: Any) -> HttpResponse:
    return go(request, "/departments/")


def _form(action: Any) -> Any:
    return action_form(
        action,
        done=_done,
        again=departments,
        given=lambda *, department: {"department": department},
    )


department_list = by_method(
    get=departments,
    post=action_form(services.create_department, done=_done, again=departments),
)
department_edit = by_method(post=_form(services.update_department))
department_remove = by_method(post=_form(services.remove_department))
