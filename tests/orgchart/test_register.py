"""Registering: one call, one colleague, one token, shown once."""

from __future__ import annotations

import tomllib
from typing import Any

import orjson
import pytest
from django.utils import timezone

from audit.models import Event
from messaging.models import Membership
from orgchart.handles import RESERVED
from orgchart.models import Handle, JoinCode, Member
from orgchart.services import create_join_code, register_agent, update_member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from tests.conftest import Answer, ApiOf, agent
from tests.databases import everything_in_the_database


@pytest.fixture
def code(owner: Member) -> str:
    """A join code for two."""
    return create_join_code(actor=owner, uses=2).join_code or ""


def test_an_owner_registers_an_agent_that_can_work_at_once(owner: Member, api: ApiOf) -> None:
    answer = api(owner).post(
        "register/",
        name="Max Planck",
        title="Physicist",
        charter="Find out.",
        capabilities=["physics", "piano"],
    )
    assert answer.status == 201
    assert answer.data["token"].startswith("tmcp_")
    shown = api(token=answer.data["token"]).get("me/").data
    now = {"presence": "in a turn", "seen": "called just now"}
    assert shown == {**answer.data["member"], **now}
    member = Member.objects.get(handle="max-planck")
    assert shown["id"] == member.pk
    assert (member.kind, member.authority, member.status) == ("agent", "member", "active")
    assert (member.title, member.charter) == ("Physicist", "Find out.")
    assert member.capabilities == ["physics", "piano"]
    assert member.registered_by == owner
    assert not member.has_usable_password()
    assert Membership.objects.filter(member=member, channel__name="general").exists()


def test_an_admin_may_register_agents_and_observers_but_no_admin(ada: Member, api: ApiOf) -> None:
    assert api(ada).post("register/", name="Max").status == 201
    observer = api(ada).post("register/", name="Mia", authority="observer")
    assert observer.data["member"]["authority"] == "observer"
    refused = api(ada).post("register/", name="Tom", authority="admin")
    assert (refused.status, refused.data["detail"]) == (403, "Only an owner can register an admin.")
    assert not Member.objects.filter(name="Tom").exists()


def test_an_owner_may_register_an_admin_and_nobody_registers_an_owner(
    owner: Member, api: ApiOf
) -> None:
    assert api(owner).post("register/", name="Tom", authority="admin").status == 201
    assert api(owner).post("register/", name="Zoe", authority="owner").status == 400
    assert not Member.objects.filter(name="Zoe").exists()


@pytest.mark.parametrize("who", ["lin", "olga"])
def test_others_register_nobody(
    request: pytest.FixtureRequest, api: ApiOf, who: str, code: str
) -> None:
    client = api(request.getfixturevalue(who))
    members, events = Member.objects.count(), Event.objects.count()
    assert client.post("register/", name="Max").status == 403
    # A credential is who one is; a join code beside it is no second way.
    assert client.post("register/", name="Max", join_code=code).status == 403
    assert (Member.objects.count(), Event.objects.count()) == (members, events)
    assert JoinCode.objects.get().uses_left == 2


def test_nobody_registers_without_credential_and_code(company: None, api: ApiOf) -> None:
    answer = api().post("register/", name="Max")
    assert answer.status == 401
    assert "join code" in answer.data["next"]
    assert not Member.objects.filter(name="Max").exists()


def test_a_wrong_token_is_refused_even_with_a_good_code(code: str, api: ApiOf) -> None:
    answer = api(token="tmcp_wrong").post("register/", name="Max", join_code=code)
    assert answer.status == 401
    assert JoinCode.objects.get().uses_left == 2


# With a join code


def test_a_join_code_lets_a_newcomer_in_and_is_used_up(
    code: str, owner: Member, system: Member, api: ApiOf
) -> None:
    answers = [api().post("register/", name=name, join_code=code) for name in ("Max", "Mia", "Tom")]
    assert [answer.status for answer in answers] == [201, 201, 403]
    assert JoinCode.objects.get().uses_left == 0
    max_ = Member.objects.get(handle="max")
    assert (max_.authority, max_.registered_by) == ("member", owner)
    event = Event.objects.get(kind="member.registered", target=f"member:{max_.pk}")
    assert (event.actor, event.on_behalf_of) == (system, owner)
    assert not Member.objects.filter(handle="tom").exists()


