"""Projects: who belongs to them, their channels, and the bridges between them."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.utils import timezone

from messaging import selectors, services
from messaging.schemas import ChannelOut
from messaging.schemas.bridges import BridgeOut
from messaging.services.bridging import LONGEST
from messaging.views.places import Place, spot_of
from orgchart import projects as reads
from orgchart import services as writes
from orgchart.project_schemas import ProjectDetails
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    go,
    page,
    page_or_part,
    shell_part,
    signed_in,
)

BRIDGES = 100


@shell_part
def project_link(request: WebRequest) -> dict[str, Any]:
    """For those who belong to one or run the company: nobody else has any business there."""
    if not (request.user.walled or request.user.has_scope("admin")):
        return {"links": []}
    return {"links": [Place("/projects/", "lock", "Projects")]}


@signed_in
def projects(request: WebRequest, *, refused: Refused | None = None, **_: Any) -> HttpResponse:
    """The projects that one belongs to; for admins all, with what begins one."""
    context = {
        "projects": reads.list_projects(actor=request.user, archived=True).items,
        "bridges": _bridges(request),
        "rules": request.user.has_scope("org:write"),
        "refused": refused,
        "kept": refused.kept if refused else {},
        "longest": (timezone.now() + LONGEST).strftime("%Y-%m-%dT%H:%M"),
    }
    return page(request, "messaging/projects.html", context)


def _bridges(request: WebRequest) -> list[dict[str, Any]]:
    found = selectors.list_bridges(actor=request.user, ended=True, limit=BRIDGES).items
    return [{"row": row, "url": spot_of(row.channel).url} for row in found]


@signed_in
def project(
    request: WebRequest, *, project: str, refused: Refused | None = None, **_: Any
) -> HttpResponse:
    """One project: its members and channels, and for its lead and admins what changes them."""
    row = reads.show_project(actor=request.user, project=project)
    channels = selectors.list_channels(actor=request.user, project=row.slug, limit=200)
    context = {
        "project": row,
        "channels": [{"row": one, "url": spot_of(one.name).url} for one in channels.items],
        "rules": request.user.has_scope("org:write"),
        "refused": refused,
        "kept": refused.kept if refused else {},
    }
    return page_or_part(request, "messaging/project.html", context)


def _to_project(request: WebRequest, answer: ProjectDetails, **_: Any) -> HttpResponse:
    return go(request, f"/projects/{answer.slug}/")


def _to_list(request: WebRequest, answer: BridgeOut, **_: Any) -> HttpResponse:
    return go(request, "/projects/")


def _form(action: Any) -> View:
    def of(*, project: str) -> dict[str, Any]:
        return {"project": project}

    return by_method(post=action_form(action, done=_to_project, again=project, given=of))


project_list = by_method(
    get=projects, post=action_form(writes.create_project, done=_to_project, again=projects)
)
edit = _form(writes.update_project)
add = _form(writes.add_to_project)
remove = _form(writes.remove_from_project)


def _to_channel(request: WebRequest, answer: ChannelOut, **_: Any) -> HttpResponse:
    return go(request, spot_of(answer.name).url)


bring_in = by_method(
    post=action_form(
        services.move_channel,
        done=_to_channel,
        again=project,
        given=lambda *, project: {"project": project},
    )
)
open_bridge = by_method(post=action_form(services.open_bridge, done=_to_list, again=projects))
close_bridge = by_method(
    post=action_form(
        services.close_bridge,
        done=_to_list,
        again=projects,
        given=lambda *, bridge_id: {"bridge_id": bridge_id},
    )
)
