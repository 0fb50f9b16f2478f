"""What is arranged ahead: who stands in for whom, and what is approved beforehand."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict
from django.utils import timezone

from approvals import selectors, services
from approvals.views.request import local_time
from orgchart.faces import faces_of
from teammcp.core.actions import Action
from teammcp.core.errors import NotFound
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    form_values,
    page_or_part,
    signed_in,
)

STAND_INS, STANDING = "/approvals/stand-ins/", "/approvals/standing/"
TIMES = ("begins_at", "ends_at", "until")


def timed_values(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """`form_values`, where times are the reader's own."""
    values = form_values(action, form)
    return {n: local_time(value) if n in TIMES else value for n, value in values.items()}


@signed_in
def show_stand_ins(
    request: WebRequest, *, refused: Refused | None = None, stand_in_id: int = 0
) -> HttpResponse:
    """Who decides for whom, now or soon, and the form for another."""
    found = selectors.list_stand_ins(actor=request.user)
    handle = request.user.handle
    admin = request.user.has_scope("admin")
    context = {
        "rows": [(one, admin or handle in {one.member, one.absent}) for one in found.items],
        "faces": faces_of(h for one in found.items for h in (one.member, one.absent)),
        "now": timezone.now(),
        "may_set": request.user.has_scope("approvals:write"),
        "admin": admin,
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "approvals/stand_ins.html", context)


def _stand_ins(request: WebRequest, answer: Any, **kwargs: Any) -> HttpResponse:
    return changed(request, STAND_INS, "approvals")


stand_ins = by_method(
    get=show_stand_ins,
    post=action_form(
        services.set_stand_in, done=_stand_ins, again=show_stand_ins, read=timed_values
    ),
)
end_stand_in = by_method(
    post=action_form(
        services.end_stand_in, done=_stand_ins, again=show_stand_ins,
        given=lambda stand_in_id: {"stand_in_id": stand_in_id},
    )
)  # fmt: skip


@signed_in
def show_standing(
    request: WebRequest, *, refused: Refused | None = None, standing_id: int = 0
) -> HttpResponse:
    """What is approved beforehand, and the form for more."""
    found = selectors.list_standing(actor=request.user, ended=bool(request.GET.get("ended")))
    context = {
        "found": found,
        "faces": faces_of(h for one in found.items for h in (one.requester, one.granted_by)),
        "ended": bool(request.GET.get("ended")),
        "now": timezone.now(),
        "policies": selectors.list_policies(actor=request.user, enabled=True).items,
        "may_grant": request.user.has_scope("approvals:write"),
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "approvals/standing.html", context)


@signed_in
def one_standing(request: WebRequest, *, standing_id: int) -> HttpResponse:
    """One of them, with each act that it let pass."""
    if not 0 < standing_id < 2**62:
        raise NotFound("There is none of that number.", next="Look at the list.")
    found = selectors.show_standing(actor=request.user, standing_id=standing_id)
    context = {
        "one": found,
        "faces": faces_of([found.requester, found.granted_by]),
        "now": timezone.now(),
    }
    return page_or_part(request, "approvals/standing_one.html", context)


def _standing(request: WebRequest, answer: Any, **kwargs: Any) -> HttpResponse:
    return changed(request, STANDING, "approvals")


standing = by_method(
    get=show_standing,
    post=action_form(
        services.grant_standing, done=_standing, again=show_standing, read=timed_values
    ),
)
end_standing = by_method(
    post=action_form(
        services.end_standing, done=_standing, again=show_standing,
        given=lambda standing_id: {"standing_id": standing_id},
    )
)  # fmt: skip
