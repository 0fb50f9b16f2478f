"""What messaging does when the company opens and when somebody joins it."""

from __future__ import annotations

from messaging.models import Channel
from messaging.services.channels import add_members, open_channel
from orgchart.models import Member
from orgchart.registered import on_registered
from orgchart.selectors import system_member
from orgchart.services.company import on_open
from teammcp.core.lane import run_write

GENERAL = "general"


@on_open
def open_general() -> None:
    """#general exists, and everybody is in it."""
    run_write(_open_general)


def _open_general() -> None:
    if Channel.objects.filter(name=GENERAL).exists():
        return
    house = system_member()
    channel = open_channel(
        house, GENERAL, kind=Channel.Kind.PUBLIC, purpose="Everybody is here. Say hello."
    )
    everybody = Member.objects.exclude(kind=Member.Kind.SYSTEM)
    add_members(house, channel, everybody.exclude(status=Member.Status.RETIRED))


@on_registered
def join_general(member: Member) -> None:
    """A newcomer begins in #general."""
    channel = Channel.objects.filter(name=GENERAL).first()
    if channel is not None:
        add_members(system_member(), channel, [member])
