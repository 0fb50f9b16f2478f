"""Credentials: only digests are kept, a scope can be withheld, and an end is an end."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Message
from orgchart import activity
from orgchart.authority import ALL_SCOPES, scopes_of
from orgchart.hot import find_credential
from orgchart.models import Credential, Department, Member
from orgchart.selectors import authenticate, list_credentials
from orgchart.services import (
    issue_credential,
    pause_member,
    retire_member,
    revoke_credential,
    rotate_credential,
    unpause_member,
    update_member,
)
from orgchart.tokens import digest_of
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import ApiOf, all_refused, token_of
from tests.databases import everything_in_the_database


def issue(member: Member, **arguments: Any) -> tuple[str, Credential]:
    made = issue_credential(actor=member, **arguments)
    assert made.token
    return made.token, Credential.objects.get(pk=made.credential.id)


def works(token: str) -> bool:
    return authenticate(token) is not None


# What is kept


def test_only_a_digest_and_a_hint_are_kept(lin: Member) -> None:
    token, row = issue(lin, label="phone")
    assert len(token) == len("tmcp_") + 43
    assert (row.digest, row.hint) == (digest_of(token), token[:11])
    assert token[11:] not in everything_in_the_database()


def test_no_two_tokens_are_alike(lin: Member) -> None:
    tokens = {issue(lin)[0] for _ in range(50)}
    assert len(tokens) == len({token[:11] for token in tokens}) == 50


def test_a_list_shows_hints_and_no_secret(lin: Member, api: ApiOf) -> None:
    token, _ = issue(lin, label="phone")
    answer = api(lin).get("credentials/")
    newest = {c["label"]: c for c in answer.data["items"]}["phone"]
    assert newest["hint"] == token[:11]
    assert newest.keys() == {
        "id", "label", "hint", "scopes", "created_at", "expires_at", "revoked_at", "last_used_at",
    }  # fmt: skip
    for secret in (token, token[11:], digest_of(token)):
        assert secret.encode() not in answer.content


def test_last_use_is_written_down_a_moment_later(lin: Member, api: ApiOf) -> None:
    token, row = issue(lin)
    assert api(token=token).get("me/").status == 200
    row.refresh_from_db()
    assert row.last_used_at is None
    activity.flush()
    row.refresh_from_db()
    lin.refresh_from_db()
    assert row.last_used_at is not None
    assert lin.last_active_at == row.last_used_at
    assert Credential.objects.filter(last_used_at=None).exists()  # others were not touched


# Scopes


def test_a_credential_can_withhold_scopes_and_never_adds_any(lin: Member, api: ApiOf) -> None:
    token, _ = issue(lin, scopes=["messages:read", "org:read", "admin"])
    client = api(token=token)
    assert client.get("messages/", where="#general").status == 200
    refused = client.post("messages/", to="#general", body="Hello.")
    assert (refused.status, refused.data["code"]) == (403, "forbidden")
    assert client.post("join-codes/").status == 403
    assert client.get("credentials/", member="kay").status == 404
    assert not Message.objects.exists()


def test_a_credential_without_any_scope_can_do_nothing(lin: Member, api: ApiOf) -> None:
    token, _ = issue(lin, scopes=[])
    for path in ("me/", "inbox/", "events/", "channels/"):
        assert api(token=token).get(path).status == 403


def test_what_the_authority_loses_every_credential_loses(
    lin: Member, owner: Member, api: ApiOf
) -> None:
    token, _ = issue(lin, scopes=sorted(ALL_SCOPES))
    assert api(token=token).post("messages/", to="#general", body="One.").status == 201
    update_member(actor=owner, member="lin", authority="observer")
    assert api(token=token).post("messages/", to="#general", body="Two.").status == 403
    assert Message.objects.count() == 1


def test_a_narrowed_credential_cannot_issue_or_renew_a_wider_one(lin: Member, api: ApiOf) -> None:
    wide = Credential.objects.filter(member=lin).latest("pk")
    token, own = issue(lin, scopes=["profile:write", "org:read"])
    client = api(token=token)
    rows = Credential.objects.count()
    for scopes in (None, ["messages:write"], ["org:read", "messages:read"]):
        body = {} if scopes is None else {"scopes": scopes}
        assert client.post("credentials/", **body).status == 403
    assert client.post(f"credentials/{wide.pk}/rotate/").status == 403
    assert Credential.objects.count() == rows
    assert client.post("credentials/", scopes=["org:read"]).status == 201
    assert client.post(f"credentials/{own.pk}/rotate/").data["credential"]["scopes"] == [
        "profile:write",
        "org:read",
    ]


@pytest.mark.parametrize("scopes", [["everything"], ["messages:read", "house"], ["join"], [""]])
def test_an_unknown_scope_is_refused_with_the_known_ones(lin: Member, scopes: list[str]) -> None:
    rows = Credential.objects.count()
    with pytest.raises(InvalidInput) as refused:
        issue_credential(actor=lin, scopes=scopes)
    assert "messages:write" in refused.value.next
    assert Credential.objects.count() == rows


def test_authorities_grow_from_observer_to_owner() -> None:
    ladder = [scopes_of(name, "agent") for name in ("observer", "member", "admin", "owner")]
    for less, more in itertools.pairwise(ladder):
        assert less < more
    assert not any(scope.endswith(":write") for scope in ladder[0])
    assert ladder[-1] == ALL_SCOPES
    assert not scopes_of("owner", "system") & {"admin", "owner", "channels:write"}


# Expiry, rotation, revocation


def test_a_credential_ends_at_its_time(lin: Member, api: ApiOf) -> None:
    token, row = issue(lin, expires_in_days=1)
    assert row.expires_at is not None
    with frozen(row.expires_at - timedelta(microseconds=1)):
        assert api(token=token).get("me/").status == 200
    with frozen(row.expires_at):
        assert api(token=token).get("me/").status == 401


@pytest.mark.parametrize("days", [0, -1, 3651])
def test_an_impossible_time_is_refused(lin: Member, days: int) -> None:
    with pytest.raises(InvalidInput, match="expires_in_days"):
        issue_credential.call(lin, {"expires_in_days": days})


def test_a_rotation_without_overlap_ends_the_old_one_at_once(lin: Member) -> None:
    old, row = issue(lin, label="phone", scopes=["org:read"])
    made = rotate_credential(actor=lin, credential_id=row.pk)
    assert made.token
    assert (works(old), works(made.token)) == (False, True)
    assert (made.credential.label, made.credential.scopes) == ("phone", ["org:read"])


def test_a_rotation_with_overlap_lets_both_work_until_its_end(lin: Member) -> None:
    old, row = issue(lin)
    now = timezone.now()
    with frozen(now):
        made = rotate_credential(actor=lin, credential_id=row.pk, overlap_minutes=10)
    assert made.token
    with frozen(now + timedelta(minutes=10, microseconds=-1)):
        assert (works(old), works(made.token)) == (True, True)
    with frozen(now + timedelta(minutes=10)):
        assert (works(old), works(made.token)) == (False, True)


def test_an_overlap_never_lengthens_a_life(lin: Member) -> None:
    old, row = issue(lin, expires_in_days=1)
    made = rotate_credential(actor=lin, credential_id=row.pk, overlap_minutes=10_080)
    ends = row.expires_at
    row.refresh_from_db()
    assert row.expires_at == ends == made.credential.expires_at
    assert works(old)


def test_what_has_ended_cannot_be_rotated_back_to_life(lin: Member) -> None:
    _, row = issue(lin)
    revoke_credential(actor=lin, credential_id=row.pk)
    rows = Credential.objects.count()
    with pytest.raises(Conflict, match="has ended"):
        rotate_credential(actor=lin, credential_id=row.pk)
    assert Credential.objects.count() == rows


def test_after_a_revocation_the_next_call_fails(lin: Member, api: ApiOf) -> None:
    token, row = issue(lin)
    client = api(token=token)
    assert client.get("me/").status == 200
    revoke_credential(actor=lin, credential_id=row.pk)
    assert client.get("me/").status == 401
    assert client.post("messages/", to="#general", body="Hello?").status == 401
    assert not Message.objects.exists()
    assert api(lin).get("me/").status == 200  # the others of the same member go on


def test_a_credential_can_revoke_itself(lin: Member, api: ApiOf) -> None:
    token, row = issue(lin)
    assert api(token=token).post(f"credentials/{row.pk}/revoke/").status == 200
    assert api(token=token).get("me/").status == 401


def test_a_second_revocation_says_so_and_keeps_the_first_time(lin: Member) -> None:
    _, row = issue(lin)
    revoke_credential(actor=lin, credential_id=row.pk)
    row.refresh_from_db()
    first = row.revoked_at
    with pytest.raises(Conflict, match="was revoked already"):
        revoke_credential(actor=lin, credential_id=row.pk)
    row.refresh_from_db()
    assert row.revoked_at == first


def test_retiring_ends_all_credentials(lin: Member, owner: Member, api: ApiOf) -> None:
    tokens = [issue(lin)[0] for _ in range(3)]
    retire_member(actor=owner, member="lin")
    assert not any(works(token) for token in tokens)
    with pytest.raises(Conflict, match="is retired"):
        issue_credential(actor=owner, member="lin")


def test_a_paused_member_reads_and_does_nothing(lin: Member, owner: Member, api: ApiOf) -> None:
    token = token_of(lin)
    pause_member(actor=owner, member="lin", reason="It repeats itself.")
    for path in ("me/", "inbox/", "messages/?where=%23general", "events/"):
        assert api(token=token).get(path).status == 200
    refused = api(token=token).post("messages/", to="#general", body="Hello?")
    assert refused.status == 403
    assert "by @owner: It repeats itself." in refused.data["detail"]
    assert refused.data["state"] == {"paused_by": "@owner", "reason": "It repeats itself."}
    unpause_member(actor=owner, member="lin")
    assert api(token=token).post("messages/", to="#general", body="Hello.").status == 201


# Whose


def test_the_credentials_of_others_are_as_if_absent(lin: Member, kay: Member, api: ApiOf) -> None:
    _, row = issue(kay)
    missing = 10**9
    for act in ("rotate", "revoke"):
        hidden = api(lin).post(f"credentials/{row.pk}/{act}/")
        absent = api(lin).post(f"credentials/{missing}/{act}/")
        assert (hidden.status, hidden.content) == (404, absent.content)
    listed, unknown = (api(lin).get("credentials/", member=name) for name in ("kay", "nobody"))
    assert (listed.status, listed.content) == (404, unknown.content)
    with pytest.raises(NotFound):
        issue_credential(actor=lin, member="kay")
    row.refresh_from_db()
    assert row.revoked_at is None


def test_an_admin_manages_the_credentials_of_others_but_not_of_an_owner(
    ada: Member, lin: Member, owner: Member
) -> None:
    made = issue_credential(actor=ada, member="lin", label="spare")
    assert made.token
    assert works(made.token)
    assert revoke_credential(actor=ada, credential_id=made.credential.id).revoked_at
    _, row = issue(owner)
    before = Credential.objects.count()
    all_refused(
        Forbidden,
        lambda: issue_credential(actor=ada, member="owner"),
        lambda: rotate_credential(actor=ada, credential_id=row.pk),
        lambda: revoke_credential(actor=ada, credential_id=row.pk),
    )
    row.refresh_from_db()
    assert row.revoked_at is None
    assert Credential.objects.count() == before
    assert len(list_credentials(actor=ada, member="lin").items) == 2


def test_what_happens_to_a_credential_is_in_the_ledger_of_its_member(
    ada: Member, lin: Member
) -> None:
    made = issue_credential(actor=ada, member="lin", label="spare")
    event = Event.objects.latest("seq")
    assert (event.kind, event.actor) == ("credential.issued", ada)
    assert event.topics == ["admin", f"member-{lin.pk}"]
    assert event.data == {"handle": "lin", "hint": made.credential.hint, "label": "spare"}


# The statement that every call begins with


def test_the_written_out_look_up_equals_the_models(lin: Member, ada: Member) -> None:
    lin.department = Department.objects.create(slug="build", name="Build")
    lin.manager, lin.capabilities, lin.last_active_at = ada, ["ü", 1], timezone.now()
    lin.save()
    token, row = issue(lin, scopes=["org:read"], expires_in_days=3, label="Ü")
    found = find_credential(digest_of(token))
    assert found is not None
    twin = Credential.objects.select_related("member").get(pk=row.pk)
    for model, ours, theirs in (
        (Credential, found, twin),
        (Member, found.member, twin.member),
    ):
        for field in model._meta.concrete_fields:
            assert getattr(ours, field.attname) == getattr(theirs, field.attname), field.name
        assert not ours._state.adding
        assert ours == theirs


@pytest.mark.parametrize("token", ["", "tmcp_", "tmcp_unknown", "join_x", "once_x", "tmcp_\ud800"])
def test_what_is_no_token_is_nobody(lin: Member, token: str) -> None:
    assert authenticate(token) is None


def test_knowing_who_calls_costs_one_query(lin: Member, django_assert_num_queries: Any) -> None:
    token = token_of(lin)
    with django_assert_num_queries(1):
        assert authenticate(token)


# A credential that ends


def test_a_credential_that_ends_makes_none_that_ends_later(lin: Member, api: ApiOf) -> None:
    token, short = issue(lin, expires_in_days=2)
    _, lasting = issue(lin)
    with_short = api(token=token)
    for days in (None, 3):
        refused = with_short.post("credentials/", **({"expires_in_days": days} if days else {}))
        assert refused.status == 403
        assert "ends_at" in refused.data["state"]
    assert with_short.post(f"credentials/{lasting.pk}/rotate/").status == 403
    assert with_short.post("credentials/", expires_in_days=1).status == 201
    assert with_short.post(f"credentials/{short.pk}/rotate/").status == 201
    lasting.refresh_from_db()
    assert lasting.usable


def test_a_narrowed_credential_of_an_admin_makes_no_wide_one_for_others(
    ada: Member, lin: Member, api: ApiOf
) -> None:
    token, _ = issue(ada, scopes=["admin", "profile:write"])
    client = api(token=token)
    old = Credential.objects.filter(member=lin, revoked_at=None).latest("pk")
    assert client.post("credentials/", member="lin").status == 403
    assert client.post(f"credentials/{old.pk}/rotate/").status == 403
    assert client.post("credentials/", member="lin", scopes=["messages:write"]).status == 403
    made = client.post("credentials/", member="lin", scopes=["profile:write"])
    assert made.status == 201
    assert made.data["credential"]["scopes"] == ["profile:write"]


def test_the_ledger_says_which_credential_spoke_and_not_its_token(lin: Member, api: ApiOf) -> None:
    token, row = issue(lin)
    api(token=token).post("messages/", to="#general", body="Hello.")
    event = Event.objects.latest("seq")
    assert (event.kind, event.data["credential"]) == ("message.sent", row.pk)
    assert token[5:] not in str(event.data)
