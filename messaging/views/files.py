"""Files on the dashboard: what came with a form, the bytes, and the page of a channel's files."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpResponse

from messaging import selectors, services
from messaging.api.files import content_of
from messaging.filenames import shared
from messaging.fileschemas import FileOut, FolderOut, Moved
from messaging.intake import FileIntake
from messaging.views.places import Spot, channel_spot, direct_spot, new_key, spot_of, title_of
from teammcp.core.errors import AppError
from teammcp.core.uploads import intake_of, no_file_sent
from teammcp.core.web import (
    Refused,
    View,
    WebRequest,
    action_form,
    by_method,
    changed,
    fragment,
    page,
    page_or_part,
    refused_by,
    signed_in,
)

PAGE = 100


def _spot(kind: str, name: str) -> Spot:
    return channel_spot(name) if kind == "channels" else direct_spot(name)


# What comes with a form


def _kept(request: WebRequest, *, to: str = "") -> list[FileOut]:
    """The files that came with this form, stored; the same form again gives the same files."""
    services.upload_file.check_scope(request.user)
    intake: FileIntake | None = intake_of(request)
    if intake is None or not intake.files:
        raise no_file_sent()
    key = request.POST.get("client_key") or new_key()
    payloads: list[dict[str, Any]] = [
        {"name": taken.name, "base64": taken.draft, "to": to, "client_key": f"{key}-{number}"}
        for number, taken in enumerate(intake.files)
    ]
    return [services.upload_file.call(request.user, payload) for payload in payloads]


def attaching(post: View) -> View:
    """A composer, with the files of its form: those that its script sent before, or those that came
    along. A message with nothing but files says which."""

    @signed_in
    def posted(request: WebRequest, **kwargs: Any) -> HttpResponse:
        form = request.POST.copy()
        intake: FileIntake | None = intake_of(request)
        if intake is not None and intake.files:
            fresh = [str(file.id) for file in _kept(request)]
            form.setlist("files", [*form.getlist("files"), *fresh])
        ids = [int(pk) for pk in form.getlist("files") if pk.isdecimal() and len(pk) < 18]
        if ids and not form.get("body", "").strip():
            files = [selectors.show_file(actor=request.user, file_id=pk or 1) for pk in ids[:20]]
            form["body"] = shared([file.name for file in files])
        request.POST = form  # type: ignore[assignment]
        return post(request, **kwargs)

    return posted


@signed_in
def upload(request: WebRequest) -> HttpResponse:
    """Files that a composer's script sends before the message: what the form then names."""
    try:
        files = _kept(request)
    except AppError as error:
        context = {"refused": refused_by(error)}
        response = fragment(request, "_refused.html", context)
        response.status_code = 422 if error.status == 400 else error.status
        return response
    return fragment(request, "messaging/_chips.html", {"files": files})


# The bytes


@signed_in
def content(request: WebRequest, *, file_id: int) -> Any:
    """A file to be saved; with `?shown` a picture in place."""
    file = selectors.show_file.call(request.user, {"file_id": file_id})
    return content_of(request, file, shown="shown" in request.GET)


# The page of a channel's files


@signed_in
def show(
    request: WebRequest, *, kind: str, name: str, refused: Refused | None = None
) -> HttpResponse:
    """Folders and files of a place, or of one of its folders."""
    spot = _spot(kind, name)
    channel = selectors.show_channel(actor=request.user, channel=spot.where)
    folder = _folder(request)
    where = f"{spot.where}/{folder}" if folder else spot.where
    after = request.GET.get("after", "")
    found = selectors.list_files.call(request.user, {"where": where, "limit": PAGE, "after": after})
    spot = spot_of(channel.name)
    context: dict[str, Any] = {
        "channel": channel,
        "found": found,
        "url": f"{spot.url}files/",
        "channel_url": spot.url,
        "folder": folder,
        "crumbs": _crumbs(folder),
        "usage": selectors.show_file_usage(actor=request.user),
        "may_delete_all": request.user.has_scope("admin"),
        "writable": channel.joined and not channel.archived,
        "client_key": new_key(),
        "refused": refused,
        "kept": refused.kept if refused else {},
        **title_of(channel),
    }
    return page_or_part(request, "messaging/files.html", context)


def _folder(request: WebRequest) -> str:
    """The folder that the page shows; it stands in the address, of its forms too."""
    return request.GET.get("folder", "").strip("/")


def _crumbs(folder: str) -> list[dict[str, str]]:
    """The folders from the root to here, with what their links say."""
    parts = folder.split("/") if folder else []
    return [
        {"name": part, "query": quote("/".join(parts[: depth + 1]), safe="/")}
        for depth, part in enumerate(parts)
    ]


@signed_in
def put(request: WebRequest, *, kind: str, name: str) -> HttpResponse:
    """Upload into the folder that the page shows."""
    spot = _spot(kind, name)
    folder = _folder(request)
    try:
        _kept(request, to=f"{spot.where}/{folder}" if folder else spot.where)
    except AppError as error:
        refused = refused_by(error, request.POST.dict())
        if request.htmx:
            response = fragment(request, "_refused.html", {"refused": refused})
        else:
            response = show(request, kind=kind, name=name, refused=refused)
        response.status_code = 422 if error.status == 400 else error.status
        return response
    return changed(request, _url(spot, folder), "files", client_key=new_key())


def _url(spot: Spot, folder: str) -> str:
    return f"{spot.url}files/" + (f"?folder={quote(folder, safe='/')}" if folder else "")


def _done(request: WebRequest, answer: FolderOut | Moved, *, kind: str, name: str) -> HttpResponse:
    folder = _folder(request)
    return changed(request, _url(_spot(kind, name), folder), "files")


def _nothing(**_: Any) -> dict[str, Any]:
    return {}


def _form(action: Any) -> View:
    """The paths stand in the form; the address only says which page it belongs to."""
    return by_method(post=action_form(action, done=_done, again=show, given=_nothing))


def _deleted(request: WebRequest, answer: FileOut, *, file_id: int) -> HttpResponse:
    path = answer.path or ""
    place, _, rest = path.partition("/")
    spot = spot_of(place) if place else Spot("", "/")
    return changed(request, _url(spot, rest.rpartition("/")[0]) if place else "/", "files")


def _gone(request: WebRequest, *, file_id: int, refused: Refused) -> HttpResponse:
    return page(request, "refused.html", {"refused": refused})


files = by_method(get=show, post=put)
uploads = by_method(post=upload)
bytes_of = by_method(get=content)
folder = _form(services.create_folder)
folder_delete = _form(services.delete_folder)
move = _form(services.move_file)
delete = by_method(
    post=action_form(services.delete_file, done=_deleted, again=_gone, given=lambda **path: path)
)
