"""Deciding: one member, one vote in each round, on exactly what was shown."""

from __future__ import annotations

from typing import Annotated

from annotated_types import Ge, Le
from django.utils import timezone

from approvals import events
from approvals.access import access_request, free_seats, taken_in
from approvals.chart import Company, Seat
from approvals.gating import stage_at
from approvals.models import ApprovalRequest, Decision
from approvals.schemas import Ref, RequestDetail, Text, Verdict
from approvals.selectors.requests import detail_of
from approvals.services.asking import note, open_stage, tell_requester
from approvals.services.executing import approve, close, moved, supersede, whats_moved
from approvals.services.stepping import end_if_over
from approvals.timing import next_step
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.context import current_call
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import clean_text

Status = ApprovalRequest.Status
Small = Annotated[int, Ge(1), Le(1_000)]


@action(scope="approvals:write")
def decide(
    *,
    actor: Member,
    request: Ref,
    verdict: Verdict,
    comment: Text = "",
    stage: Small | None = None,
    round: Small | None = None,  # noqa: A002
    digest: Text = "",
) -> RequestDetail:
    """Approve or decline a request, or ask for changes to it (`comment` says which).

    Read show_request first: it says exactly what will run. Pass its `digest`, `stage` and `round`
    to be sure that it is that which you decide on.
    """
    company = Company.load()
    row = access_request(actor=actor, request=request, lock=True, company=company)
    comment = clean_text("comment", comment, required=verdict == "request_changes").strip()
    _check_open(row)
    _check_shown(row, stage, round, digest)
    if end_if_over(row):
        return detail_of(actor, row)
    if moved(row):
        supersede(row, whats_moved(row))
        return detail_of(actor, row)
    seat = _seat(actor, row, company)
    Decision.objects.create(
        request=row, round=row.round, stage=row.stage, member=actor, seat_id=seat.owner,
        verdict=verdict, comment=comment, face=current_call().face, at=timezone.now(),
    )  # fmt: skip
    _record(actor, row, company, seat, verdict, comment)
    _follow(actor, row, company, verdict, comment)
    return detail_of(actor, row)


def _check_open(row: ApprovalRequest) -> None:
    if row.status == Status.OPEN:
        return
    if row.status == Status.CHANGES_REQUESTED:
        raise Conflict(
            f"Changes to {row.name} were asked for; it waits for @{row.requester.handle}.",
            next="You hear of it when it was changed.",
            status=row.status,
        )
    raise Conflict(
        f"{row.name} is {row.status} already{f': {row.reason}' if row.reason else '.'}",
        next="list_approvals shows what waits for you.",
        status=row.status,
    )


def _check_shown(row: ApprovalRequest, stage: int | None, number: int | None, digest: str) -> None:
    """Refuse a decision on something else than what is open now: a late click, a changed call."""
    shown = {"stage": stage, "round": number, "digest": digest or None}
    now = {"stage": row.stage + 1, "round": row.round, "digest": row.digest}
    if any(value is not None and value != now[name] for name, value in shown.items()):
        raise Conflict(
            f"{row.name} has moved on since you looked at it. Your decision was not counted.",
            next=f"Look again: show_request(request='{row.name}').",
            **now,
        )


def _seat(actor: Member, row: ApprovalRequest, company: Company) -> Seat:
    """From which seat the actor decides. Raises Conflict or Forbidden, saying why from none."""
    taken = taken_in(row)
    mine = free_seats(row, actor, company, taken)
    if mine:
        return mine[0]
    if -actor.pk in taken:
        raise Conflict(
            f"You have decided on {row.name} in this round already; everybody counts once.",
            next="comment_request adds what you want to say.",
        )
    for_you = Decision.objects.filter(request=row, round=row.round, seat=actor).first()
    if for_you is not None:
        raise Conflict(
            f"@{for_you.member.handle} stood in for you and has decided on {row.name}.",
            next="comment_request adds what you want to say.",
        )
    askers = {row.requester_id, row.on_behalf_of_id or row.requester_id}
    if actor.pk in company.barred(askers, without_registrar=row.without_registrar):
        raise Forbidden(
            f"Nobody decides on what they ask for themselves, and neither do their agents"
            f" ({row.name}).",
            next="Wait for the others, or withdraw_request.",
        )
    who = stage_at(row, row.stage).approvers
    raise Forbidden(
        f"{row.name} is not for you to decide now: this stage is for {', '.join(who)}.",
        next="comment_request says what you think of it.",
    )


