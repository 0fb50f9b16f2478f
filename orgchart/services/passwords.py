"""Passwords, for people in the dashboard. They are hashed before the write takes its turn: a hash
takes as long as hundreds of messages."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils import timezone

from audit.ledger import record
from orgchart import events
from orgchart.models import Member
from orgchart.schemas import MemberOut
from teammcp.core import limits
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import Line, Password, clean_line

TRIES_A_MINUTE = 10


def _spend_try(actor: Member) -> None:
    limits.spend("password", per_minute=TRIES_A_MINUTE, whom=f"member {actor.pk}")
    if actor.kind != Member.Kind.HUMAN:
        raise Forbidden("Passwords are for people.", next="Use your token; it needs no password.")


def _encoded(actor: Member, password: str) -> str:
    try:
        validate_password(password, actor)
    except ValidationError as error:
        raise InvalidInput(
            " ".join(error.messages), fields={"password": "too weak"}, next="Choose a longer one."
        ) from None
    return make_password(password)


def _prepare_welcome(*, actor: Member, password: str, **_: Any) -> dict[str, str]:
    _spend_try(actor)
    if actor.welcomed_at is not None:
        raise _welcomed_already()
    return {"password": _encoded(actor, password)}


@action(scope="org:read", prepare=_prepare_welcome)
def finish_welcome(*, actor: Member, name: Line, password: Password) -> MemberOut:
    """A person's first steps: a name and a password. Possible once."""
    now, name = timezone.now(), clean_line("name", name, required=True)
    fresh = Member.objects.filter(pk=actor.pk, welcomed_at=None)
    if not fresh.update(name=name, password=password, welcomed_at=now):
        raise _welcomed_already()
    actor.name, actor.welcomed_at = name, now
    record(events.WELCOMED, actor=actor, target=f"member:{actor.pk}", topics=[f"member-{actor.pk}"])
    return MemberOut.of(actor)


def _welcomed_already() -> Conflict:
    return Conflict("The first steps are done already.", next="Sign in and go on.")


def _prepare_change(*, actor: Member, current: str, password: str, **_: Any) -> dict[str, str]:
    _spend_try(actor)
    known = Member.objects.values_list("password", flat=True).get(pk=actor.pk)
    if not check_password(current, known):
        raise _wrong_password()
    return {"current": known, "password": _encoded(actor, password)}


@action(scope="org:read", prepare=_prepare_change)
def set_password(*, actor: Member, current: Password, password: Password) -> MemberOut:
    """Change your password for the dashboard. For people."""
    # Both are hashes here. Another change in between makes the current one wrong.
    if not Member.objects.filter(pk=actor.pk, password=current).update(password=password):
        raise _wrong_password()
    record(
        events.PASSWORD_SET, actor=actor, target=f"member:{actor.pk}", topics=[f"member-{actor.pk}"]
    )
    return MemberOut.of(actor)


def _wrong_password() -> Forbidden:
    return Forbidden("The current password is not right.", next="Try again, or ask an owner.")
