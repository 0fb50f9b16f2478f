"""The REST face: `action_view(get=list_channels, post=create_channel)` is one line per address.

The action's schema is the request, its `Out` the response; every error leaves as one problem
document (RFC 9457). Nothing here knows a rule.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import orjson
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, extend_schema
from pydantic import BaseModel, Field, create_model
from rest_framework import exceptions
from rest_framework.request import Request
from rest_framework.views import APIView

from teammcp.core.actions import Action
from teammcp.core.context import ROUTE_HEADER, WAITED, CallContext, calling, client_route
from teammcp.core.errors import (
    AppError,
    Held,
    InternalError,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    no_token,
)
from teammcp.core.schemas import Out
from teammcp.core.texts import shortened

logger = logging.getLogger(__name__)
AnyAction = Action[Any, Any]
F = TypeVar("F", bound=Callable[..., Any])
PROBLEM = "application/problem+json"
IN_QUERY = {"get", "delete"}  # whose arguments the document shows in the address
PROBLEM_SCHEMA = {
    "type": "object",
    "description": "RFC 9457: what was wrong, the state now, the next call, whether to retry.",
    "required": ["type", "title", "status", "code", "detail", "retry"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "code", "detail", "next")},
        "status": {"type": "integer"},
        "retry": {"type": "boolean"},
        "state": {"type": "object"},
    },
}


class ActionView(APIView):
    """One address: a method each for a read and for writes."""

    actions: Mapping[str, AnyAction] = {}
    statuses: Mapping[str, int] = {}

    def run(self, request: Request, **path: Any) -> HttpResponseBase:
        method = method_of(request)
        action = self.actions[method]
        with api_call(request):
            payload = payload_of(request, path)
            answer = action.call(caller_of(request), payload)
        return answered(answer, self.statuses.get(method, 200))


def method_of(request: Request) -> str:
    """The method in lower case; HEAD asks for what GET would answer."""
    method = (request.method or "get").lower()
    return "get" if method == "head" else method


def caller_of(request: Request) -> Any:
    """The member who calls. Views let nobody else in, so it is never anonymous."""
    return request.user


def api_call(request: Request) -> AbstractContextManager[CallContext]:
    """The context of a REST call."""
    credential = getattr(request.auth, "credential_id", None)
    context = CallContext(
        face="rest",
        address=request.META.get("REMOTE_ADDR", ""),
        credential_id=credential,
        route=client_route(request.headers.get(ROUTE_HEADER, "")),
        woken=WAITED in getattr(request._request, "scope", {}),
        confirm=getattr(request.auth, "confirm", None),
    )
    return calling(context)


def payload_of(request: Request, path: Mapping[str, Any]) -> dict[str, Any]:
    """Query or body, and what the address itself names, which may not be contradicted. Many clients
    send no body with a DELETE, so that it may have its arguments in the query."""
    method = method_of(request)
    if method == "get" or (method == "delete" and not request.data):
        return with_path(request.query_params.dict(), path)
    refuse_query(request)
    return with_path(dict(request.data), path)


def refuse_query(request: Request) -> None:
    """Raises InvalidInput where the address of a call with a body has arguments as well."""
    if request.query_params:
        name = shortened(min(request.query_params))
        raise InvalidInput(
            f"{name} was sent in the address; a {request.method} takes it in the body.",
            fields={name: "unknown argument"},
            next="Send the arguments as a JSON object in the body.",
        )


def with_path(given: Mapping[str, Any], path: Mapping[str, Any]) -> dict[str, Any]:
    """What was given and what the address names. Raises InvalidInput where both name it."""
    twice = sorted(given.keys() & path.keys())
    if twice:
        raise InvalidInput(
            f"{twice[0]} is named by the address already.",
            fields={twice[0]: "unknown argument"},
            next=f"Leave {twice[0]} out.",
        )
    return {**given, **path}


def answered(answer: Out, status: int = 200) -> HttpResponse:
    return HttpResponse(
        answer.model_dump_json().encode(), status=status, content_type="application/json"
    )


def action_view(*, created: bool = False, operation: str = "", **actions: AnyAction) -> Any:
    """The view of one address: `get=`, `post=`, `patch=`, `put=`, `delete=` name actions.

    With `created`, a successful POST answers 201. `operation` is the name in the OpenAPI document,
    for an action that has another address already.
    """
    statuses = {"post": 201 if created else 200}
    body: dict[str, Any] = {"actions": actions, "statuses": statuses}
    for method, action in actions.items():
        describe = documented(action, method, statuses.get(method, 200), operation)
        body[method] = describe(_method(method))
    view: Any = type("View", (ActionView,), body)
    return view.as_view()


def _method(name: str) -> Any:
    def handler(self: ActionView, request: Request, **path: Any) -> HttpResponseBase:
        return self.run(request, **path)

    handler.__name__ = name
    return handler


def documented(
    action: AnyAction, method: str, status: int = 200, operation: str = ""
) -> Callable[[F], F]:
    """The OpenAPI description of an action under a method."""
    asked = keyed(action) if action.writes else action.input
    describe: Callable[[F], F] = extend_schema(
        operation_id=operation or action.name,
        description=action.description,
        summary=action.description.partition("\n")[0],
        request=None if method in IN_QUERY else asked,
        parameters=_parameters(asked) if method in IN_QUERY else [],
        responses={status: action.output},
    )
    return describe


def keyed(action: AnyAction) -> type[BaseModel]:
    """The body of a write: its arguments and a client key."""
    note = "Repeat a call with the same key and content to get the first answer, for good."
    key = (str, Field(default="", description=note))
    return create_model(f"{action.input.__name__}Body", __base__=action.input, client_key=key)


def _parameters(model: type[BaseModel]) -> list[OpenApiParameter]:
    properties = model.model_json_schema().get("properties", {})
    return [
        OpenApiParameter(name, schema, required=model.model_fields[name].is_required())
        for name, schema in properties.items()
    ]


def named_once(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """An OpenAPI hook: what an address names may not be sent again, so it is no argument there."""
    schemas = result["components"]["schemas"]
    for path, operations in result["paths"].items():
        named = set(re.findall(r"{(\w+)}", path))
        for operation in operations.values():
            given = operation.get("parameters", [])
            kept = [one for one in given if one["in"] == "path" or one["name"] not in named]
            if given:
                operation["parameters"] = kept
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if "$ref" in content["schema"]:
                    _leave_out(named, schemas[content["schema"]["$ref"].rpartition("/")[2]])
    return result


def with_problems(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """An OpenAPI hook: every operation may end in the one shape of an error."""
    result["components"]["schemas"]["Problem"] = PROBLEM_SCHEMA
    schema = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for operations in result["paths"].values():
        for method, operation in operations.items():
            refused = {"description": "Refused", "content": {PROBLEM: schema}}
            operation["responses"]["default"] = refused
            if method != "get":
                waits = {
                    "description": "Waits for approval",
                    "content": {"application/json": schema},
                }
                operation["responses"]["202"] = waits
    return result


def _leave_out(names: set[str], body: dict[str, Any]) -> None:
    body["properties"] = {k: v for k, v in body["properties"].items() if k not in names}
    required = [name for name in body.pop("required", []) if name not in names]
    if required:
        body["required"] = required


def problem(error: AppError) -> HttpResponse:
    """An error as a problem document. That a call waits for approval has the same shape and is no
    problem."""
    kind = "application/json" if isinstance(error, Held) else PROBLEM
    response = HttpResponse(orjson.dumps(error.as_dict()), status=error.status, content_type=kind)
    if isinstance(error, NotAuthenticated):
        response["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if "retry_after_seconds" in error.state:
        response["Retry-After"] = str(error.state["retry_after_seconds"])
    return response


def problem_response(error: Exception, context: Mapping[str, Any]) -> HttpResponse | None:
    """DRF's exception handler: ours, and DRF's own, in one shape."""
    if isinstance(error, AppError):
        return problem(error)
    if isinstance(error, Http404):
        return problem(NO_ADDRESS)
    if isinstance(error, (exceptions.NotAuthenticated, exceptions.AuthenticationFailed)):
        return problem(no_token())
    if isinstance(error, exceptions.APIException):
        return problem(_translated(error))
    return None


NO_ADDRESS = NotFound("There is nothing at this address.", next="GET /api/schema/ lists them all.")


def _translated(error: exceptions.APIException) -> AppError:
    translated = InvalidInput(str(error.detail), next="GET /api/schema/ describes every call.")
    translated.status = error.status_code  # type: ignore[misc]
    return translated


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler404, for addresses under /api/."""
    if not request.path.endswith("/"):
        return problem(NotFound(NO_ADDRESS.message, next="Every address ends with a slash."))
    return problem(NO_ADDRESS)


def bad_request(request: HttpRequest | None, exception: Exception) -> HttpResponse:
    """Django's handler400, for addresses under /api/."""
    return problem(
        InvalidInput(
            "This request cannot be served: its Host, its address or its size is not acceptable.",
            next="Use the server's own address, or let the operator add the name to"
            " TEAMMCP_ALLOWED_HOSTS.",
        )
    )


def failed(request: HttpRequest | None) -> HttpResponse:
    """Django's handler500, for addresses under /api/. The details are in the log only."""
    return problem(
        InternalError(
            "Something went wrong here; it was logged.",
            next="Send the same call again, with the same client_key. If it goes on, tell the"
            " operator when it happened.",
        )
    )