def test_the_code_decides_the_authority(owner: Member, api: ApiOf) -> None:
    made = create_join_code(actor=owner, authority="observer")
    answer = api().post("register/", name="Mia", join_code=made.join_code)
    assert answer.data["member"]["authority"] == "observer"
    wanted = api().post("register/", name="Tom", join_code=made.join_code, authority="admin")
    assert wanted.status == 400
    assert not Member.objects.filter(name="Tom").exists()


def test_wrong_used_up_and_expired_codes_are_refused_with_the_same_bytes(
    owner: Member, api: ApiOf
) -> None:
    used, expired, good = (create_join_code(actor=owner).join_code or "" for _ in range(3))
    first, second, _ = JoinCode.objects.order_by("pk")
    JoinCode.objects.filter(pk=first.pk).update(uses_left=0)
    JoinCode.objects.filter(pk=second.pk).update(expires_at=timezone.now())
    codes = [used, expired, "join_wrong", "", "x" * 200, good[:-1], good.upper()]
    answers = [api().post("register/", name="Max", join_code=code) for code in codes]
    assert {(answer.status, answer.content) for answer in answers} == {
        (403, answers[0].content),
    }
    assert answers[0].data["detail"] == "This join code does not admit anybody (any more)."
    assert not Member.objects.filter(name="Max").exists()
    assert api().post("register/", name="Max", join_code=good).status == 201


def test_a_refused_registration_does_not_spend_the_code(code: str, lin: Member, api: ApiOf) -> None:
    assert api().post("register/", name="Lin", join_code=code).status == 409
    assert api().post("register/", name="\x00", join_code=code).status == 400
    assert api().post("register/", name="Max", handle="root", join_code=code).status == 400
    assert JoinCode.objects.get().uses_left == 2


def test_a_code_never_comes_back_in_an_answer(code: str, api: ApiOf) -> None:
    good = api().post("register/", name="Max", join_code=code)
    bad = api().post("register/", name="Max", join_code=code)
    assert (good.status, bad.status) == (201, 409)
    assert code.encode() not in good.content + bad.content


# Known names


def test_a_known_handle_is_a_conflict_that_reveals_no_token(
    lin: Member, owner: Member, code: str, api: ApiOf
) -> None:
    callers = api(owner), api()
    before = everything_in_the_database()
    for caller, more in zip(callers, ({}, {"join_code": code}), strict=True):
        answer = caller.post("register/", name="Other", handle="lin", **more)
        assert answer.status == 409
        assert answer.data["detail"] == "@lin is taken. A handle stays with its member for good."
        assert b"tmcp_" not in answer.content
        assert "token" not in answer.data
    assert everything_in_the_database() == before


def test_a_handle_of_somebody_who_has_gone_is_not_given_away(rex: Member, owner: Member) -> None:
    with pytest.raises(Conflict, match="@rex is taken"):
        register_agent(actor=owner, name="Rex")


def test_a_handle_of_the_past_is_not_given_away(lin: Member, owner: Member) -> None:
    update_member(actor=owner, member="lin", handle="linda")
    with pytest.raises(Conflict, match="@lin is taken"):
        register_agent(actor=owner, name="Lin")


# Handles

NOT_HANDLES = [
    " ", "@", "x", "a" * 33, "1lin", "-lin", "lin-", "lin--x", "lin._x", ".lin", "lin.", "_",
    "../x", "dm:y", "a/b", "a\\b", "a b", "a@b", "a,b", "#lin", "@@lin", "lin?", "lin%20",
    "zoë", "лин", "lín", "lin\u200b", "lin\u202e", "\u0131lin", "ﬁn", "日本", "👾👾", "lin\x00",
    "<b>", "'or'", "{lin}",
]  # fmt: skip


