"""Rate limits: counted by address, inside the actions."""

from __future__ import annotations

import pytest

from orgchart.models import Member
from orgchart.services import join_company, register_agent
from teammcp.core import limits
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Forbidden, RateLimited


def test_the_try_after_the_last_one_is_refused() -> None:
    with calling(CallContext(face="rest", address="192.0.2.1")):
        for _ in range(3):
            limits.spend("door", per_minute=3)
        with pytest.raises(RateLimited) as refused:
            limits.spend("door", per_minute=3)
    assert 1 <= refused.value.state["retry_after_seconds"] <= 60
    assert refused.value.retry


def test_each_address_and_each_door_counts_for_itself() -> None:
    for address in ("192.0.2.1", "192.0.2.2"):
        with calling(CallContext(face="rest", address=address)):
            limits.spend("door", per_minute=1)
            limits.spend("gate", per_minute=1)


def test_commands_and_jobs_have_no_address_and_are_not_counted() -> None:
    with calling(CallContext(face="cli")):
        for _ in range(5):
            limits.spend("door", per_minute=1)


def test_guessing_join_codes_is_limited_on_every_face(system: Member) -> None:
    payload = {"name": "Max", "join_code": "join_guess"}
    for number in range(121):
        face = "rest" if number % 2 else "mcp"
        with calling(CallContext(face=face, address="192.0.2.1")):
            expected = Forbidden if number < 120 else RateLimited
            with pytest.raises(expected):
                join_company.call(system, payload)
    assert not Member.objects.filter(handle="max").exists()


def test_registering_with_a_credential_is_limited_too(owner: Member) -> None:
    with calling(CallContext(face="rest", address="192.0.2.1")):
        for number in range(120):
            register_agent(actor=owner, name=f"Agent {number:03}", handle=f"bot-{number:03}")
        with pytest.raises(RateLimited):
            register_agent(actor=owner, name="One too many")
    assert not Member.objects.filter(name="One too many").exists()
