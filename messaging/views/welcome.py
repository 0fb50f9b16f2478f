"""The first steps of a person: who you are, and for an owner the first channel and agent.

Open until the person has a name and a password, and for an owner from then on only in the same
session, so that the remaining steps can be finished. For everybody else there is no such page.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from django.http import HttpResponse
from django.shortcuts import render

from messaging import services
from messaging.schemas import ChannelOut
from orgchart.models import Member
from orgchart.schemas import MemberOut, Registration
from orgchart.services import finish_welcome, register_agent
from orgchart.views import keep_signed_in, registered_context
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    go,
    nothing_here,
    signed_in,
)

SESSION_KEY = "first_steps"
STEPS = {"you": "You", "channel": "A channel", "agent": "An agent"}


def during_first_steps(view: View) -> View:
    """The wizard's pages exist for an owner who is not done yet."""

    @functools.wraps(view)
    def checked(request: WebRequest, **kwargs: Any) -> HttpResponse:
        fresh = _is_new(request) and request.user.has_scope("owner")
        if not (fresh or request.session.get(SESSION_KEY)):
            return nothing_here(request)
        return view(request, **kwargs)

    return signed_in(checked)


def for_newcomers(view: View) -> View:
    """The first page exists for whoever is new."""

    @functools.wraps(view)
    def checked(request: WebRequest, **kwargs: Any) -> HttpResponse:
        if not (_is_new(request) or request.session.get(SESSION_KEY)):
            return nothing_here(request)
        return view(request, **kwargs)

    return signed_in(checked)


def _is_new(request: WebRequest) -> bool:
    return request.user.welcomed_at is None and request.user.kind == Member.Kind.HUMAN


def _step(name: str, guard: Callable[[View], View] = during_first_steps) -> View:
    @guard
    def shown(request: WebRequest, *, refused: Refused | None = None, **more: Any) -> HttpResponse:
        kept = refused.kept if refused else {}
        newcomer = request.user.name if request.user.registered_by_id else ""
        context = {
            "step": name, "steps": STEPS, "refused": refused, "kept": kept, "newcomer": newcomer,
        }  # fmt: skip
        return render(request, "messaging/welcome.html", context | more)

    return shown


def _known(request: WebRequest, answer: MemberOut) -> HttpResponse:
    keep_signed_in(request)
    if not request.user.has_scope("owner"):
        return go(request, "/inbox/")
    request.session[SESSION_KEY] = True
    return go(request, "/welcome/channel/")


def _opened(request: WebRequest, answer: ChannelOut) -> HttpResponse:
    return go(request, "/welcome/agent/")


def _registered(request: WebRequest, answer: Registration) -> HttpResponse:
    context = {"step": "agent", "steps": STEPS, **registered_context(answer)}
    return render(request, "messaging/welcome.html", context)


@during_first_steps
def _ended(request: WebRequest) -> HttpResponse:
    request.session.pop(SESSION_KEY, None)
    return go(request, "/inbox/")


def _posted(action: Any, done: Any, step: View) -> View:
    return during_first_steps(action_form(action, done=done, again=step))


_you = _step("you", for_newcomers)
_channel, _agent = _step("channel"), _step("agent")
first = by_method(
    get=_you, post=for_newcomers(action_form(finish_welcome, done=_known, again=_you))
)
channel = by_method(get=_channel, post=_posted(services.create_channel, _opened, _channel))
agent = by_method(get=_agent, post=_posted(register_agent, _registered, _agent))
end = by_method(post=_ended)
