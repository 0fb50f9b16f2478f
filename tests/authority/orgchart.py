"""The orders of the org chart."""

from __future__ import annotations

from typing import Any

from tests.authority.table import ADMINS, CHART, NOBODY, OWN, OWNERS, Rule, rule


def _paused(owner: Any, giver: str, target: str) -> Any:
    from orgchart.services import pause_member

    if giver != target:
        pause_member(actor=owner, member=target, reason="A test.")


def _same_department(owner: Any, giver: str, target: str) -> Any:
    from orgchart.models import Department, Member

    row = Department.objects.create(slug="all", name="All")
    Member.objects.update(department=row)


def _heir_in_branch(owner: Any, giver: str, target: str) -> Any:
    """The heir reports to who gives the order, where the move would make no loop of that."""
    from orgchart.models import Member

    if target not in {giver, "manager", "above"}:
        Member.objects.filter(handle="heir").update(manager=Member.objects.get(handle=giver))


def _to(**arguments: Any) -> Any:
    return lambda giver, target: {"member": target, **arguments}


rule(Rule("update_member", "change the charter", CHART, OWN, _to(charter="Does more.")))
rule(Rule("update_member", "change skills, tools, languages, model", CHART, OWN,
          _to(capabilities=["go"], tools=["git"], languages=["English"], model="x")))  # fmt: skip
rule(Rule("update_member", "change the name", CHART, OWN, _to(name="Somebody")))
rule(Rule("update_member", "give a title", CHART, ADMINS, _to(title="Chief of Staff")))
rule(Rule("update_member", "rename the handle", ADMINS, ADMINS, _to(handle="zebra")))
rule(Rule("update_member", "make an observer", ADMINS, ADMINS, _to(authority="observer")))
rule(Rule("update_member", "appoint an admin", OWNERS, OWNERS, _to(authority="admin")))
rule(Rule("set_manager", "put under somebody in one's own branch", CHART, OWNERS,
          _to(manager="heir"), _heir_in_branch))  # fmt: skip
rule(Rule("move_member", "move within one's department", CHART, ADMINS,
          _to(department="all"), _same_department))  # fmt: skip
rule(Rule("pause_member", "pause", CHART, NOBODY, _to(reason="It loops.")))
rule(Rule("unpause_member", "let go on", CHART, NOBODY, _to(), _paused))
rule(Rule("retire_member", "retire, with a hand-over", ADMINS, ADMINS, _to(successor="heir")))
