"""Who calls is kept for a moment, and never longer than it is true."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from audit.live import hub
from orgchart import callers as module
from orgchart.callers import Callers
from orgchart.models import Credential, Member
from orgchart.services import (
    issue_credential,
    retire_member,
    revoke_credential,
    rotate_credential,
    update_member,
)
from teammcp.serving import Server
from tests.asgi import in_thread
from tests.conftest import token_of


@pytest.fixture
def token(transactional_db: None, lin: Member) -> str:
    return token_of(lin)


async def test_a_token_is_looked_up_once_for_many_calls(
    server: Server, token: str, lin: Member
) -> None:
    known = Callers()
    first = await known.of(token)
    assert first is not None
    await in_thread(lambda: Credential.objects.all().update(revoked_at="2020-01-01T00:00:00Z"))
    again = await known.of(token)  # no event told it: a bare update is no revocation
    assert again is not None
    assert again.member == first.member == lin
    known.forget()
    assert await known.of(token) is None


def newest(member: Member) -> int:
    return Credential.objects.filter(member=member).latest("pk").pk


ENDS: dict[str, Callable[[Member, Member], Any]] = {
    "revoked": lambda lin, owner: revoke_credential(actor=lin, credential_id=newest(lin)),
    "rotated": lambda lin, owner: rotate_credential(actor=lin, credential_id=newest(lin)),
    "retired": lambda lin, owner: retire_member(actor=owner, member="lin"),
}


@pytest.mark.parametrize("end", ENDS.values(), ids=ENDS)
async def test_an_end_counts_from_the_next_call(
    server: Server, token: str, lin: Member, owner: Member, end: Callable[[Member, Member], Any]
) -> None:
    known = Callers()
    assert await known.of(token) is not None
    await in_thread(partial(end, lin, owner))
    assert await known.of(token) is None


async def test_a_change_of_authority_counts_from_the_next_call(
    server: Server, token: str, owner: Member
) -> None:
    known = Callers()
    before = await known.of(token)
    assert before is not None
    await in_thread(partial(update_member, actor=owner, member="lin", authority="observer"))
    after = await known.of(token)
    assert after is not None
    assert not after.member.has_scope("messages:write")
    assert before.member.has_scope("messages:write")


async def test_what_an_action_does_to_its_actor_stays_with_that_call(
    server: Server, token: str
) -> None:
    known = Callers()
    first = await known.of(token)
    assert first is not None
    first.member.authority = "owner"
    second = await known.of(token)
    assert second is not None
    assert second.member.authority == "member"


async def test_an_expiry_counts_within_a_second(
    server: Server, token: str, lin: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "KEPT_SECONDS", 0)
    known = Callers()
    assert await known.of(token) is not None
    await in_thread(lambda: Credential.objects.all().update(expires_at="2020-01-01T00:00:00Z"))
    assert await known.of(token) is None


async def test_without_a_hub_that_tells_of_changes_nothing_is_kept(token: str, lin: Member) -> None:
    known = Callers()
    hub.access_seq = None
    assert await known.of(token) is not None
    await in_thread(lambda: Credential.objects.all().update(revoked_at="2020-01-01T00:00:00Z"))
    assert await known.of(token) is None


async def test_the_scopes_of_the_credential_come_along(
    server: Server, token: str, lin: Member
) -> None:
    made = await in_thread(partial(issue_credential, actor=lin, scopes=["org:read"]))
    known = Callers()
    for _ in range(2):
        found = await known.of(made.token or "")
        assert found is not None
        assert found.credential_id == made.credential.id
        assert found.member.has_scope("org:read")
        assert not found.member.has_scope("messages:read")


@pytest.mark.parametrize("given", ["", "tmcp_unknown", "tmcp_\udcff", "x" * 10_000])
async def test_nobody_is_kept_for_what_is_no_token(server: Server, token: str, given: str) -> None:
    known = Callers()
    assert await known.of(given) is None
    assert known._known == {}


async def test_no_token_is_kept_in_clear(server: Server, token: str) -> None:
    known = Callers()
    await known.of(token)
    assert token not in repr(known._known)
