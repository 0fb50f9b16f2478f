"""What the ledger keeps of people who come and go in the dashboard."""

from __future__ import annotations

from audit.ledger import record
from orgchart import events
from orgchart.models import Member
from teammcp.core.lane import run_write


def note_sign_in(member: Member) -> None:
    """They signed in with their password."""
    _note(events.SIGNED_IN_BY_PASSWORD, member)


def note_sign_out(member: Member) -> None:
    """Their session has ended; so do the sockets that were opened with it."""
    _note(events.SIGNED_OUT, member)


def _note(kind: str, member: Member) -> None:
    run_write(
        lambda: record(
            kind,
            actor=member,
            target=f"member:{member.pk}",
            topics=["admin", f"member-{member.pk}"],
            data={"handle": member.handle},
        )
    )
