"""The dashboard's ways in, and who comes."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import authenticate, login, logout, update_session_auth_hash
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from orgchart import directory, selectors, services
from orgchart.models import Member
from orgchart.schemas import (
    Invitation,
    JoinCodeOut,
    MailOut,
    MemberOut,
    Registration,
)
from teammcp.core import limits
from teammcp.core.errors import AppError, NotFound
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    go,
    page,
    refused_by,
    signed_in,
)

BACKEND = "orgchart.backends.MemberBackend"
WRONG = Refused("That handle and password do not belong together.", "Check both, then try again.")
STALE = Refused(
    "This link does not sign anybody in (any more).",
    "Each link works once, for a limited time. Who sent it can make a new one; the operator gets"
    " one at each start.",
)
CLIENTS = {
    "claude_code": "Claude Code",
    "codex": "Codex",
    "gemini_cli": "Gemini CLI",
    "cursor": "Cursor",
    "vscode": "VS Code",
    "curl": "Anything that speaks HTTP",
}


# Signing in and out


def sign_in(request: WebRequest) -> HttpResponse:
    """By handle and password."""
    if request.method != "POST":
        if request.user.is_authenticated:
            return HttpResponseRedirect(_target(request))
        return _sign_in_page(request)
    handle = request.POST.get("handle", "")[:60]
    try:
        limits.spend("sign-in", per_minute=60)
        limits.spend(f"sign-in {handle.lower()}", per_minute=10)
    except AppError as error:
        return _sign_in_page(request, refused_by(error), error.status)
    member = authenticate(request, username=handle, password=request.POST.get("password", ""))
    if not isinstance(member, Member):
        return _sign_in_page(request, WRONG, 422)
    login(request, member)
    services.note_sign_in(member)
    return HttpResponseRedirect(_target(request))


def _sign_in_page(
    request: WebRequest, refused: Refused | None = None, status: int = 200
) -> HttpResponse:
    context = {
        "refused": refused,
        "handle": request.POST.get("handle", ""),
        "next": request.POST.get("next", request.GET.get("next", "")),
    }
    return render(request, "orgchart/sign_in.html", context, status=status)


def _target(request: WebRequest) -> str:
    """Where to go after signing in: never to another site."""
    wanted = request.POST.get("next", request.GET.get("next", ""))
    safe = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if safe else "/"


def sign_in_by_link(request: WebRequest, *, token: str) -> HttpResponse:
    """By a one-time link. Opening it uses nothing up, so that a preview of the link does no harm;
    the button on it does."""
    if request.method != "POST":
        return render(request, "orgchart/sign_in_link.html")
    limits.spend("sign-in", per_minute=60)
    member = services.redeem_sign_in_link(token)
    if member is None:
        context = {"refused": STALE}
        return render(request, "orgchart/sign_in_link.html", context, status=422)
    login(request, member, backend=BACKEND)
    first_time = member.welcomed_at is None and member.kind == Member.Kind.HUMAN
    return HttpResponseRedirect("/welcome/" if first_time else "/")


def _sign_out(request: WebRequest) -> HttpResponse:
    member = request.user
    logout(request)
    if member.is_authenticated:
        services.note_sign_out(member)  # after the end of the session, which sockets ask for then
    return HttpResponseRedirect("/sign-in/")


sign_out = by_method(post=_sign_out)


# People


@signed_in
def people(request: WebRequest) -> HttpResponse:
    """Everybody, or those whom a query finds."""
    query, after = request.GET.get("q", "").strip(), request.GET.get("after", "")
    found = directory.find_people.call(request.user, {"query": query, "after": after, "limit": 50})
    context = {"found": found, "name": query, "may_register": request.user.has_scope("org:write")}
    return page(request, "orgchart/people.html", context)


# Registering agents


@signed_in
def registration(
    request: WebRequest, *, refused: Refused | None = None, code: JoinCodeOut | None = None
) -> HttpResponse:
    """The form that registers an agent, and the one that makes a join code."""
    if not request.user.has_scope("org:write"):
        raise NotFound("There is no such page.", next="Ask an owner or admin to register it.")
    kept = refused.kept if refused else {}
    context = {"refused": refused, "kept": kept, "code": code}
    return page(request, "orgchart/register.html", context)


def registered_context(answer: Registration) -> dict[str, Any]:
    """What a page shows about a new agent: its token, this once, and how to connect."""
    shown = [
        {"id": name, "name": words, **answer.connect[name]}
        for name, words in CLIENTS.items()
        if name in answer.connect
    ]
    return {"registered": answer, "clients": shown}


def _registered(request: WebRequest, answer: Registration) -> HttpResponse:
    return page(request, "orgchart/register.html", registered_context(answer))


def _code_made(request: WebRequest, answer: JoinCodeOut) -> HttpResponse:
    return registration(request, code=answer)


register = by_method(
    get=registration,
    post=action_form(services.register_agent, done=_registered, again=registration),
)
join_code = by_method(
    post=action_form(services.create_join_code, done=_code_made, again=registration)
)


# Inviting people


@signed_in
def invitations(
    request: WebRequest, *, refused: Refused | None = None, invitation: Invitation | None = None
) -> HttpResponse:
    """The form that invites a person, and who has not come yet."""
    if not request.user.has_scope("org:write"):
        raise NotFound("There is no such page.", next="Ask an owner or admin to invite them.")
    context = {
        "refused": refused,
        "kept": refused.kept if refused else {},
        "invitation": invitation,
        "awaited": selectors.awaited_people(request.user),
        "authorities": ["member", "observer", "admin", "owner"]
        if request.user.has_scope("owner")
        else ["member", "observer"],
    }
    return page(request, "orgchart/invite.html", context)


def _invited(request: WebRequest, answer: Invitation) -> HttpResponse:
    """The page with the link, this once."""
    return invitations(request, invitation=answer)


invite = by_method(
    get=invitations,
    post=action_form(services.invite_person, done=_invited, again=invitations),
)
invite_again = by_method(
    post=action_form(services.renew_invitation, done=_invited, again=invitations)
)


# One's own account


@signed_in
def account(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """The password, where one gets mail, and the way to one's credentials."""
    context = {
        "refused": refused,
        "sends_mail": settings.SENDS_MAIL,
        "may_set_mail": request.user.has_scope("profile:write"),
    }
    return page(request, "orgchart/account.html", context)


def keep_signed_in(request: WebRequest) -> None:
    """After a change of the password, which ends one's other sessions."""
    request.user.refresh_from_db(fields=["password"])
    update_session_auth_hash(request, request.user)


def _password_set(request: WebRequest, answer: MemberOut) -> HttpResponse:
    keep_signed_in(request)
    messages.success(request, "Your password is changed.")
    return go(request, "/account/")


password = by_method(
    get=account, post=action_form(services.set_password, done=_password_set, again=account)
)


def _mail_set(request: WebRequest, answer: MailOut) -> HttpResponse:
    said = f"Mail goes to {answer.address}." if answer.address else "You get no mail."
    messages.success(request, said)
    return go(request, "/account/")


mail = by_method(
    post=action_form(services.set_mail_address, done=_mail_set, again=account,
                     given=lambda: {"member": ""})
)  # fmt: skip
