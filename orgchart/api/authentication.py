"""Bearer tokens, the only way into the REST face: no cookie counts there, so no foreign web page
can call it in somebody's name."""

from __future__ import annotations

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from orgchart.models import Member
from orgchart.selectors import Authenticated, authenticate


class BearerAuthentication(BaseAuthentication):
    def authenticate(self, request: Request) -> tuple[Member, Authenticated] | None:
        header = request.META.get("HTTP_AUTHORIZATION", "")
        if not header:
            return None
        kind, _, token = header.partition(" ")
        found = authenticate(token.strip()) if kind.lower() == "bearer" else None
        if found is None:
            raise AuthenticationFailed
        return found.member, found

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer error="invalid_token"'


class BearerScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    target_class = BearerAuthentication
    name = "token"

    def get_security_definition(self, auto_schema: object) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer"}
