"""The first steps of the owner: who you are, the first channel, the first agent.

Open until the owner has a name and a password, and from then on only in the same session, so that
the remaining steps can be finished. For everybody else there is no such page.
"""

from __future__ import annotations

import functools
from typing import Any

from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import render

from messaging import services
from messaging.schemas import ChannelOut
from orgchart.schemas import MemberOut, Registration
from orgchart.services import finish_welcome, register_agent
from orgchart.views import registered_context
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
        fresh = request.user.welcomed_at is None and request.user.has_scope("owner")
        if not (fresh or request.session.get(SESSION_KEY)):
            return nothing_here(request)
        return view(request, **kwargs)

    return signed_in(checked)


def _step(name: str) -> View:
    @during_first_steps
    def shown(request: WebRequest, *, refused: Refused | None = None, **more: Any) -> HttpResponse:
        kept = refused.kept if refused else {}
        context = {"step": name, "steps": STEPS, "refused": refused, "kept": kept}
        return render(request, "messaging/welcome.html", context | more)

    return shown


def _known(request: WebRequest, answer: MemberOut) -> HttpResponse:
    request.session[SESSION_KEY] = True
    update_session_auth_hash(request, request.user)
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


_you, _channel, _agent = _step("you"), _step("channel"), _step("agent")
first = by_method(get=_you, post=_posted(finish_welcome, _known, _you))
channel = by_method(get=_channel, post=_posted(services.create_channel, _opened, _channel))
agent = by_method(get=_agent, post=_posted(register_agent, _registered, _agent))
end = by_method(post=_ended)
