"""Moving a channel to another side of a wall."""

from __future__ import annotations

from typing import Annotated

from annotated_types import MaxLen, MinLen

from audit.ledger import record
from messaging import events
from messaging.access import channel_label, place_name, topics_of
from messaging.models import Channel
from messaging.schemas import ChannelOut
from messaging.selectors.channels import channel_out
from messaging.services.channels import open_to_change
from messaging.services.leaving import shut_out
from messaging.texts import Target
from messaging.walls import COMPANY, onlookers, open_bridges
from orgchart.models import Member, Project
from orgchart.projects import open_project
from orgchart.registered import project_hooks
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(scope="org:write")
def move_channel(
    *, actor: Member, channel: Target, project: Annotated[str, MinLen(1), MaxLen(60)]
) -> ChannelOut:
    """Put a channel with its history, files and tasks behind the wall of a project, or with
    project="company" before all walls.

    For admins who see it. Who does not belong to the project leaves it, and finds nothing of it
    from the next call on; what they held there passes on. "company" shows all that was ever said
    there: to everybody, or of a private channel to its members.
    """
    place = open_to_change(actor, channel)
    row = place.channel
    target = _target(actor, project)
    if row.project_id != (target.pk if target else None):
        _check_free_to_go(row)
        _move(actor, row, target)
    here = row.memberships.filter(member=actor).first()
    return channel_out(actor, row, here, channel_label(row, actor))


def _target(actor: Member, named: str) -> Project | None:
    return None if named.strip().lower() == COMPANY else open_project(actor, named.strip())


def _check_free_to_go(row: Channel) -> None:
    if row.name == "general":
        raise Conflict("#general is for the whole company.", next="Move another channel.")
    if bridge := open_bridges().filter(channel=row).first():
        raise Conflict(
            f"#{row.name} is open to another project over bridge {bridge.pk}.",
            next=f"close_bridge(bridge_id={bridge.pk}) ends that; then move it.",
            bridge=bridge.pk,
        )


def _move(actor: Member, row: Channel, target: Project | None) -> None:
    before, row.project = row.project_id, target
    row.save(update_fields=["project"])
    strangers = Member.objects.exclude(kind=Member.Kind.SYSTEM).filter(~onlookers(row))
    shut_out(Channel.objects.filter(pk=row.pk), strangers)
    record(
        events.CHANNEL_MOVED,
        actor=actor,
        target=f"channel:{row.pk}",
        topics=topics_of(row),
        # By number: a guest over a bridge is not told whose channel it is.
        data={"name": place_name(row), "changed": {"project": [before, row.project_id]}},
    )
    if target is not None:
        for hook in project_hooks():
            hook.enclosed(actor, target)
