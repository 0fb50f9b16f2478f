"""Running what was approved: once, as who asked, if it is still what people agreed to.

The end of a request and the act itself are one transaction, so that a server that dies in between
has done both or neither; whoever looks next picks up what is approved and has not run.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any, cast

import orjson
from django.db import transaction
from django.utils import timezone

from approvals import events
from approvals.gating import Grant, request_digest
from approvals.models import OPEN, ApprovalRequest, BreakGlass
from approvals.services.asking import note, tell_asked, tell_requester
from orgchart.models import Credential, Member
from teammcp.core import client_keys, gate
from teammcp.core.actions import Action, registry
from teammcp.core.context import CallContext, calling
from teammcp.core.due import DueRows
from teammcp.core.errors import AppError, Forbidden
from teammcp.core.schemas import Out
from teammcp.core.touched import Touched, touched_by

logger = logging.getLogger(__name__)
Status = ApprovalRequest.Status


def approve(request: ApprovalRequest, why: str) -> None:
    """Everybody agreed: it runs as soon as that is committed. For actions only."""
    request.status, request.reason = Status.APPROVED, why
    request.due_at, request.run_at = None, timezone.now()
    request.save()
    note(events.APPROVED, request, requester=request.requester.handle, why=why)
    transaction.on_commit(_run_soon, robust=True)


def _run_soon() -> None:
    run_approved(timezone.now())


def run_approved(now: datetime) -> int:
    """Run what is approved and has not run; how many there were. For any number of callers."""
    return TO_RUN.run_due(now)


def _run(pk: int, now: datetime) -> None:
    """Run one, whose `run_at` the caller has just taken away. Within that transaction."""
    rows = ApprovalRequest.objects.filter(pk=pk, status=Status.APPROVED)
    if not rows.update(status=Status.EXECUTED, closed_at=now):  # somebody took it back
        return
    request = ApprovalRequest.objects.select_related("requester", "on_behalf_of").get(pk=pk)
    if moved(request):
        supersede(request, whats_moved(request))
        return
    try:
        with transaction.atomic():
            answer = _perform(request)
    except gate.Stop as stop:
        names = ", ".join(rule.name for rule in stop.need.why.rules)
        supersede(request, f"a rule holds it that nobody was asked about: {names}")
        return
    except AppError as error:
        _failed(request, error)
        return
    request.result = orjson.loads(answer.stored())
    request.save(update_fields=["result"])
    note(events.EXECUTED, request, wake=_woken(request), requester=request.requester.handle)
    by = f" {request.reason}" if request.reason else ""
    tell_requester(
        request,
        f"{request.name} is approved and has run: {request.action}.{by}"
        f" wait_for_approval(request='{request.name}') gives the answer.",
    )
    overtake(request)


TO_RUN = DueRows(rows=ApprovalRequest.objects.all, field="run_at", face="job", run=_run)


def _perform(request: ApprovalRequest) -> Out:
    """The act, as who asked. Raises AppError where they may not do it now, Stop where it needs more
    than people agreed to."""
    action: Action[..., Any] = registry[request.action]
    member = _requester(request)
    action.check_scope(member)
    values = action.validate(request.arguments)
    grant = Grant.of(request, glass=BreakGlass.objects.filter(request=request).exists())
    act = action.act(member, values)

    def run() -> Out:
        return cast("Out", gate.run_granted(act, grant))

    # Its events bear the name of the request: by that the ledger says what ran by which approval.
    context = CallContext(
        face=request.face, credential_id=request.credential_id, request_id=request.name
    )
    with calling(context):
        if not request.client_key:
            return run()
        kept = client_keys.once(
            member.pk, request.client_key, request.key_digest, action.output, run,
            action=action.name,
        )  # fmt: skip
        return cast("Out", kept)


def _requester(request: ApprovalRequest) -> Member:
    """Who asked, as they are now, with no more than the credential allows with which they did."""
    member = Member.objects.get(pk=request.requester_id)
    if request.credential_id is None:
        return member
    credential = Credential.objects.filter(pk=request.credential_id).first()
    if credential is None or credential.revoked_at is not None:
        raise Forbidden(
            "The credential with which it was asked for was revoked since.",
            next="Ask again with one that holds.",
        )
    if credential.scopes is not None:
        member.credential_scopes = frozenset(credential.scopes)
    return member


def _failed(request: ApprovalRequest, error: AppError) -> None:
    request.status, request.closed_at = Status.FAILED, timezone.now()
    request.reason, request.result = error.message[:1_000], error.as_dict()
    request.save()
    note(events.FAILED, request, wake=_woken(request), reason=request.reason)
    said = f"{request.name} was approved but could not run: {error.message} {error.next}".strip()
    tell_requester(request, said)
    tell_asked(request, f"{request.name}, which was approved, could not run: {error.message}")


def _woken(request: ApprovalRequest) -> list[int]:
    return [request.requester_id]


# What has changed since


def moved(request: ApprovalRequest) -> bool:
    """Whether what a request speaks of is no longer as people were shown it."""
    now = touched_by(request.action, request.requester, request.arguments)
    return request_digest(request.action, request.arguments, now) != request.digest


def whats_moved(request: ApprovalRequest) -> str:
    """Names what is different, for people."""
    now = {one.key: one for one in touched_by(request.action, request.requester, request.arguments)}
    then = [Touched(*one) for one in request.touched]
    gone = [one.name for one in then if one.key not in now]
    changed = [one.name for one in then if one.key in now and now[one.key].version != one.version]
    parts = [f"{', '.join(changed)} changed" if changed else "",
             f"{', '.join(gone)} is no longer there" if gone else ""]  # fmt: skip
    return " and ".join(part for part in parts if part) or "what it speaks of is another thing now"


def supersede(request: ApprovalRequest, reason: str) -> None:
    """End a request because the world has moved on; both sides are told. For actions and jobs."""
    close(request, Status.SUPERSEDED, reason)
    note(events.SUPERSEDED, request, wake=_woken(request), reason=reason)
    tell_requester(
        request,
        f"{request.name} ({request.action}) was overtaken: {reason}. Nothing was done. Look at it"
        " as it is now, and ask again if you still want it.",
    )
    tell_asked(request, f"{request.name} needs no decision any more: {reason}.")


def overtake(request: ApprovalRequest) -> None:
    """A call has just run: whatever else waits and speaks of things that it changed is void."""
    keys = {key for key, version, _ in request.touched if version}
    if not keys:
        return
    rows = ApprovalRequest.objects.filter(status__in=[*OPEN, Status.APPROVED])
    for other in rows.select_related("requester", "on_behalf_of").order_by("pk"):
        if keys & {key for key, *_ in other.touched} and moved(other):
            supersede(other, f"{request.name} ran first, and {whats_moved(other)}")


def close(request: ApprovalRequest, status: str, reason: str) -> None:
    """Bring a request to an end in which nothing runs. For actions and jobs only."""
    request.status, request.reason = status, reason[:1_000]
    request.closed_at, request.due_at, request.run_at = timezone.now(), None, None
    request.save()
