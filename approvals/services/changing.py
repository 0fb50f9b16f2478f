"""What who asked does with a request, and what anybody may say about it."""

from __future__ import annotations

from django.utils import timezone

from approvals import events
from approvals.access import access_request
from approvals.chart import Company
from approvals.models import ApprovalRequest, Comment
from approvals.schemas import Reason, Ref, RequestDetail, Text
from approvals.selectors.requests import detail_of
from approvals.services.asking import note, open_stage, tell_asked, tell_requester
from approvals.services.executing import approve, close
from approvals.services.filing import asked_for, describe
from approvals.services.stepping import end_if_over
from orgchart.models import Member
from teammcp.core import gate
from teammcp.core.actions import action, registry
from teammcp.core.context import current_call
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.instances import copy_of
from teammcp.core.plain import Plain
from teammcp.core.texts import clean_text

Status = ApprovalRequest.Status
TAKEN_BACK = (Status.OPEN, Status.CHANGES_REQUESTED, Status.APPROVED)


@action(scope="approvals:write")
def comment_request(*, actor: Member, request: Ref, body: Reason) -> RequestDetail:
    """Say something about a request without deciding on it."""
    row = access_request(actor=actor, request=request, lock=True)
    body = clean_text("body", body, required=True).strip()
    Comment.objects.create(
        request=row, member=actor, body=body, face=current_call().face, at=timezone.now()
    )
    note(events.COMMENTED, row, actor.pk, actor=actor, wake=[row.requester_id], comment=body)
    said = f"@{actor.handle} says about {row.name} ({row.action}): “{body}”"
    if actor.pk != row.requester_id:
        tell_requester(row, said)
    else:
        tell_asked(row, said)
    return detail_of(actor, row)


@action(scope="approvals:write")
def withdraw_request(*, actor: Member, request: Ref, reason: Text = "") -> RequestDetail:
    """Take back what you asked for. It works until it runs."""
    row = access_request(actor=actor, request=request, lock=True)
    _check_own(actor, row, "withdraw")
    if row.status not in TAKEN_BACK:
        done = "has run" if row.status == Status.EXECUTED else f"is {row.status}"
        raise Conflict(
            f"{row.name} {done}; it can no longer be withdrawn.",
            next=f"show_request(request='{row.name}') tells how it ended.",
            status=row.status,
        )
    reason = clean_text("reason", reason).strip()
    close(row, Status.WITHDRAWN, reason or f"@{actor.handle} withdrew it.")
    note(events.WITHDRAWN, row, actor=actor, wake=[row.requester_id], reason=reason)
    why = f": “{reason}”" if reason else "."
    tell_asked(row, f"@{actor.handle} withdrew {row.name} ({row.action}){why}")
    return detail_of(actor, row)


@action(scope="approvals:write")
def revise_request(
    *, actor: Member, request: Ref, arguments: Plain, comment: Text = ""
) -> RequestDetail:
    """Ask again with other arguments, all of them given anew. A new round begins, in which all
    decide again. For who asked, while it is open or changes were asked for."""
    row = access_request(actor=actor, request=request, lock=True)
    _check_own(actor, row, "change")
    if not row.is_open:
        raise Conflict(
            f"{row.name} is {row.status}; it can no longer be changed.",
            next=f"Call {row.action} again: that asks anew.",
            status=row.status,
        )
    if end_if_over(row):
        return detail_of(actor, row)
    comment = clean_text("comment", comment).strip()
    before = row.arguments
    act = registry[row.action].act(copy_of(actor), registry[row.action].validate(arguments))
    found = gate.try_out(act)
    if found.error is not None:
        raise found.error
    describe(row, act, found)
    row.before = before
    row.round, row.stage, row.status, row.reason = row.round + 1, 0, Status.OPEN, ""
    row.save()
    changed = {
        name: [before.get(name), row.arguments.get(name)]
        for name in row.arguments
        if before.get(name) != row.arguments.get(name)
    }
    note(
        events.REVISED, row, actor=actor, fields=sorted(changed), comment=comment, **asked_for(row)
    )
    if comment:
        Comment.objects.create(
            request=row, member=actor, body=comment, face=current_call().face, at=timezone.now()
        )
    if row.stages:
        open_stage(row, Company.load())
    else:
        approve(row, "No policy holds it any more.")
    return detail_of(actor, row)


def _check_own(actor: Member, row: ApprovalRequest, what: str) -> None:
    if actor.pk != row.requester_id:
        raise Forbidden(
            f"Only @{row.requester.handle} can {what} {row.name}.",
            next="decide or comment_request says what you think of it.",
        )
