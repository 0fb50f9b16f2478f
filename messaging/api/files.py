"""Files over REST: the addresses that carry bytes rather than JSON."""

from __future__ import annotations

from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.api.views import AnyAccept
from messaging.fileschemas import FileOut
from messaging.filestore import open_bytes
from messaging.filetypes import PICTURES, served_type
from messaging.selectors import list_files, show_file
from messaging.selectors.files import bytes_missing
from messaging.services import upload_file
from teammcp.core.api import (
    ActionView,
    answered,
    api_call,
    caller_of,
    documented,
    keyed,
)
from teammcp.core.errors import InvalidInput
from teammcp.core.ranges import Stored, serve
from teammcp.core.uploads import intake_of, no_file_sent

ARGUMENTS = ("name", "to", "note", "client_key")
BINARY = {"type": "string", "format": "binary"}
FORM = {
    "type": "object",
    "required": ["file"],
    "properties": {"file": BINARY, **{name: {"type": "string"} for name in ARGUMENTS}},
}
_uploads = extend_schema(
    request={
        "application/json": keyed(upload_file),
        "multipart/form-data": FORM,
        "application/octet-stream": BINARY,
    },
    description=upload_file.description
    + "\n\nOver REST, files of any size: the bytes as the body with `?name=`, or as"
    " multipart/form-data with one file. Arguments then stand in the address or in the form.",
    responses={201: FileOut},
    parameters=[OpenApiParameter(name, OpenApiTypes.STR) for name in ARGUMENTS],
)


class FilesView(ActionView):
    """Lists; takes a small file as JSON, as any action, or any file as a body of its own."""

    actions = {"get": list_files, "post": upload_file, "put": upload_file}  # noqa: RUF012
    statuses = {"post": 201, "put": 201}  # noqa: RUF012

    @documented(list_files, "get")
    def get(self, request: Request) -> HttpResponseBase:
        return self.run(request)

    @_uploads
    @documented(upload_file, "post", 201)
    def post(self, request: Request) -> HttpResponseBase:
        return self._store(request)

    @_uploads
    @documented(upload_file, "put", 201, operation="put_file")
    def put(self, request: Request) -> HttpResponseBase:
        return self._store(request)

    def _store(self, request: Request) -> HttpResponseBase:
        with api_call(request):
            upload_file.check_scope(caller_of(request))
            intake = intake_of(request._request)
            if intake is None:
                return self.run(request)
            file = upload_file.call(caller_of(request), payload_of_upload(request, intake))
        return answered(file, 201)


def payload_of_upload(request: Request, intake: Any) -> dict[str, Any]:
    """The arguments of the address and the form, each given once, and the one file."""
    query, form = request.query_params.dict(), intake.fields
    unknown = sorted((query.keys() | form.keys()) - set(ARGUMENTS))
    twice = sorted(query.keys() & form.keys())
    if unknown or twice:
        name = (unknown or twice)[0]
        raise InvalidInput(
            f"{name[:40]} is not known here." if unknown else f"{name} was given twice.",
            fields={name[:40]: "unknown argument" if unknown else "given twice"},
            next=f"Pass {', '.join(ARGUMENTS)} only, each once.",
        )
    if len(intake.files) != 1:
        if not intake.files:
            raise no_file_sent()
        raise InvalidInput(
            f"{len(intake.files)} files were sent.",
            fields={"file": "more than one"},
            next="Send one file with each call.",
        )
    taken = intake.files[0]
    return {"name": taken.name, **query, **form, "base64": taken.draft}


class ContentView(APIView):
    """The bytes of a file: whole, a range of them, or nothing where the client has them."""

    content_negotiation_class = AnyAccept

    @extend_schema(
        operation_id="get_file_content",
        summary="Download a file",
        description="The bytes of a file that you may see. `Range` gives a part (206), also from"
        " the end; `ETag` is the SHA-256 in quotation marks, for `If-None-Match` and `If-Range`."
        " Nothing that is stored is ever served as something that a browser runs.",
        parameters=[
            OpenApiParameter("Range", OpenApiTypes.STR, OpenApiParameter.HEADER),
            OpenApiParameter("If-None-Match", OpenApiTypes.STR, OpenApiParameter.HEADER),
        ],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, file_id: int) -> HttpResponseBase:
        with api_call(request):
            if request.query_params:
                name = min(request.query_params)
                raise InvalidInput(
                    f"{name[:40]} is not known here.",
                    fields={name[:40]: "unknown argument"},
                    next="A part of the file is asked for with the header Range.",
                )
            file = show_file.call(caller_of(request), {"file_id": file_id})
        return content_of(request._request, file)


def content_of(request: Any, file: FileOut, *, shown: bool = False) -> HttpResponseBase:
    """The answer with a file's bytes, to be saved; pictures can be shown in place."""
    try:
        content = open_bytes(file.sha256)
    except OSError:
        raise bytes_missing() from None
    return serve(
        request,
        Stored(
            sha256=file.sha256,
            size=file.size,
            name=file.name,
            content_type=served_type(file.type),
            shown=shown and file.type in PICTURES,
        ),
        content,
    )
