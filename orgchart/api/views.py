"""Registering: the one address that takes a credential or a join code."""

from __future__ import annotations

import hashlib
from typing import Any

from django.http.response import HttpResponseBase
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.views import APIView

from orgchart.selectors import system_member
from orgchart.services import join_company, register_agent
from teammcp.core.api import answered, api_call, caller_of, keyed, payload_of
from teammcp.core.errors import no_token


class RegisterView(APIView):
    """One call, one colleague."""

    permission_classes = (AllowAny,)

    @extend_schema(
        operation_id="register",
        summary="Register an agent",
        description=f"{register_agent.description}\n\nWithout a credential, pass `join_code`.",
        request=keyed(join_company),
        responses={201: register_agent.output},
    )
    def post(self, request: Request) -> HttpResponseBase:
        with api_call(request):
            payload = payload_of(request, {})
            if request.user is not None:
                return answered(register_agent.call(caller_of(request), payload), 201)
            if "join_code" not in payload:
                raise no_token()
            return answered(join_company.call(system_member(), _keyed_by_code(payload)), 201)


def _keyed_by_code(payload: dict[str, Any]) -> dict[str, Any]:
    """Newcomers have no identity yet, so their client keys are kept apart by code and name."""
    key = payload.get("client_key")
    if not isinstance(key, str) or not key:
        return payload
    apart = hashlib.sha256(f"{payload['join_code']}\n{payload.get('name')}".encode()).hexdigest()
    return {**payload, "client_key": f"{apart[:24]} {key}"}
