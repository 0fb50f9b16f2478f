"""Opening the company, the one-time sign-in link, and the commands beside a running server."""

from __future__ import annotations

import json
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.models import Checkpoint, Event
from messaging.models import Channel, Membership
from orgchart.models import Credential, JoinCode, Member, SignInLink
from orgchart.selectors import authenticate
from orgchart.services import (
    create_join_code,
    invite_person,
    open_company,
    redeem_sign_in_link,
    retire_member,
    update_member,
)
from orgchart.services.access import make_sign_in_link
from orgchart.services.company import found_company
from tests.clocks import frozen
from tests.conftest import ApiOf, person
from tests.databases import everything_in_the_database

# Opening


def test_the_first_start_makes_the_house_an_owner_and_a_place_to_talk(db: None) -> None:
    opened = open_company()
    assert opened.first_start
    assert opened.owner_handle == "owner"
    assert list(Member.objects.order_by("pk").values_list("handle", "kind", "authority")) == [
        ("teammcp", "system", "member"),
        ("owner", "human", "owner"),
    ]
    general = Channel.objects.get()
    assert (general.name, general.kind) == ("general", "public")
    assert Membership.objects.get().member.handle == "owner"


def test_a_later_start_changes_nobody_and_makes_new_ways_in(company: None, lin: Member) -> None:
    members = list(Member.objects.values())
    first, second = open_company(), open_company()
    assert not first.first_start
    assert first.sign_in_token != second.sign_in_token
    assert first.join_code != second.join_code
    assert list(Member.objects.values()) == members
    assert Channel.objects.count() == 1


def test_everybody_who_was_there_before_is_in_general(db: None) -> None:
    found_company()
    Membership.objects.all().delete()
    Channel.objects.all().delete()
    person("ada")
    found_company()
    inside = Membership.objects.order_by("member__handle").values_list("member__handle", flat=True)
    assert list(inside) == ["ada", "owner"]


def test_the_house_itself_cannot_call(system: Member, api: ApiOf) -> None:
    assert not Credential.objects.exists()
    assert not system.has_usable_password()
    for scope in ("messages:read", "channels:write", "admin", "owner", "inbox:read"):
        assert not system.has_scope(scope)


# The sign-in link


def test_a_sign_in_link_works_once(owner: Member, system: Member) -> None:
    token = make_sign_in_link(owner, actor=system)
    assert redeem_sign_in_link(token) == owner
    before = everything_in_the_database()
    assert redeem_sign_in_link(token) is None
    assert everything_in_the_database() == before
    assert Event.objects.filter(kind="member.signed_in").count() == 1


def test_a_sign_in_link_ends_after_half_an_hour(owner: Member, system: Member) -> None:
    now = timezone.now()
    with frozen(now):
        token = make_sign_in_link(owner, actor=system)
    with frozen(now + timedelta(minutes=30)):
        assert redeem_sign_in_link(token) is None
    with frozen(now + timedelta(minutes=29)):
        assert redeem_sign_in_link(token) == owner


@pytest.mark.parametrize("token", ["", "once_", "once_wrong", "x" * 5000, "once_\ud800", "\x00"])
def test_a_made_up_link_signs_nobody_in(owner: Member, system: Member, token: str) -> None:
    make_sign_in_link(owner, actor=system)
    assert redeem_sign_in_link(token) is None
    assert SignInLink.objects.get().used_at is None


def test_a_link_of_somebody_who_has_gone_signs_nobody_in(owner: Member, system: Member) -> None:
    second = person("second", "owner")
    token = make_sign_in_link(second, actor=system)
    retire_member(actor=owner, member="second")
    assert redeem_sign_in_link(token) is None


def test_a_sign_in_link_is_kept_as_a_digest(owner: Member, system: Member) -> None:
    token = make_sign_in_link(owner, actor=system)
    assert SignInLink.objects.get().digest in everything_in_the_database()
    assert token[5:] not in everything_in_the_database()


def test_the_link_is_for_the_first_owner_who_is_still_there(owner: Member, system: Member) -> None:
    person("second", "owner")
    update_member(actor=owner, member="owner", authority="member")
    assert open_company().owner_handle == "second"


# Commands


