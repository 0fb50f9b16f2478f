"""Who may do what here: the real check, asked by people."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse, QueryDict

from approvals import selectors
from approvals.schemas import CheckOut
from approvals.views.words import action_words
from orgchart.faces import faces_of
from orgchart.selectors import visible_members
from teammcp.core.actions import Action, registry
from teammcp.core.errors import AppError, InvalidInput
from teammcp.core.web import WebRequest, form_values, page, refused_by, signed_in

PREFIX = "arg-"
HANDLES = 200


@signed_in
def who(request: WebRequest) -> HttpResponse:
    """The question, and where it is complete, its answer."""
    member = request.GET.get("member", "").strip() or request.user.handle
    name = request.GET.get("action", "").strip()
    action = registry.get(name)
    context: dict[str, Any] = {
        "member": member.removeprefix("@")[:60],
        "action": name[:60],
        "known": action,
        "about": _asked_of(action, request.GET) if action else [],
        "actions": sorted(n for n, a in registry.items() if a.writes),
        "members": visible_members(request.user).order_by("handle")
                   .values_list("handle", flat=True)[:HANDLES],
        "asks": action_words(name),
    }  # fmt: skip
    status = 200
    if name:
        try:
            answer = _answer(request, member, name, action)
            context |= {"answer": answer, "lacking": _lacking(answer, context["about"])}
            context["faces"] = faces_of(_named(answer))
        except AppError as error:
            context["refused"], status = refused_by(error), _status(error)
    return page(request, "approvals/who.html", context, status=status)


def _status(error: AppError) -> int:
    return 422 if isinstance(error, InvalidInput) else error.status


def _answer(
    request: WebRequest, member: str, name: str, action: Action[Any, Any] | None
) -> CheckOut:
    filled = QueryDict(mutable=True)
    for key, values in request.GET.lists():
        if key.startswith(PREFIX) and any(values):
            filled.setlist(key.removeprefix(PREFIX), [value for value in values if value])
    arguments = form_values(action, filled) if action else {}
    answer: CheckOut = selectors.who_may.call(
        request.user, {"member": member, "action": name, "arguments": arguments}
    )
    return answer


def _asked_of(action: Action[Any, Any], form: QueryDict) -> list[dict[str, Any]]:
    """A box for each argument of the action."""
    return [
        {
            "name": name,
            "label": name.replace("_", " "),
            "value": form.get(f"{PREFIX}{name}", "")[:2_000],
            "required": field.is_required(),
        }
        for name, field in action.input.model_fields.items()
    ]


def _lacking(answer: CheckOut, about: list[dict[str, Any]]) -> list[str]:
    """Arguments without which nothing can be said: the call would be refused for that alone."""
    if answer.refused is None or answer.refused.get("code") != "invalid_input":
        return []
    return [one["name"] for one in about if one["required"] and not one["value"]]


def _named(answer: CheckOut) -> list[str]:
    who = [one.removeprefix("@") for need in answer.needs for s in need.stages for one in s.who]
    return [answer.requester, *who]
