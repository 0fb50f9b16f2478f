"""Webhooks in: the one address whose secret is its credential."""

from __future__ import annotations

from typing import Any

import orjson
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from orgchart.tokens import digest_of
from tasks.models import Blueprint
from tasks.services.recurring import no_hook, take_hook
from teammcp.core.api import answered, api_call, refuse_query
from teammcp.core.limits import spend

LARGEST = 8_192  # bytes of a delivery that are kept
PER_ADDRESS, PER_HOOK = 120, 60  # deliveries a minute
DELIVERY_IDS = ("webhook-id", "x-github-delivery", "x-gitlab-event-uuid", "idempotency-key")


class HookView(APIView):
    """A delivery makes the task of the blueprint in its author's name, once for each id."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="take_hook",
        summary="Deliver to the webhook of a blueprint",
        description="The task of the blueprint is made, in the name of its author. The same id in"
        " `webhook-id`, `X-GitHub-Delivery`, `X-Gitlab-Event-UUID` or `Idempotency-Key` is taken"
        " once. A JSON object of at most 8 KiB is kept in the task's metadata, as `webhook`.",
        request=OpenApiTypes.OBJECT,
        parameters=[OpenApiParameter(name, str, OpenApiParameter.HEADER) for name in DELIVERY_IDS],
        responses={200: take_hook.output},
        auth=[],
    )
    def post(self, request: Request, token: str) -> HttpResponseBase:
        with api_call(request):
            spend("hook", per_minute=PER_ADDRESS)
            refuse_query(request)
            rows = Blueprint.objects.select_related("author")
            row = rows.filter(hook_digest=digest_of(token)).first()
            if row is None:
                raise no_hook()
            spend("delivery", per_minute=PER_HOOK, whom=str(row.pk))
            arguments = {
                "token": token,
                "delivery": _delivery(request),
                "payload": _payload(request),
            }
            return answered(take_hook.call(row.author, arguments))


def _delivery(request: Request) -> str:
    """The sender's own id of what it sends: the same again is the same delivery."""
    found = (f"{name}:{request.headers[name]}" for name in DELIVERY_IDS if name in request.headers)
    return next(found, "")[:500]


def _payload(request: Request) -> dict[str, Any]:
    """The JSON object that was sent; nothing for what is none, or too large to keep."""
    body = request._request.body
    try:
        sent = orjson.loads(body) if len(body) <= LARGEST else None
    except orjson.JSONDecodeError:
        sent = None
    return sent if isinstance(sent, dict) else {}
