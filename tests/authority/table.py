"""Who may give which order to whom: the one table, written down before any code is asked.

Each rule says, for every relation between who gives the order and whom it concerns, which authority
it takes. `docs/authority.md` is written from it, and `test_table.py` tries every combination of
authority, relation and action:

    python -m tests.authority > docs/authority.md

Apps above add their rules in a module of their own, listed in RULE_BOOKS, with `rule`.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

AUTHORITIES = ("observer", "member", "admin", "owner")
RELATIONS: dict[str, str] = {
    "self": "to oneself",
    "report": "to a direct report",
    "below": "further below",
    "beside": "to a colleague beside",
    "manager": "to one's manager",
    "above": "further above",
    "apart": "to somebody in another line",
}
"""Where the one whom an order concerns stands, as seen by who gives it."""
RULE_BOOKS = ("tests.authority.orgchart", "tests.authority.tasks")

Arrange = Callable[[Any, str, str], Any]
Payload = Callable[[str, str], Mapping[str, Any]]

CHART = "chart"  # whoever stands above in the chart without less authority, or outranks
WORK = "work"  # whoever stands above in the chart without less authority, and every admin
ADMINS = "admins"  # admin or owner, who stands above
OWN = "own"  # oneself
NOBODY = "nobody"
OWNERS = "owners"


@dataclass(frozen=True)
class Rule:
    """An action, and who may use it on whom."""

    action: str
    order: str
    """what it is, in words: a row of the table"""
    below: str
    """CHART, WORK, ADMINS, OWNERS or NOBODY: who may give it to those below"""
    own: str
    """OWN (all but observers), ADMINS, OWNERS or NOBODY: who may do it to themselves"""
    payload: Payload
    """from the handles of who gives the order and whom it concerns to the arguments"""
    arrange: Arrange | None = None
    """(owner, giver, target): make the order possible, such as pausing who is to be unpaused"""


rules: dict[str, Rule] = {}


def rule(new: Rule) -> Rule:
    """Add a row to the table."""
    key = f"{new.action}: {new.order}"
    if key in rules:
        raise RuntimeError(f"a second rule for {key}")
    rules[key] = new
    return new


def all_rules() -> dict[str, Rule]:
    """The whole table."""
    for book in RULE_BOOKS:
        importlib.import_module(book)
    return rules


RANK = {name: number for number, name in enumerate(AUTHORITIES)}


def allowed(rule: Rule, giver: str, target: str, relation: str) -> bool:
    """What the table says of one combination: the authority of who gives the order, that of whom it
    concerns, and where they stand."""
    if giver == "observer":
        return False
    if relation == "self":
        least = {OWN: "member", ADMINS: "admin", OWNERS: "owner"}.get(rule.own)
        return least is not None and RANK[giver] >= RANK[least]
    if rule.below in {OWNERS, NOBODY}:
        return rule.below == OWNERS and giver == "owner"
    outranks = giver == "owner" or (giver == "admin" and RANK[target] < RANK["admin"])
    in_line = relation in {"report", "below"} and RANK[giver] >= RANK[target]
    if rule.below == WORK:
        return in_line or RANK[giver] >= RANK["admin"]
    if rule.below == ADMINS:
        return RANK[giver] >= RANK["admin"] and (outranks or in_line)
    return outranks or in_line


def document() -> str:
    """The table as a page."""
    lines = [
        "# Who may order what of whom",
        "",
        "Written from `tests/authority/table.py` (`python -m tests.authority >",
        "docs/authority.md`); `tests/authority` tries every combination against the server.",
        "",
        "Orders go down the reporting line, at any distance, and never to somebody of higher",
        "authority: an owner who reports to an agent takes no orders from it. An owner stands",
        "above everybody; an admin above all who are neither. An observer, and whoever is paused,",
        "gives none. A refused order names who may give it.",
        "",
        "The rows about tasks speak of work that the target does and somebody else created. Who",
        "created a task, and who reviews it, may do more: [tasks](tasks.md) has the table.",
        "",
        "Each cell says which authority the order takes, for a target with the authority *member*.",
        "",
        f"| order | action | {' | '.join(RELATIONS.values())} |",
        f"| --- | --- |{' --- |' * len(RELATIONS)}",
    ]
    for each in all_rules().values():
        cells = " | ".join(_cell(each, relation) for relation in RELATIONS)
        lines.append(f"| {each.order} | `{each.action}` | {cells} |")
    lines += ["", "## Towards admins and owners", ""]
    lines += [
        "A target of higher authority than *member* takes more. Tasks, goals and recurring work",
        "are the exception: an admin steers all of them, whoever has them.",
        "",
        "| whom it concerns | in one's own line | elsewhere |",
        "| --- | --- | --- |",
        "| an observer or a member | as above | as above |",
        "| an admin | an admin above them, or an owner | an owner |",
        "| an owner | an owner | an owner |",
    ]
    return "\n".join(lines)


def _cell(rule: Rule, relation: str) -> str:
    who = [name for name in AUTHORITIES if allowed(rule, name, "member", relation)]
    if not who:
        return "nobody"
    return {"member": "any member", "admin": "admins", "owner": "owners"}[who[0]]