def run(command: str, *arguments: str, **options: Any) -> tuple[str, str]:
    out, err = StringIO(), StringIO()
    call_command(command, *arguments, stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_joincode_prints_a_code_that_works(company: None, api: ApiOf) -> None:
    out, err = run("joincode", "--uses=2")
    assert err.startswith("For 2 uses, until ")
    answer = api().post("register/", name="Max", join_code=out.strip())
    assert answer.status == 201
    assert JoinCode.objects.get().uses_left == 1


def test_joincode_speaks_json(company: None) -> None:
    out, err = run("joincode", "--json", "--authority=observer", "--days=3")
    made = json.loads(out)
    assert (made["authority"], made["uses_left"], err) == ("observer", 1, "")
    assert made["join_code"].startswith("join_")


def test_token_prints_a_token_of_that_member(company: None, lin: Member) -> None:
    out, _ = run("token", "@lin", "--label=script", "--expires-in-days=3")
    found = authenticate(out.strip())
    assert found is not None
    assert found.member == lin
    row = Credential.objects.get(pk=found.credential_id)
    assert row.label == "script"
    assert row.expires_at is not None


def test_token_speaks_json(company: None, lin: Member) -> None:
    out, _ = run("token", "lin", "--json")
    made = json.loads(out)
    assert authenticate(made["token"])
    assert made["credential"]["hint"] == made["token"][:11]


def test_what_a_command_did_is_in_the_ledger_as_the_owner_at_the_command_line(
    owner: Member, lin: Member
) -> None:
    run("token", "lin")
    event = Event.objects.latest("seq")
    assert (event.kind, event.face, event.actor) == ("credential.issued", "cli", owner)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("token", "nobody"), "There is no member @nobody."),
        (("token", "rex"), "@rex is retired."),
        (("token", "lin", "--expires-in-days=0"), "expires_in_days"),
        (("joincode", "--uses=0"), "uses"),
        (("joincode", "--days=400"), "days"),
    ],
)
def test_a_refusal_is_one_line_and_changes_nothing(
    lin: Member, rex: Member, arguments: tuple[str, ...], said: str
) -> None:
    before = everything_in_the_database()
    with pytest.raises(CommandError, match=said) as refused:
        run(*arguments)
    assert "\n" not in str(refused.value)
    assert everything_in_the_database() == before


@pytest.mark.parametrize("command", [("joincode",), ("token", "lin")])
def test_without_a_company_a_command_says_how_to_open_one(
    db: None, command: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError, match=r"python3 manage\.py up"):
        run(*command)


def test_checkpoint_signs_the_head_and_says_where_it_is(owner: Member, lin: Member) -> None:
    out, _ = run("checkpoint")
    made = Checkpoint.objects.get()
    assert out.startswith(f"Signed at event {made.seq}: ")
    again, _ = run("checkpoint")
    assert again == "Nothing happened since the last checkpoint.\n"
    assert Checkpoint.objects.count() == 1
    assert Event.objects.latest("seq").actor == owner


def test_the_hourly_job_signs_in_the_name_of_the_house(system: Member, lin: Member) -> None:
    from orgchart.jobs import sign_ledger

    head = Event.objects.latest("seq").seq
    assert sign_ledger() == f"signed at {head}"
    event = Event.objects.latest("seq")
    assert (event.kind, event.actor, event.face) == ("ledger.checkpoint", system, "job")
    assert sign_ledger() == "nothing new"


# Earlier starts


def test_a_start_voids_the_ways_in_of_the_starts_before_it(company: None, api: ApiOf) -> None:
    first, second = open_company(), open_company()
    assert redeem_sign_in_link(first.sign_in_token) is None
    assert api().post("register/", name="Max", join_code=first.join_code).status == 403
    assert api().post("register/", name="Max", join_code=second.join_code).status == 201
    assert redeem_sign_in_link(second.sign_in_token) is not None


def test_a_start_leaves_what_people_made(owner: Member, api: ApiOf) -> None:
    code = create_join_code(actor=owner).join_code
    url = invite_person(actor=owner, name="Ida").sign_in_url
    open_company()
    assert api().post("register/", name="Max", join_code=code).status == 201
    assert redeem_sign_in_link(str(url).split("/")[-2]) is not None
