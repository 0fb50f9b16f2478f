"""Who acts when somebody types a command on the server's machine."""

from __future__ import annotations

from contextlib import AbstractContextManager

from django.core.management.base import CommandError
from django.db import OperationalError

from orgchart.models import Member
from teammcp.core.context import CallContext, calling


def acting_owner() -> Member:
    """Whoever can run commands here owns the data folder: they act as its first owner."""
    try:
        owner = Member.objects.filter(authority=Member.Authority.OWNER, status="active").first()
    except OperationalError:
        owner = None
    if owner is None:
        raise CommandError("There is no company in this data folder yet: python3 manage.py up")
    return owner


def cli_call() -> AbstractContextManager[CallContext]:
    return calling(CallContext(face="cli"))