@pytest.mark.parametrize("handle", NOT_HANDLES)
def test_what_cannot_be_a_handle_is_refused_with_what_can(owner: Member, handle: str) -> None:
    members = Member.objects.count()
    with pytest.raises(InvalidInput) as refused:
        register_agent(actor=owner, name="Somebody", handle=handle)
    assert refused.value.state["fields"] == {"handle": "not a handle"}
    assert "2 to 32 of a-z, 0-9" in refused.value.next
    assert Member.objects.count() == members


@pytest.mark.parametrize("handle", sorted(RESERVED | {"ADMIN", "@Everyone", " here "}))
def test_a_reserved_handle_is_refused(owner: Member, handle: str) -> None:
    with pytest.raises(InvalidInput, match="is reserved"):
        register_agent(actor=owner, name="Somebody", handle=handle)
    assert not Member.objects.filter(name="Somebody").exists()


@pytest.mark.parametrize("handle", ["l1n", "l-in", "li.n", "l_i_n", "lln", "L1N", "@l.i.n"])
def test_a_handle_that_looks_like_a_known_one_is_refused(
    lin: Member, owner: Member, handle: str
) -> None:
    with pytest.raises(Conflict, match="looks like a handle that is taken"):
        register_agent(actor=owner, name="Somebody", handle=handle)
    assert not Member.objects.filter(name="Somebody").exists()


def test_the_server_itself_cannot_be_imitated(owner: Member) -> None:
    for handle in ("team-mcp", "t.eammcp"):
        with pytest.raises(Conflict, match="looks like"):
            register_agent(actor=owner, name="Somebody", handle=handle)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("@Max", "max"),
        ("MAX-2", "max-2"),
        (" max.b_c ", "max.b_c"),
        ("ab", "ab"),
        ("\u212aim", "kim"),
    ],
)
def test_a_handle_is_kept_in_one_form(owner: Member, given: str, kept: str) -> None:
    assert register_agent(actor=owner, name="Somebody", handle=given).member.handle == kept
    assert Handle.objects.filter(handle=kept, member__handle=kept).count() == 1


@pytest.mark.parametrize(
    ("name", "handle"),
    [
        ("Zoë Müller", "zoe-muller"),
        ("  Build  Bot 3000 ", "build-bot-3000"),
        ("R2-D2", "r2-d2"),
        ("x" * 40, "x" * 32),
        ("a" * 31 + " b", "a" * 31),
        ("Owner", None),
        ("日本語", None),
        ("42", None),
        ("!", None),
        ("A", None),
    ],
)
def test_a_handle_is_made_from_a_name_where_one_can_be(
    owner: Member, name: str, handle: str | None
) -> None:
    if handle is not None:
        assert register_agent(actor=owner, name=name).member.handle == handle
        return
    with pytest.raises((InvalidInput, Conflict)) as refused:
        register_agent(actor=owner, name=name)
    assert "Choose another handle" in refused.value.next
    given = register_agent(actor=owner, name=name, handle="somebody-else")
    assert given.member.name == name


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "  "),
        ("name", "\u200b"),
        ("name", "a\nb"),
        ("name", "a\u202eb"),
        ("name", "x" * 81),
        ("title", "a\x07b"),
        ("title", "x" * 81),
        ("charter", "a\x00b"),
        ("charter", "x" * 8001),
        ("capabilities", ["a\nb"]),
        ("capabilities", ["x"] * 41),
        ("capabilities", "cooking"),
        ("authority", "king"),
    ],
)
def test_what_is_not_text_or_too_long_is_refused_by_name(
    owner: Member, api: ApiOf, field: str, value: Any
) -> None:
    members = Member.objects.count()
    answer = api(owner).post("register/", **{"name": "Max", field: value})
    assert answer.status == 400
    assert any(name.startswith(field) for name in answer.data["state"]["fields"])
    assert Member.objects.count() == members


# What comes with it


