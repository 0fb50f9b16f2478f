"""When the company changes, a policy or a request may be left without those who could answer it.
Nothing is refused for that: admins hear of it once, with what to do, and the policy shows it."""

from __future__ import annotations

from datetime import datetime
from functools import partial

from django.db.models import Q

from approvals import events
from approvals.chart import Company
from approvals.fulfilling import lacking_stage, people, stuck_stage
from approvals.models import ApprovalRequest, Policy
from approvals.rules import Rule
from approvals.selectors.policies import stuck_words
from approvals.services.asking import note
from audit.ledger import record
from audit.models import Event
from messaging.services.notes import tell
from orgchart import events as chart_events
from orgchart.selectors import system_member
from teammcp.core.context import CallContext, calling
from teammcp.core.lane import run_write

CHANGES = (
    chart_events.REGISTERED, chart_events.INVITED, chart_events.UPDATED, chart_events.RETIRED,
    chart_events.PAUSED, chart_events.UNPAUSED, chart_events.MOVED, chart_events.MANAGER_SET,
    chart_events.DEPARTMENT_REMOVED, events.STAND_IN_SET, events.STAND_IN_ENDED,
)  # fmt: skip
"""The kinds of events after which other people may be left to answer."""


class Watch:
    """Looks when the ledger has an event that may have changed who could answer; first of all
    once, for what happened while nobody looked."""

    def __init__(self) -> None:
        self._seen: int | None = None

    def look(self, now: datetime) -> int:
        """How many policies and requests were found stuck, or are no longer. One query, mostly."""
        newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0
        since, self._seen = self._seen, newest
        if since is not None and not self._changed(since, newest):
            return 0
        return look_again(now)

    def _changed(self, since: int, newest: int) -> bool:
        return newest != since and Event.objects.filter(seq__gt=since, kind__in=CHANGES).exists()


def look_again(now: datetime) -> int:
    """Compare every policy that is on, and every open request, with the company as it is. Told is
    what was not stuck when somebody looked last. For any number of callers."""
    if not Policy.objects.exists():  # nothing was ever held
        return 0
    company = Company.load(now)
    found = 0
    with calling(CallContext(face="job")):
        for policy in Policy.objects.filter(Q(enabled=True) | ~Q(stuck_stage=None)).order_by("pk"):
            number = lacking_stage(Rule.of(policy), company) if policy.enabled else None
            if number != policy.stuck_stage:
                found += run_write(partial(_set_policy, policy, number, company))
        waiting = ApprovalRequest.objects.filter(status=ApprovalRequest.Status.OPEN)
        for request in waiting.select_related("requester", "on_behalf_of").order_by("pk"):
            number = stuck_stage(request, company)
            if number != request.stuck_stage:
                found += run_write(partial(_set_request, request, number, company))
    return found


def _set_policy(row: Policy, number: int | None, company: Company) -> int:
    """Whoever takes the old state away tells of the new one."""
    before = row.stuck_stage
    rows = Policy.objects.filter(pk=row.pk, version=row.version, stuck_stage=before)
    if not rows.update(stuck_stage=number):
        return 0
    row.stuck_stage = number
    if number is None or before is not None:
        return 1
    stage = Rule.of(row).stages[number]
    record(
        events.POLICY_STUCK,
        actor=system_member(),
        target=f"policy:{row.pk}",
        topics=["approvals", "admin"],
        data={"policy": row.name, "number": number + 1, "quorum": stage.quorum},
    )
    _tell_admins(
        company,
        f"The policy “{row.name}” can no longer be fulfilled by anybody, at least for some who may"
        f" ask. {stuck_words(row)} What it holds meanwhile ends undone. Name others with"
        f" update_policy(policy='{row.name}', stages=[...]), leave those requesters out with"
        " except_requesters, or switch it off with enabled=false.",
    )
    return 1


def _set_request(row: ApprovalRequest, number: int | None, company: Company) -> int:
    before = row.stuck_stage
    rows = ApprovalRequest.objects.filter(
        pk=row.pk, status=ApprovalRequest.Status.OPEN, round=row.round, stage=row.stage,
        stuck_stage=before,
    )  # fmt: skip
    if not rows.update(stuck_stage=number):
        return 0
    row.stuck_stage = number
    if number is None or before is not None:
        return 1
    quorum = row.stages[number]["quorum"]
    note(events.REQUEST_STUCK, row, number=number + 1, quorum=quorum)
    _tell_admins(
        company,
        f"{row.name} of @{row.requester.handle} waits, and nobody is left who could approve it:"
        f" stage {number + 1} needs {people(quorum)}. It ends undone unless somebody comes back or"
        f" stands in (set_stand_in). They can withdraw it and ask again once the policy names"
        f" others; an owner can call break_glass(request='{row.name}', reason=...).",
    )
    return 1


def _tell_admins(company: Company, words: str) -> None:
    for member in company.members.values():
        if company.present(member) and member.has_scope("admin"):
            tell(member, words)


WATCH = Watch()
