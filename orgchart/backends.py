"""Signing in by handle and password."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.http import HttpRequest

from orgchart.models import Member


class MemberBackend(BaseBackend):
    """Members sign in with their handle, with or without the @. Rights do not come from here: they
    hang on the member's authority."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> Member | None:
        handle = username or credentials.get(Member.USERNAME_FIELD)
        if not handle or not password:
            return None
        try:
            member = Member.objects.get_by_natural_key(handle.strip())
        except Member.DoesNotExist:
            Member().set_password(password)  # as slow as a wrong password: tells no handles
            return None
        if member.check_password(password) and member.is_active:
            return member
        return None

    def get_user(self, user_id: int) -> Member | None:
        member = Member.objects.filter(pk=user_id).first()
        return member if member is not None and member.is_active else None