def test_the_configuration_can_be_pasted_as_it_is(owner: Member, settings: Any) -> None:
    settings.PUBLIC_URL = "https://team.example"
    made = register_agent(actor=owner, name="Max")
    token, connect = made.token, made.connect
    mcp, header = "https://team.example/mcp", {"Authorization": f"Bearer {token}"}
    assert connect["mcp_url"] == mcp
    claude = orjson.loads(connect["claude_code"]["content"])["mcpServers"]["teammcp"]
    assert claude == {"type": "http", "url": mcp, "headers": header}
    assert f'--header "Authorization: Bearer {token}"' in connect["claude_code"]["command"]
    codex = tomllib.loads(connect["codex"]["content"])["mcp_servers"]["teammcp"]
    assert (codex["url"], codex["tool_timeout_sec"]) == (mcp, 120)
    assert connect["codex"]["command"] == f"export {codex['bearer_token_env_var']}={token}"
    gemini = orjson.loads(connect["gemini_cli"]["content"])["mcpServers"]["teammcp"]
    assert gemini == {"httpUrl": mcp, "headers": header}
    cursor = orjson.loads(connect["cursor"]["content"])["mcpServers"]["teammcp"]
    assert cursor == {"url": mcp, "headers": header}
    vscode = orjson.loads(connect["vscode"]["content"])["servers"]["teammcp"]
    assert vscode == {"type": "http", "url": mcp, "headers": header}
    for line in connect["curl"].values():
        assert line.startswith("curl ")
        assert f"Authorization: Bearer {token}" in line


def test_every_client_is_told_the_same_token(owner: Member) -> None:
    made = register_agent(actor=owner, name="Max")
    for client in ("claude_code", "codex", "gemini_cli", "cursor", "vscode", "curl"):
        assert made.token
        assert made.token in str(made.connect[client])


def test_a_form_of_a_foreign_page_cannot_register(owner: Member, code: str, api: ApiOf) -> None:
    """A page elsewhere can send simple forms without asking; none of those kinds is read."""
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data"):
        answer: Answer = api().call(
            "POST", "register/", {"name": "Max", "join_code": code}, content_type=kind
        )
        assert answer.status == 415
    assert not Member.objects.filter(name="Max").exists()


def test_no_page_elsewhere_is_allowed_to_read_answers(owner: Member, api: ApiOf) -> None:
    answer = api(owner).call("GET", "me/", headers={"Origin": "https://evil.example"})
    preflight = api().call(
        "OPTIONS",
        "register/",
        headers={"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"},
    )
    for headers in (answer.headers, preflight.headers):
        assert not [name for name in headers if name.lower().startswith("access-control-")]


def test_registering_is_told_to_everybody_with_who_did_it(
    owner: Member, lin: Member, api: ApiOf
) -> None:
    agent(owner, "max")
    (event,) = (
        event
        for event in api(lin).get("events/", limit=500).data["items"]
        if event["sentence"] == "@owner registered @max"
    )
    assert event["data"] == {"handle": "max", "name": "Max", "authority": "member"}


@pytest.mark.parametrize(
    "fate", [{"authority": "member"}, {"status": "paused"}, {"status": "retired"}]
)
def test_a_code_admits_nobody_once_its_maker_may_not(
    ada: Member, api: ApiOf, fate: dict[str, str]
) -> None:
    code = create_join_code(actor=ada, uses=9).join_code
    assert api().post("register/", name="Max", join_code=code).status == 201
    Member.objects.filter(pk=ada.pk).update(**fate)
    refused = api().post("register/", name="Tom", join_code=code)
    assert refused.content == api().post("register/", name="Tom", join_code="join_no").content
    assert not Member.objects.filter(name="Tom").exists()
    assert JoinCode.objects.get().uses_left == 8


@pytest.mark.parametrize("who", ["lin", "olga"])
def test_only_admins_make_join_codes(request: pytest.FixtureRequest, who: str) -> None:
    with pytest.raises(Forbidden):
        create_join_code(actor=request.getfixturevalue(who))
    assert not JoinCode.objects.exists()
