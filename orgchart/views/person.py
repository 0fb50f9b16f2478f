"""The page of one colleague, and what those may do there who may."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse

from audit.selectors import entries_about
from audit.topics import visible_topics
from orgchart import activity, handovers, selectors, services
from orgchart.chart import managers_of, manages, who_may_order
from orgchart.directory import HERE
from orgchart.handovers import held_out
from orgchart.holdings import held_by
from orgchart.leading import REPORTS
from orgchart.models import Department, Member
from orgchart.schemas import CredentialOut, HeldOut, MemberOut, NewCredential, Retirement
from orgchart.walls import seen_among
from teammcp.core.errors import AppError
from teammcp.core.lane import run_write
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    fragment,
    go,
    page,
    refused_by,
    signed_in,
)

HISTORY = 15
SHOWN = 10  # things of each kind that somebody holds


@signed_in
def person(
    request: WebRequest,
    *,
    handle: str,
    refused: Refused | None = None,
    issued: NewCredential | None = None,
) -> HttpResponse:
    """One colleague: place in the chart, what they hold, what happened. Oneself and those above see
    more: how to change the entry and the place, to pause and to retire."""
    actor: Member = request.user
    row = selectors.access_member(actor=actor, handle=handle)
    own, retired = row.pk == actor.pk, row.status == Member.Status.RETIRED
    (member,) = selectors.veiled(actor, [MemberOut.of(row)])
    context: dict[str, Any] = {
        "member": member,
        "own": own,
        "above": _known(actor, list(reversed(managers_of(row)))),
        "reports": _reports(actor, row),
        "held": [part for part in _held(actor, row) if part.kind != REPORTS.name],
        "history": _history(actor, row),
        "refused": refused,
        "kept": refused.kept if refused else {},
        "issued": issued,
        **_rights(actor, row, own=own, retired=retired),
    }
    if context["orders"]:
        context["departments"] = Department.objects.order_by("name")
    if own or actor.has_scope("admin"):
        shown = selectors.list_credentials(actor=actor, member=row.handle)
        context["credentials"] = shown.items
    return page(request, "orgchart/person.html", context)


def _rights(actor: Member, row: Member, *, own: bool, retired: bool) -> dict[str, Any]:
    """What the page offers. The actions decide again."""
    above = actor.has_scope("team:write") and manages(actor, row)
    return {
        "may_edit": not retired and ((own and actor.has_scope("profile:write")) or above),
        "orders": above and not retired,
        "titles": above or (own and actor.has_scope("admin")),
        "rules": actor.has_scope("admin") and above,
        "may_retire": actor.has_scope("org:write") and above and not retired,
        "who_may": [] if above or own or retired else who_may_order(row, viewer=actor),
    }


def _held(actor: Member, row: Member) -> list[HeldOut]:
    return held_out(held_by(row, viewer=actor, limit=SHOWN))


def _known(actor: Member, members: list[Member]) -> list[Member]:
    known = seen_among(actor, [member.pk for member in members])
    return [member for member in members if member.pk in known]


def _reports(actor: Member, row: Member) -> list[Member]:
    rows = selectors.visible_members(actor).filter(manager=row)
    rows = rows.exclude(status=Member.Status.RETIRED)
    return sorted(rows, key=lambda member: (member.presence not in HERE, member.name.lower()))


def _history(actor: Member, row: Member) -> list[dict[str, Any]]:
    found = entries_about(f"member-{row.pk}", visible_topics(actor), limit=HISTORY)
    return [entry.public for entry in found]


def _of(*, handle: str) -> dict[str, Any]:
    return {"member": handle}


def _to_person(request: WebRequest, answer: MemberOut, *, handle: str) -> HttpResponse:
    return go(request, f"/people/{answer.handle}/")


def _to_handle(request: WebRequest, answer: CredentialOut, *, handle: str) -> HttpResponse:
    return go(request, f"/people/{handle}/")


def _issued(request: WebRequest, answer: NewCredential, *, handle: str) -> HttpResponse:
    """The page with the token, this once."""
    return person(request, handle=handle, issued=answer)


def _form(action: Any) -> Any:
    return by_method(post=action_form(action, done=_to_person, again=person, given=_of))


edit = _form(services.update_member)
place = _form(services.set_manager)
move = _form(services.move_member)
pause = _form(services.pause_member)
unpause = _form(services.unpause_member)
issue = by_method(
    post=action_form(services.issue_credential, done=_issued, again=person, given=_of)
)
revoke = by_method(
    post=action_form(
        services.revoke_credential, done=_to_handle, again=person, given=lambda *, handle: {}
    )
)


# Retiring, after a look at what passes on


@signed_in
def hand_over(request: WebRequest, *, handle: str, refused: Refused | None = None) -> HttpResponse:
    """What passes on, to whom, before anything happens."""
    wanted = request.POST.get("successor", request.GET.get("successor", "")).strip()
    asked = {"member": handle, "successor": wanted}
    try:
        shown = handovers.preview_hand_over.call(request.user, asked)
    except AppError as error:
        if not wanted:
            raise
        refused = refused or refused_by(error)
        shown = handovers.preview_hand_over.call(request.user, {"member": handle})
    context = {
        "member": selectors.show_member(actor=request.user, member=handle),
        "shown": shown,
        "wanted": wanted or shown.successor or "",
        "refused": refused,
    }
    return page(request, "orgchart/hand_over.html", context)


def _retired(request: WebRequest, answer: Retirement, *, handle: str) -> HttpResponse:
    passed = ", ".join(answer.handed_over)
    said = f"@{answer.handle} has retired."
    if passed:
        said = f"{said} @{answer.successor} holds {passed} now. {' '.join(answer.notes)}"
    messages.success(request, said.strip())
    return go(request, f"/people/{answer.handle}/")


retire = by_method(
    get=hand_over,
    post=action_form(services.retire_member, done=_retired, again=hand_over, given=_of),
)


@signed_in
def contact(request: WebRequest, *, handle: str) -> HttpResponse:
    """Whether an agent has called yet, and how soon after its registration."""
    run_write(activity.flush)  # calls are written down every few seconds; here somebody waits
    rows = selectors.list_credentials(actor=request.user, member=handle).items
    used = [row for row in rows if row.last_used_at is not None]
    seconds = None
    if used:
        first = min(used, key=lambda row: row.created_at)
        assert first.last_used_at is not None
        seconds = max(0.1, (first.last_used_at - first.created_at).total_seconds())
    context = {"handle": handle.removeprefix("@"), "seconds": seconds}
    return fragment(request, "orgchart/_contact.html", context)
