"""Where people get mail: for themselves and admins to know."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from audit.ledger import record
from orgchart import events
from orgchart.models import Member
from orgchart.schemas import MailOut
from orgchart.selectors import access_member, check_may_know
from orgchart.services.members import HandleText
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import clean_line

Address = Annotated[str, MaxLen(254)]


@action(scope="profile:write")
def set_mail_address(*, actor: Member, address: Address, member: HandleText = "") -> MailOut:
    """Say where you get mail about what waits for you; empty: nowhere. For people.

    With `member` that of a colleague, for admins; an owner's for owners. Nobody else reads it.
    """
    target = access_member(actor=actor, handle=member or actor.handle, lock=True)
    check_may_know(actor, target)
    if target.authority == Member.Authority.OWNER and not (
        target.pk == actor.pk or actor.has_scope("owner")
    ):
        raise Forbidden("Only an owner can change this about an owner.", next="Ask an owner.")
    if target.kind != Member.Kind.HUMAN:
        raise Conflict("Agents get no mail.", next="They have an inbox: send a message.")
    address = clean_line("address", address)
    if address:
        _check(address)
    if address != target.mail_address:
        target.mail_address = address
        target.save(update_fields=["mail_address"])
        record(
            events.MAIL_SET,
            actor=actor,
            target=f"member:{target.pk}",
            topics=[f"member-{target.pk}"],
            data={"handle": target.handle, "given": bool(address)},
        )
    return MailOut(member=target.handle, address=target.mail_address)


def _check(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise InvalidInput(
            "That is no mail address.", fields={"address": "no mail address"},
            next="Give one such as ada@example.org, or nothing.",
        ) from None  # fmt: skip
