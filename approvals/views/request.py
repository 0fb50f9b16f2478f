"""The page of a request: exactly what will run, who has to agree, and the forms that decide."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from approvals import services
from approvals.chart import PROMPT
from approvals.schemas import GlassOut, RequestDetail, StandingOut
from approvals.services.prompting import LIVE, PREVIEW
from approvals.views.diffs import as_text, changed_in, given_in
from approvals.views.revising import boxes_of, revised
from approvals.views.words import action_words
from orgchart.faces import faces_of
from orgchart.models import Member
from teammcp.core.actions import Action
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    changed,
    page_or_part,
    signed_in,
)

DECIDED = {"approve": "approve", "decline": "decline", "request-changes": "request_changes"}
_DIGEST = re.compile(r"[0-9a-f]{64}")
SHORT = 300  # characters of a value that a standing approval may be bound to


@signed_in
def show(request: WebRequest, *, number: int, refused: Refused | None = None) -> HttpResponse:
    """The page, which counts as shown to its reader; for htmx the part that follows the request."""
    found = services.show_request(actor=request.user, request=f"A-{number}")
    context = _context(request.user, found, number)
    context |= {"refused": refused, "kept": refused.kept if refused else {}}
    return page_or_part(request, "approvals/request.html", context)


def _context(actor: Member, found: RequestDetail, number: int) -> dict[str, Any]:
    live = found.closed_at is None
    given, silent = given_in(found.action, found.arguments, actor, live=live)
    waits = sorted({handle.removeprefix("@") for stage in found.stages for handle in stage.who})
    said = [one.member for one in found.decisions] + [one.member for one in found.comments]
    said += [one.member for one in found.showings]
    compared = {one.name for one in given if one.before is not None}  # shown above already
    mine = actor.handle == found.requester
    return {
        "found": found,
        "number": number,
        "asks": action_words(found.action),
        "given": given,
        "silent": silent,
        "changes": [
            {
                "sentence": one.sentence,
                "about": [
                    (name.replace("_", " "), _told(pair[0]), _told(pair[1]))
                    for name, pair in one.changed.items()
                    if isinstance(pair, list) and len(pair) == 2 and name not in compared
                ],
            }
            for one in found.changes
        ],
        "faces": faces_of([found.requester, found.on_behalf_of, *waits, *said]),
        "prompt": found.action == PROMPT,
        "preview": found.action == PROMPT and PREVIEW in (found.arguments.get("input") or {}),
        "live": found.status in LIVE,
        "open": found.status in {"open", "changes_requested"},
        "mine": mine,
        "glass": found.broken_glass,
        "may_break": actor.has_scope("owner"),
        "may_review": _may_review(actor, found),
        "unseen": [handle for handle in waits if not _was_shown(handle, found)],
        "revised": changed_in(found.before, found.arguments) if found.before else [],
        "boxes": boxes_of(found.action, found.arguments) if _may_revise(found, mine=mine) else [],
        "bounds": _bounds(found) if found.may_decide else [],
        "until": timezone.localtime().strftime("%Y-%m-%dT18:00"),
    }


def _may_revise(found: RequestDetail, *, mine: bool) -> bool:
    """A client's prompt is answered as it is: the client runs what it asked for, and nothing
    else."""
    return mine and found.action != PROMPT and found.status in {"open", "changes_requested"}


def _told(value: Any) -> str:
    """A value as the ledger keeps it; of a text it has the digest alone."""
    kept = isinstance(value, dict) and "sha256" in value
    return "a text" if kept or _DIGEST.fullmatch(str(value)) else as_text(value)


def _was_shown(handle: str, found: RequestDetail) -> bool:
    return any(one.member == handle for one in found.showings)


def _may_review(actor: Member, found: RequestDetail) -> bool:
    glass = found.broken_glass
    if glass is None or glass.closed_at is not None or not actor.has_scope("approvals:write"):
        return False
    return actor.handle not in {glass.member, found.requester}


def _bounds(found: RequestDetail) -> list[tuple[str, str]]:
    """What a standing approval for the like of it can be bound to: the plain arguments."""
    values: dict[str, Any] = {}
    for name, value in found.arguments.items():
        if isinstance(value, dict):
            values |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            values[name] = value
    return [
        (name, str(value))
        for name, value in values.items()
        if isinstance(value, str | int | float) and value != "" and len(str(value)) <= SHORT
    ]


# Forms


def _request(*, number: int) -> dict[str, Any]:
    return {"request": f"A-{number}"}


def _done(request: WebRequest, answer: Any, *, number: int) -> HttpResponse:
    return changed(request, f"/approvals/{number}/", f"approval-{number}", "approvals")


def form(action: Action[Any, Any], **fixed: Any) -> View:
    """A form that does one thing with a request."""

    def given(*, number: int) -> Mapping[str, Any]:
        return {"request": f"A-{number}", **fixed}

    return by_method(post=action_form(action, done=_done, again=show, given=given))


decisions: dict[str, View] = {
    name: form(services.decide, verdict=verdict) for name, verdict in DECIDED.items()
}
comment = form(services.comment_request)
revise = by_method(
    post=action_form(services.revise_request, done=_done, again=show, read=revised, given=_request)
)
withdraw = form(services.withdraw_request)
break_glass = form(services.break_glass)


def _reviewed(request: WebRequest, answer: GlassOut, *, number: int) -> HttpResponse:
    return _done(request, answer, number=number)


review = by_method(
    post=action_form(services.review_break_glass, done=_reviewed, again=show, given=_request)
)


# Approving the like of it beforehand


def _like(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """What is ticked of the arguments becomes the bounds; the rest is free."""
    named = ("policy", "requester", "count", "reason", "pattern")
    values = {name: form.get(name, "") for name in named if form.get(name)}
    conditions = []
    for name in form.getlist("bound"):
        text = form.get(f"is-{name}", "")
        wild = "*" in text or "?" in text
        conditions.append({"field": name, "op": "matches" if wild else "eq", "value": text})
    return {**values, "until": local_time(form.get("until", "")), "arguments": conditions}


def local_time(text: str) -> str:
    """What a box for a time holds, in the reader's zone, as a moment; else as it is."""
    try:
        at = parse_datetime(text)
    except ValueError:
        return text
    return timezone.make_aware(at).isoformat() if at and timezone.is_naive(at) else text


def _granted(request: WebRequest, answer: StandingOut, *, number: int) -> HttpResponse:
    return _done(request, answer, number=number)


allow_like = by_method(
    post=action_form(
        services.grant_standing, done=_granted, again=show, read=_like, given=lambda number: {}
    )
)
