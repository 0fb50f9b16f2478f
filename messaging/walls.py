"""Channels and the walls between projects: which lie on whose side, and what a bridge opens.

`messaging.access` is the rule for channels; this is its part about projects. Whoever belongs to no
project pays one condition on a column for it.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from messaging.models import Bridge, Channel, Membership
from orgchart.models import Member, ProjectMember
from orgchart.projects import open_project
from orgchart.walls import RUNS, bound, hidden_from, own_projects, visible_projects
from teammcp.core.errors import Conflict, InvalidInput

COMPANY = "company"
"""Instead of a project or a home: of the whole company."""


def shown(actor: Member, home: str = "") -> Q:
    """Which channels a member sees, leaving aside discussions of tasks: the public ones and those
    that they belong to, on their side of the walls, and what a bridge opens to them.

    `home` is the way to the channel from another row ("home").
    """
    way, row = (f"{home}__", home) if home else ("", "pk")
    own = Membership.objects.filter(channel=OuterRef(row), member=actor)
    inside = Q(Exists(own)) if home else ~Q(kind=Channel.Kind.TASK) & Q(Exists(own))
    known = Q((f"{way}kind", Channel.Kind.PUBLIC)) | inside  # no home is a discussion
    if actor.has_scope("admin"):
        return known
    here = Q((f"{way}project", None))
    if not actor.walled:
        return known & here
    here |= Q((f"{way}project__in", own_projects(actor)))
    strangers = Membership.objects.filter(channel=OuterRef(row), member__in=hidden_from(actor))
    talk = Q((f"{way}kind", Channel.Kind.DIRECT)) & Q(Exists(strangers))
    bridges = open_bridges().filter(channel=OuterRef(row), project__in=own_projects(actor))
    return (known & here & ~talk) | Q(Exists(bridges))


def open_bridges() -> QuerySet[Bridge]:
    """Those that lead somewhere now, whether or not the clock has written down their end."""
    return Bridge.objects.filter(ended_at=None, until__gt=timezone.now())


def onlookers(channel: Channel) -> Q:
    """Which members see a channel that is no task's discussion: the same rule from the other
    side."""
    inside = Q()
    if channel.kind != Channel.Kind.PUBLIC:
        inside = Q(Exists(Membership.objects.filter(channel=channel, member=OuterRef("pk"))))
    if channel.project_id is None:
        return inside
    places = ProjectMember.objects.filter(member=OuterRef("pk"))
    guests = open_bridges().filter(channel=channel).values("project")
    here = Q(authority__in=RUNS) | Q(Exists(places.filter(project=channel.project_id)))
    return (inside & here) | Q(Exists(places.filter(project__in=guests)))


def limited(channel: Channel) -> bool:
    """Whether a channel is seen by some of the company only."""
    return channel.kind != Channel.Kind.PUBLIC or channel.project_id is not None


def project_for(actor: Member, named: str) -> int | None:
    """The project that this names; "company" is none, and nothing said is one's own."""
    if named.strip().lower() == COMPANY:
        return None
    found = open_project(actor, named)
    return found.pk if found else default_project(actor)


def default_project(actor: Member) -> int | None:
    """The project in which what this member begins lies, unless they say otherwise: their own, so
    that nobody carries work out through a wall by saying nothing. None for company staff.

    Raises InvalidInput for those who belong to several.
    """
    if not bound(actor):
        return None
    open_ones = visible_projects(actor).filter(archived_at=None)
    slugs = dict(open_ones.order_by("slug").values_list("pk", "slug"))
    if len(slugs) != 1:
        raise _unclear(list(slugs.values()))
    return next(iter(slugs))


def _unclear(slugs: list[str]) -> InvalidInput | Conflict:
    if not slugs:
        return Conflict(
            "Your project is archived; it takes nothing new.",
            next=f"Ask an admin, or say '{COMPANY}' for what the whole company may see.",
        )
    return InvalidInput(
        f"You belong to {len(slugs)} projects: {', '.join(slugs)}.",
        fields={"project": "say which"},
        next=f"Name the project, a channel of it as home, or '{COMPANY}' for what the whole"
        " company may see.",
    )


def default_home(actor: Member) -> Channel | None:
    """The home of what this member begins, unless they say otherwise: the first public channel of
    their project; None, the company, for those who belong to none."""
    project = default_project(actor)
    if project is None:
        return None
    found = first_channel(project)
    if found is None:
        raise Conflict(
            "Your project has no public channel that could be the home of this.",
            next="create_channel makes one; or name a private channel as home.",
        )
    return found


def first_channel(project: int) -> Channel | None:
    """The oldest open channel that all members of a project see."""
    rows = Channel.objects.filter(project=project, kind=Channel.Kind.PUBLIC, archived_at=None)
    return rows.order_by("pk").first()


def check_belong(members: Iterable[Member], project: int | None) -> None:
    """Raises Conflict for who is to be let into a channel of a project without belonging to it."""
    if project is None:
        return
    for member in members:
        if not visible_projects(member).filter(pk=project).exists():
            raise Conflict(
                f"@{member.handle} does not belong to the project of this channel.",
                next="Its lead lets them in (add_to_project), or an admin opens a bridge"
                f" (open_bridge); create_channel(project='{COMPANY}') makes one for everybody.",
            )


def project_names(actor: Member, channels: Iterable[Channel]) -> dict[int, str]:
    """The slugs of the projects of these channels, by id, as far as the reader belongs to them:
    a guest over a bridge is not told whose channel it is. One query, none without projects."""
    wanted = {channel.project_id for channel in channels if channel.project_id}
    if not wanted:
        return {}
    return dict(visible_projects(actor).filter(pk__in=wanted).values_list("pk", "slug"))
