"""Reading about channels."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from annotated_types import Ge, Le, MaxLen
from django.db.models import Q

from messaging.access import access_channel, direct_labels, visible_places
from messaging.models import Channel, Membership
from messaging.schemas import ChannelMemberOut, ChannelMembers, ChannelOut, ChannelPage
from messaging.texts import Target
from messaging.walls import project_names
from orgchart.models import Member
from orgchart.projects import access_project
from orgchart.walls import seen_by
from teammcp.core.actions import query


def channel_out(
    actor: Member,
    channel: Channel,
    membership: Membership | None,
    label: str,
    projects: Mapping[int, str] | None = None,
) -> ChannelOut:
    """A channel as this member sees it; `projects` are their names, where they are known."""
    names = project_names(actor, [channel]) if projects is None else projects
    read_seq = membership.read_seq if membership else 0
    return ChannelOut(
        id=channel.pk,
        kind=channel.kind,
        name=label,
        purpose=channel.purpose,
        archived=channel.archived_at is not None,
        joined=membership is not None,
        unread=channel.last_seq - read_seq if membership else 0,
        last_seq=channel.last_seq,
        read_seq=read_seq,
        notify=membership.notify if membership else None,
        project=names.get(channel.project_id or 0),
    )


@query(scope="messages:read")
def list_channels(
    *,
    actor: Member,
    joined: bool | None = None,
    query: Annotated[str, MaxLen(80)] = "",
    project: Annotated[str, MaxLen(60)] = "",
    archived: bool = False,
    limit: Annotated[int, Ge(1), Le(200)] = 100,
    after: Annotated[int, Ge(0)] = 0,
) -> ChannelPage:
    """Channels and direct conversations that you may see, with what is unread in each. What is
    said about a task is not listed: read(where="#t-12") shows it.

    `joined` true lists only yours, false only those you could join. Unread counts cost the same
    however long a channel is.
    """
    rows = visible_places(actor)
    if not archived:
        rows = rows.filter(archived_at=None)
    if joined is not None:
        mine = Q(memberships__member=actor)
        rows = rows.filter(mine) if joined else rows.exclude(mine)
    if project:
        rows = rows.filter(project=access_project(actor=actor, project=project))
    if query:
        text = query.removeprefix("#")
        rows = rows.filter(Q(name__icontains=text) | Q(purpose__icontains=text))
    rows = rows.filter(pk__gt=after).order_by("pk")
    page = list(rows[:limit])
    remaining = rows.count() - len(page) if len(page) == limit else 0
    return ChannelPage(
        items=_channels_out(actor, page),
        remaining=remaining,
        cursor=str(page[-1].pk) if remaining else None,
    )


def _channels_out(actor: Member, page: list[Channel]) -> list[ChannelOut]:
    own = Membership.objects.filter(member=actor, channel__in=page)
    memberships = {row.channel_id: row for row in own}
    direct = [channel for channel in page if channel.kind == Channel.Kind.DIRECT]
    labels = direct_labels(direct, actor) if direct else {}
    projects = project_names(actor, page)
    return [
        channel_out(
            actor,
            channel,
            memberships.get(channel.pk),
            labels.get(channel.pk) or f"#{channel.name}",
            projects,
        )
        for channel in page
    ]


@query(scope="messages:read")
def show_channel(*, actor: Member, channel: Target) -> ChannelOut:
    """One channel or direct conversation, by name ("#general", "@lin")."""
    place = access_channel(actor=actor, channel=channel)
    return channel_out(actor, place.channel, place.membership, place.label)


@query(scope="messages:read")
def list_channel_members(
    *,
    actor: Member,
    channel: Target,
    limit: Annotated[int, Ge(1), Le(200)] = 100,
    after: Annotated[str, MaxLen(40)] = "",
) -> ChannelMembers:
    """Who is in a channel that you may see."""
    place = access_channel(actor=actor, channel=channel)
    rows = Member.objects.filter(seen_by(actor), memberships__channel=place.channel)
    rows = rows.filter(handle__gt=after)
    page = list(rows.order_by("handle")[:limit])
    remaining = rows.count() - len(page) if len(page) == limit else 0
    return ChannelMembers(
        items=[ChannelMemberOut.model_validate(member) for member in page],
        remaining=remaining,
        cursor=page[-1].handle if remaining else None,
    )
