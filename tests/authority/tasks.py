"""The orders of work: what one may do to what somebody else does, holds or has promised.

The target does the work; the heir, who stands in no line of theirs, created it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from tests.authority.table import ADMINS, CHART, NOBODY, OWN, WORK, Arrange, Payload, Rule, rule


def _task(status: str, **fields: Any) -> Arrange:
    """A task of the target's in this status."""

    def arrange(owner: Any, giver: str, target: str) -> None:
        from orgchart.models import Member
        from tasks.models import Task

        at, doer = timezone.now(), Member.objects.get(handle=target)
        heir = Member.objects.get(handle="heir")
        row = {"creator": heir, "assignee": doer, "created_at": at, "updated_at": at, **fields}
        if status == "in_progress":
            hour = at + timedelta(hours=1)
            row |= {"holder": doer, "claimed_at": at, "expires_at": hour, "token": 1}
        if status == "in_review":
            row |= {"reviewer": heir, "submitted_by": doer, "needs_review": True}
        if status == "blocked":
            row |= {"blocked_on": heir, "blocked_action": "Act.", "blocked_at": at}
        if status == "done":
            row |= {"closed_at": at}
        Task.objects.create(title="Dig a well", status=status, **row)

    return arrange


def _on_it(**arguments: Any) -> Payload:
    def payload(giver: str, target: str) -> dict[str, Any]:
        from tasks.models import Task

        return {"task": Task.objects.latest("pk").name, **arguments}

    return payload


def _leased(owner: Any, giver: str, target: str) -> None:
    from orgchart.models import Member
    from tasks.services import take_lease

    _as_a_member(target, lambda: take_lease(actor=Member.objects.get(handle=target), names=["x"]))


def _lease(**arguments: Any) -> Payload:
    def payload(giver: str, target: str) -> dict[str, Any]:
        from tasks.models import Lease

        return {"lease": Lease.objects.latest("pk").name, **arguments}

    return payload


def _promised(owner: Any, giver: str, target: str) -> None:
    from orgchart.models import Member
    from tasks.services import promise

    later = timezone.now() + timedelta(hours=1)
    _as_a_member(
        target,
        lambda: promise(actor=Member.objects.get(handle=target), text="I will.", due_at=later),
    )


def _promise(**arguments: Any) -> Payload:
    def payload(giver: str, target: str) -> dict[str, Any]:
        from tasks.models import Promise

        return {"promise_id": Promise.objects.latest("pk").pk, **arguments}

    return payload


def _recurring(owner: Any, giver: str, target: str) -> None:
    from orgchart.models import Member
    from tasks.services import create_blueprint

    _as_a_member(
        target,
        lambda: create_blueprint(
            actor=Member.objects.get(handle=target), title="Sweep", cron="0 9 * * *"
        ),
    )


def _blueprint(**arguments: Any) -> Payload:
    def payload(giver: str, target: str) -> dict[str, Any]:
        from tasks.models import Blueprint

        return {"blueprint_id": Blueprint.objects.latest("pk").pk, **arguments}

    return payload


def _owned(owner: Any, giver: str, target: str) -> None:
    from orgchart.models import Member
    from tasks.models import Goal

    heir, doer = (Member.objects.get(handle=handle) for handle in ("heir", target))
    Goal.objects.create(
        title="Water",
        creator=heir,
        owner=doer,
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )


def _goal(**arguments: Any) -> Payload:
    def payload(giver: str, target: str) -> dict[str, Any]:
        from tasks.models import Goal

        return {"goal": Goal.objects.latest("pk").name, **arguments}

    return payload


def _as_a_member(handle: str, make: Any) -> None:
    """An observer makes nothing, but may have been none when they made it."""
    from orgchart.models import Member

    row = Member.objects.filter(handle=handle)
    authority = row.get().authority
    if authority == "observer":
        row.update(authority="member")
    make()
    row.update(authority=authority)


DOING, REVIEWED, TODO = _task("in_progress"), _task("in_review"), _task("todo")

rule(Rule("approve_task", "approve their work", WORK, NOBODY, _on_it(), REVIEWED))
rule(Rule("request_changes", "send their work back", WORK, NOBODY, _on_it(note="No."), REVIEWED))
rule(Rule("assign_task", "give their task to somebody else", WORK, ADMINS,
          _on_it(to="heir"), TODO))  # fmt: skip
rule(Rule("assign_task", "take a task from them that they hold", WORK, ADMINS,
          _on_it(to="none"), DOING))  # fmt: skip
rule(Rule("release_task", "end their hold of a task", WORK, OWN, _on_it(), DOING))
rule(Rule("cancel_task", "cancel their task", WORK, ADMINS, _on_it(), DOING))
rule(Rule("reopen_task", "open again what they did", WORK, ADMINS, _on_it(), _task("done")))
rule(Rule("block_task", "block their task", WORK, OWN, _on_it(on="heir", what="Act."), DOING))
rule(Rule("unblock_task", "clear the block of their task", WORK, OWN, _on_it(), _task("blocked")))
rule(Rule("edit_task", "change what their task says", WORK, OWN,
          _on_it(description="Deeper."), TODO))  # fmt: skip
rule(Rule("report_progress", "report, and so extend their hold", NOBODY, OWN,
          _on_it(progress=50), DOING))  # fmt: skip
rule(Rule("complete_task", "say that their task is done", NOBODY, OWN, _on_it(), DOING))
rule(Rule("extend_lease", "extend their lease", NOBODY, OWN, _lease(), _leased))
rule(Rule("release_lease", "release their lease", NOBODY, OWN, _lease(), _leased))
rule(Rule("break_lease", "break their lease", CHART, NOBODY, _lease(reason="I need it."), _leased))
rule(Rule("keep_promise", "call their promise kept", NOBODY, OWN, _promise(), _promised))
rule(Rule("release_promise", "release them from a promise", CHART, OWN, _promise(), _promised))
rule(Rule("edit_goal", "change a goal that they own", WORK, OWN, _goal(title="Wine"), _owned))
rule(Rule("update_blueprint", "pause their recurring work", WORK, OWN,
          _blueprint(state="paused"), _recurring))  # fmt: skip
rule(Rule("update_blueprint", "change what their recurring work makes", NOBODY, OWN,
          _blueprint(title="Mop"), _recurring))  # fmt: skip
