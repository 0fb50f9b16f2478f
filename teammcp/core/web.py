"""Dashboard views over actions: one line per form, one way to draw a page, one way to refuse.

A form posts to `action_form(...)`. With htmx, success answers with nothing but the topics that
changed (every region of the page that follows one fetches itself again) and a refusal fills the
form's own `.refused` slot, so that what was typed is never touched. Without script, success
redirects and a refusal draws the page again with what was typed in it.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponseRedirect,
    QueryDict,
)
from django.shortcuts import render
from django_htmx.middleware import HtmxDetails

from teammcp.core.actions import Action, registry
from teammcp.core.errors import AppError, Forbidden, Held, InvalidInput, NotFound


class WebRequest(HttpRequest):
    """A request as it reaches a dashboard view."""

    htmx: HtmxDetails
    user: Any


# Called with the request, the arguments of the address, and `refused` after a failed form.
View = Callable[..., HttpResponse]


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a form was not accepted, and what was in it."""

    message: str
    next: str = ""
    kept: Mapping[str, Any] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    """what the error knows beside its words, such as which fields are wrong"""
    held: str = ""
    """nothing is wrong: the call was kept, and waits under this name ("A-12")"""

    @property
    def fields(self) -> Mapping[str, str]:
        """What is wrong, by the names of the arguments."""
        found: Mapping[str, str] = self.state.get("fields") or {}
        return found


# Pages

Part = Callable[[WebRequest], dict[str, Any]]
_parts: list[Part] = []


def shell_part(part: Part) -> Part:
    """Register what an app puts around every page: counts, places, links."""
    _parts.append(part)
    return part


def shell_of(request: WebRequest) -> SimpleNamespace:
    """What stands around the page, for the signed-in member."""
    shell = SimpleNamespace(live_url="/live/", links=[])
    for part in _parts:
        for name, value in part(request).items():
            if name == "links":
                shell.links += value
            else:
                setattr(shell, name, value)
    return shell


def page(
    request: WebRequest, template: str, context: Mapping[str, Any] | None = None, status: int = 200
) -> HttpResponse:
    """A whole page, within the shell."""
    around = {"shell": shell_of(request), "here": request.path}
    answer = render(request, template, {**around, **(context or {})}, status=status)
    return _finished(request, answer)


def fragment(
    request: WebRequest, template: str, context: Mapping[str, Any] | None = None
) -> HttpResponse:
    """A part of a page, for htmx."""
    return _finished(request, render(request, template, context))


def page_or_part(request: WebRequest, template: str, context: Mapping[str, Any]) -> HttpResponse:
    """`app/_name.html` to htmx, which asks for what `app/name.html` shows within the shell; the
    whole page where something was refused, because that is not what was asked for."""
    if request.htmx and context.get("refused") is None:
        return fragment(request, template.replace("/", "/_", 1), context)
    return page(request, template, context)


Finish = Callable[[WebRequest, str], str]
_finishers: list[Finish] = []


def finishing(finish: Finish) -> Finish:
    """Register what is done once with the whole text of an answer, such as taking away the links to
    what its reader may not see. It runs for signed-in members."""
    _finishers.append(finish)
    return finish


def _finished(request: WebRequest, answer: HttpResponse) -> HttpResponse:
    if _finishers and request.user.is_authenticated:
        text = before = answer.content.decode()
        for finish in _finishers:
            text = finish(request, text)
        if text is not before:
            answer.content = text.encode()
    return answer


def signed_in(view: View) -> View:
    """For members only. A script is told with a 401, because it could not use the sign-in page."""

    @functools.wraps(view)
    def checked(request: WebRequest, **kwargs: Any) -> HttpResponse:
        if request.user.is_authenticated:
            return view(request, **kwargs)
        if request.htmx:
            return HttpResponse("You are signed out.", status=401)
        target = request.get_full_path() if request.method == "GET" else "/"
        return redirect_to_login(target, settings.LOGIN_URL)

    return checked


def by_method(**views: View) -> View:
    """One address, a view per method: `by_method(get=show, post=change)`."""

    def chosen(request: WebRequest, **kwargs: Any) -> HttpResponse:
        method = "get" if request.method == "HEAD" else (request.method or "").lower()
        if method not in views:
            return HttpResponseNotAllowed([name.upper() for name in views])
        return views[method](request, **kwargs)

    return chosen


# Refusals


def refusal(request: WebRequest, error: AppError) -> HttpResponse:
    """The page for an error that no form caught. What is hidden looks like what is absent."""
    if isinstance(error, NotFound | Forbidden):
        return nothing_here(request)
    shown = {"refused": refused_by(error)}
    if request.htmx or not request.user.is_authenticated:
        return render(request, "_refused.html", shown, status=error.status)
    return page(request, "refused.html", shown, status=error.status)


def nothing_here(request: WebRequest) -> HttpResponse:
    """The one page for absent, hidden and forbidden."""
    if request.htmx:
        return HttpResponse("There is nothing here for you.", status=404)
    if request.user.is_authenticated and request.user.has_scope("org:read"):
        return page(request, "404.html", status=404)
    return render(request, "404.html", status=404)


