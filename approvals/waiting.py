"""How much waits for a member: the count beside "Approvals" on every page."""

from __future__ import annotations

from approvals.access import may_decide_on
from approvals.asks import may_answer
from approvals.chart import Company
from orgchart.models import Member
from teammcp.core import sql

_OPEN = (
    "SELECT EXISTS (SELECT 1 FROM approvals_approvalrequest WHERE status = 'open'),"
    " EXISTS (SELECT 1 FROM approvals_question WHERE status = 'open')"
)


def count_waiting(actor: Member) -> int:
    """Calls and questions that wait for this member. One statement where nothing is open."""
    row = sql.one(_OPEN, [])
    assert row is not None
    if not any(row):
        return 0
    company = Company.load()
    calls = may_decide_on(actor, company) if row[0] else {}
    questions = may_answer(actor, company) if row[1] else {}
    return len(calls) + len(questions)
