"""That somebody was really shown a request, or a question. Lists do not count, and neither does
waiting."""

from __future__ import annotations

from django.utils import timezone

from approvals import events
from approvals.access import access_request
from approvals.asks import access_question
from approvals.models import ApprovalRequest, Asked, Showing
from approvals.schemas import AskDetail, QuestionRef, Ref, RequestDetail
from approvals.selectors.questions import ask_detail
from approvals.selectors.requests import detail_of
from approvals.services.asking import note
from approvals.services.question_notes import note_ask_shown
from orgchart.models import Member
from teammcp.core.actions import query
from teammcp.core.context import current_call
from teammcp.core.lane import run_write


@query(scope="approvals:read")
def show_request(*, actor: Member, request: Ref) -> RequestDetail:
    """Exactly what will run, what it would change, who has to agree, and how far it has come.

    That you looked is written down, once, and seen by who asked.
    """
    row = access_request(actor=actor, request=request)
    note_shown(actor, row)
    return detail_of(actor, row)


@query(scope="approvals:read")
def show_question(*, actor: Member, question: QuestionRef) -> AskDetail:
    """What is asked, of whom, until when, what holds otherwise, and how it ended.

    That you looked is written down, once, and seen by who asked.
    """
    row = access_question(actor=actor, question=question)
    note_ask_shown(actor, row)
    return ask_detail(actor, row)


def note_shown(actor: Member, row: ApprovalRequest) -> None:
    """Write down that this member sees a request now, the first time. For faces that really show
    it: show_request and its page on the dashboard."""
    if actor.pk == row.requester_id or not row.is_open:
        return
    if Showing.objects.filter(request=row, member=actor).exists():
        return
    run_write(lambda: _write(actor, row.pk))


def _write(actor: Member, pk: int) -> None:
    """With the row as it is by now: its event says how the request stands."""
    rows = ApprovalRequest.objects.select_related("requester", "on_behalf_of")
    row = rows.select_for_update(of=("self",)).get(pk=pk)
    face = current_call().face
    _, new = Showing.objects.get_or_create(
        request=row, member=actor, defaults={"face": face, "at": timezone.now()}
    )
    if new:
        asked = Asked.objects.filter(request=row, member=actor).exists()
        note(events.SHOWN, row, actor.pk, actor=actor, face=face, asked=asked)