def _record(
    actor: Member, row: ApprovalRequest, company: Company, seat: Seat, verdict: str, comment: str
) -> None:
    owner = company.members[seat.owner] if seat.owner != actor.pk else None
    note(
        events.DECIDED, row, actor.pk, *([owner.pk] if owner else []), actor=actor,
        on_behalf_of=owner, verdict=verdict, comment=comment, stage=row.stage + 1,
        round=row.round, seat=seat.owner,
        standing_in=f", for @{owner.handle}" if owner else "",
    )  # fmt: skip


# What follows from it


def _follow(
    actor: Member, row: ApprovalRequest, company: Company, verdict: str, comment: str
) -> None:
    said = f" “{comment}”" if comment else ""
    if verdict == "request_changes":
        _send_back(actor, row, comment)
    elif verdict == "decline":
        _declined(actor, row, company, said)
    else:
        _approved(actor, row, company, said)


def _send_back(actor: Member, row: ApprovalRequest, comment: str) -> None:
    row.status, row.reason = Status.CHANGES_REQUESTED, comment
    row.due_at = row.deadline
    row.save()
    note(events.CHANGES_REQUESTED, row, actor=actor, wake=[row.requester_id], comment=comment)
    tell_requester(
        row,
        f"@{actor.handle} asks you to change {row.name} ({row.action}): “{comment}”."
        f" revise_request(request='{row.name}', arguments={{...}}) asks again, with others.",
    )


def _declined(actor: Member, row: ApprovalRequest, company: Company, said: str) -> None:
    stage = stage_at(row, row.stage)
    if not stage.vetoes and _approvals(row) + _free(row, company) >= stage.quorum:
        left = stage.quorum - _approvals(row)
        _go_on(row, company, f"@{actor.handle} declined {row.name}.{said} {left} more may agree.")
        return
    reason = f"@{actor.handle} declined.{said}"
    close(row, Status.DECLINED, reason)
    note(events.DECLINED, row, actor=actor, wake=[row.requester_id], reason=reason)
    tell_requester(row, f"{row.name} ({row.action}) was declined: {reason} Nothing was done.")


def _approved(actor: Member, row: ApprovalRequest, company: Company, said: str) -> None:
    stage = stage_at(row, row.stage)
    count = _approvals(row)
    if count < stage.quorum:
        of = f"{count} of {stage.quorum}"
        _go_on(row, company, f"@{actor.handle} approved {row.name} ({of}).{said}")
    elif row.stage + 1 < len(row.stages):
        row.stage += 1
        open_stage(row, company)
        at = f"stage {row.stage + 1} of {len(row.stages)} is open now"
        tell_requester(row, f"@{actor.handle} approved {row.name}; {at}.{said}")
    else:
        approve(row, f"@{actor.handle} agreed as the last one.{said}")


def _go_on(row: ApprovalRequest, company: Company, said: str) -> None:
    row.due_at = next_step(row, company)
    row.save(update_fields=["due_at"])
    tell_requester(row, said)


def _approvals(row: ApprovalRequest) -> int:
    decisions = Decision.objects.filter(request=row, round=row.round, stage=row.stage)
    return decisions.filter(verdict=Decision.Verdict.APPROVE).count()


def _free(row: ApprovalRequest, company: Company) -> int:
    """How many could still decide in this stage."""
    taken = taken_in(row)
    seats = company.seats(row, stage_at(row, row.stage), levels=row.escalated)
    return len({s.member for s in seats if s.owner not in taken and -s.member not in taken})


def check_words(field: str, text: str) -> str:
    """A reason that says something. Raises InvalidInput."""
    text = clean_text(field, text, required=True).strip()
    if len(text) < SAYS:
        raise InvalidInput(
            f"{field} says too little.", fields={field: "too short"}, next="Say why, in a sentence."
        )
    return text


SAYS = 3  # characters