def refused_by(error: AppError, kept: Mapping[str, Any] | None = None) -> Refused:
    """An error in words for a person: what it says to agents about calls is left out."""
    if isinstance(error, Held):
        return _held(error, kept or {})
    message = re.sub(r"^\w+ was not run\. ", "", error.message)
    fields = error.state.get("fields") if isinstance(error, InvalidInput) else None
    if fields and message != error.message:
        message = " ".join(_about_field(name, text) for name, text in fields.items())
    return Refused(message, _advice(error.next), kept or {}, error.state)


def _held(error: Held, kept: Mapping[str, Any]) -> Refused:
    """That what a form asks for waits for others."""
    names = " and ".join(f"“{name}”" for name in error.state.get("policies", ()))
    request = str(error.state.get("request", ""))
    message = f"It waits for approval as {request}, by the policy {names}. Nothing was done yet."
    who = ", ".join(error.state.get("waits_for", ()))
    advice = f"It waits for {who}. " if who else ""
    return Refused(
        message, f"{advice}It runs by itself as soon as people agree.", kept, error.state, request
    )


def _advice(advice: str) -> str:
    """What comes next without the calls in it: of "Submit it: submit_task(...)." "Submit it." """
    if not _speaks_of_calls(advice):
        return advice
    words, sign, _ = advice.partition(":")
    return f"{words}." if sign and not _speaks_of_calls(words) else ""


def _about_field(name: str, problem: str) -> str:
    said = re.sub(r"^(String|List|Input) should ", "It should ", problem)
    return f"{name.replace('_', ' ').capitalize()}: {said[:1].lower()}{said[1:]}."


def _speaks_of_calls(advice: str) -> bool:
    return any(word in registry or word == "client_key" for word in re.findall(r"\w+", advice))


# Forms

Done = Callable[..., HttpResponse]
Given = Callable[..., Mapping[str, Any]]
Read = Callable[[Action[Any, Any], QueryDict], dict[str, Any]]


def action_form(
    action: Action[Any, Any],
    *,
    done: Done,
    again: View,
    given: Given = dict,
    read: Read | None = None,
) -> View:
    """POST: the form's values to the action, then `done(request, answer, **kwargs)`.

    `given` turns the arguments of the address into arguments of the action; `again` draws the page
    that holds the form, for a refusal without script; `read` stands for `form_values`.
    """

    @signed_in
    def posted(request: WebRequest, **kwargs: Any) -> HttpResponse:
        values = {**(read or form_values)(action, request.POST), **given(**kwargs)}
        try:
            answer = action.call(request.user, values)
        except AppError as error:
            refused = refused_by(error, request.POST.dict())
            return _refuse(request, error, refused, functools.partial(again, **kwargs))
        return done(request, answer, **kwargs)

    return posted


def _refuse(request: WebRequest, error: AppError, refused: Refused, again: View) -> HttpResponse:
    status = 422 if isinstance(error, InvalidInput) else error.status
    if request.htmx:
        return render(request, "_refused.html", {"refused": refused}, status=status)
    response = again(request, refused=refused)
    response.status_code = status
    return response


def changed(request: WebRequest, url: str, *topics: str, **details: Any) -> HttpResponse:
    """The end of a form: regions that follow these topics refresh; without script, go to `url`."""
    if not request.htmx:
        return HttpResponseRedirect(url)
    response = HttpResponse(status=204)
    response["HX-Trigger"] = json.dumps({"changed": {"topics": topics, **details}})
    return response


def go(request: WebRequest, url: str) -> HttpResponse:
    """The end of a form that leads elsewhere."""
    if not request.htmx:
        return HttpResponseRedirect(url)
    response = HttpResponse(status=204)
    response["HX-Redirect"] = url
    return response


def form_values(action: Action[Any, Any], form: QueryDict) -> dict[str, Any]:
    """Untrusted arguments as a form sends them, in the shapes that the action's schema asks for.

    An empty box means "not given" wherever the action does not take free text, so that optional
    numbers and choices stay optional. Lists come as repeated fields or as one text with commas.
    """
    shapes = _shapes(action)
    values: dict[str, Any] = {}
    for name in form:
        if name == "csrfmiddlewaretoken":
            continue
        shape = shapes.get(name, "text" if name == "client_key" else "other")
        if shape == "list":
            values[name] = _listed(form.getlist(name))
        elif form[name] != "" or shape == "text":
            values[name] = form[name]
    return values


def _listed(texts: list[str]) -> list[str]:
    parts = (part.strip() for text in texts for part in re.split(r"[,\n]", text))
    return [part for part in parts if part]


@functools.cache
def _shapes(action: Action[Any, Any]) -> dict[str, str]:
    """For each argument: text (any string will do), list, or other."""
    properties: dict[str, Any] = action.input.model_json_schema().get("properties", {})
    return {name: _shape(schema) for name, schema in properties.items()}


def _shape(schema: dict[str, Any]) -> str:
    for option in schema.get("anyOf", [schema]):
        if option.get("type") == "array":
            return "list"
        if option.get("type") == "string" and not {"enum", "const", "format"} & set(option):
            return "text"
    return "other"
