"""What the house itself says to a member: a direct message of @teammcp, in their inbox."""

from __future__ import annotations

from messaging.services.sending import send_message
from orgchart.models import Member
from orgchart.selectors import system_member


def tell(member: Member, body: str) -> None:
    """Tell one member something that the server did or needs. For actions and jobs only."""
    send_message(actor=system_member(), to=f"@{member.handle}", body=body)
