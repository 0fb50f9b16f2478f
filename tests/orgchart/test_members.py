"""Members: renaming, authority, the last owner, finding people."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Event
from messaging.models import Delivery
from messaging.services import send_message
from orgchart.directory import find_people
from orgchart.models import Department, Handle, Member
from orgchart.selectors import show_member
from orgchart.services import (
    finish_welcome,
    pause_member,
    retire_member,
    set_password,
    unpause_member,
    update_member,
)
from teammcp.core.actions import registry
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import ApiOf, agent, all_refused, person
from tests.databases import everything_in_the_database

# Names


def test_everybody_edits_the_own_entry(lin: Member) -> None:
    shown = update_member(actor=lin, name="Lin Wei", charter="Builds.", capabilities=["python"])
    assert (shown.name, shown.charter, shown.capabilities) == ("Lin Wei", "Builds.", ["python"])
    lin.refresh_from_db()
    assert (lin.name, lin.charter, lin.capabilities) == ("Lin Wei", "Builds.", ["python"])
    event = Event.objects.latest("seq")
    assert event.data["changed"]["name"] == ["Lin", "Lin Wei"]


def test_nothing_is_recorded_when_nothing_changes(lin: Member) -> None:
    before = Event.objects.count()
    update_member(actor=lin, name="Lin", title="", handle=None)
    assert Event.objects.count() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", " "),
        ("name", "a\nb"),
        ("title", "a\x00"),
        ("charter", "\x1b[31m"),
        ("capabilities", ["ok", "a\u202eb"]),
        ("capabilities", ["a\nb"]),
        ("handle", "a b"),
        ("handle", ""),
    ],
)
def test_what_is_not_text_is_refused_at_a_change_as_at_the_beginning(
    ada: Member, lin: Member, field: str, value: Any
) -> None:
    before = everything_in_the_database()
    with pytest.raises(InvalidInput):
        update_member.call(ada, {"member": "lin", field: value})
    assert everything_in_the_database() == before


def test_a_renamed_member_is_still_reached_by_the_old_name(
    owner: Member, lin: Member, kay: Member
) -> None:
    update_member(actor=owner, member="lin", handle="linda")
    lin.refresh_from_db()
    assert lin.handle == "linda"
    receipt = send_message(actor=kay, to="#general", body="Ask @lin, not @linda2.")
    assert (receipt.to, receipt.unknown) == (["@linda"], ["@linda2"])
    assert Delivery.objects.get().recipient == lin
    assert send_message(actor=kay, to="@lin", body="Hello.").where == "@linda"
    assert show_member(actor=kay, member="@lin").handle == "linda"
    assert list(Handle.objects.filter(member=lin).values_list("handle", flat=True)) == [
        "lin",
        "linda",
    ]


def test_a_member_may_go_back_to_an_earlier_name(owner: Member, lin: Member) -> None:
    for handle in ("linda", "lin", "linda"):
        assert update_member(actor=owner, member="lin", handle=handle).handle == handle
    assert Handle.objects.filter(member=lin).count() == 2


@pytest.mark.parametrize("taken", ["kay", "KAY", "@kay", "k.ay"])
def test_a_name_of_somebody_else_is_refused(
    owner: Member, lin: Member, kay: Member, taken: str
) -> None:
    with pytest.raises(Conflict):
        update_member(actor=owner, member="lin", handle=taken)
    lin.refresh_from_db()
    assert lin.handle == "lin"
    assert Handle.objects.get(handle="kay").member == kay


def test_nobody_renames_themselves_but_admins(lin: Member) -> None:
    with pytest.raises(Forbidden):
        update_member(actor=lin, handle="linda")
    assert not Handle.objects.filter(handle="linda").exists()


# Authority


@pytest.mark.parametrize("authority", ["owner", "admin", "observer"])
def test_members_do_not_promote_themselves(lin: Member, authority: Any) -> None:
    with pytest.raises(Forbidden):
        update_member(actor=lin, authority=authority)
    lin.refresh_from_db()
    assert lin.authority == "member"


def test_an_admin_becomes_no_owner_alone_and_makes_no_admins(ada: Member, lin: Member) -> None:
    before = everything_in_the_database()
    all_refused(
        Forbidden,
        lambda: update_member(actor=ada, authority="owner"),
        lambda: update_member(actor=ada, member="lin", authority="owner"),
        lambda: update_member(actor=ada, member="lin", authority="admin"),
    )
    assert everything_in_the_database() == before


@pytest.mark.parametrize(
    "change",
    [{"name": "Fool"}, {"authority": "member"}, {"title": "Fool"}, {"handle": "boss"}],
)
def test_an_admin_changes_nothing_about_an_owner(
    ada: Member, owner: Member, change: dict[str, Any]
) -> None:
    before = everything_in_the_database()
    with pytest.raises(Forbidden):
        update_member.call(ada, {"member": "owner", **change})
    assert everything_in_the_database() == before


def test_an_owner_appoints_admins_and_further_owners(owner: Member, lin: Member) -> None:
    assert update_member(actor=owner, member="lin", authority="admin").authority == "admin"
    assert update_member(actor=owner, member="lin", authority="owner").authority == "owner"


@pytest.mark.parametrize("loss", [{"authority": "admin"}, {"authority": "observer"}])
def test_the_last_owner_stays(owner: Member, ada: Member, loss: dict[str, Any]) -> None:
    before = everything_in_the_database()
    with pytest.raises(Conflict, match="@owner is the last owner"):
        update_member.call(owner, loss)
    with pytest.raises(Conflict, match="@owner is the last owner"):
        retire_member(actor=owner, member="owner")
    assert everything_in_the_database() == before


def test_an_owner_who_is_paused_or_gone_does_not_count(owner: Member) -> None:
    second = person("second", "owner")
    pause_member(actor=owner, member="second", reason="A test.")
    with pytest.raises(Conflict, match="last owner"):
        update_member(actor=owner, authority="member")
    unpause_member(actor=owner, member="second")
    second.refresh_from_db()
    update_member(actor=owner, authority="member")
    with pytest.raises(Conflict, match="last owner"):
        retire_member(actor=second, member="second")


def test_a_retired_member_stays_as_it_was(owner: Member, rex: Member) -> None:
    before = everything_in_the_database()
    with pytest.raises(Conflict, match="@rex is retired"):
        update_member(actor=owner, member="rex", title="Back")
    with pytest.raises(Conflict, match="retired already"):
        retire_member(actor=owner, member="rex")
    assert everything_in_the_database() == before


def test_an_observer_is_refused_every_write(olga: Member) -> None:
    """But the own account, inbox and cursors, which are hers to keep."""
    own = {
        "ack", "finish_welcome", "follow_task", "follow_thread", "mark_read", "report_wake",
        "save_message", "set_notify", "set_password", "unfollow_task", "unfollow_thread",
        "unsave_message",
    }  # fmt: skip
    before = everything_in_the_database()
    for name, action in registry.items():
        if action.writes and name not in own:
            with pytest.raises(Forbidden):
                action.call(olga, {})
    for name in own:
        with pytest.raises(AppError) as refused:
            registry[name].call(olga, {})
        assert not isinstance(refused.value, Forbidden)
    assert everything_in_the_database() == before


# People's passwords and first steps


def test_first_steps_are_taken_once(owner: Member) -> None:
    finish_welcome(actor=owner, name="Ann", password="battery staple")
    owner.refresh_from_db()
    assert (owner.name, owner.check_password("battery staple")) == ("Ann", True)
    with pytest.raises(Conflict):
        finish_welcome(actor=owner, name="Eve", password="another horse")
    owner.refresh_from_db()
    assert (owner.name, owner.check_password("battery staple")) == ("Ann", True)


def test_a_password_is_changed_by_who_knows_it(owner: Member, api: ApiOf) -> None:
    owner.set_password("correct horse")
    owner.save()
    body = {"current": "wrong", "password": "battery staple"}
    assert api(owner).post("me/password/", **body).status == 403
    weak = api(owner).post("me/password/", current="correct horse", password="password1")
    assert (weak.status, weak.data["state"]["fields"]) == (400, {"password": "too weak"})
    owner.refresh_from_db()
    assert owner.check_password("correct horse")
    set_password(actor=owner, current="correct horse", password="battery staple")
    owner.refresh_from_db()
    assert owner.check_password("battery staple")
    assert "battery staple" not in everything_in_the_database()


def test_an_agent_has_no_password_to_set(lin: Member) -> None:
    with pytest.raises(Forbidden):
        set_password(actor=lin, current="", password="battery staple")
    lin.refresh_from_db()
    assert not lin.has_usable_password()


# Finding people


@pytest.fixture
def crew(owner: Member) -> None:
    agent(owner, "bea", title="Tester", capabilities=["pytest", "Übersetzen"])
    agent(owner, "cem", title="Writer", charter="Writes the manual.", capabilities=["翻译"])
    agent(owner, "dot", title="Test manager")
    cem = Member.objects.get(handle="cem")
    cem.department = Department.objects.create(slug="docs", name="Docs")
    cem.save()


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", ["bea", "cem", "dot", "owner"]),
        ("bea", ["bea"]),
        ("@BEA", ["bea"]),
        ("test", ["bea", "dot"]),
        ("test manager", ["dot"]),
        ("manual", ["cem"]),
        ("pytest", ["bea"]),
        ("übersetzen", []),  # upper and lower case are told apart beyond ASCII
        ("Übersetzen", ["bea"]),
        ("翻译", ["cem"]),
        ("nobody", []),
        ("%", []),
        ("_", []),
        ('"', []),
        ("[", []),
        ("teammcp", []),
    ],
)
def test_people_are_found_by_what_is_said_of_them(
    crew: None, owner: Member, query: str, found: list[str]
) -> None:
    page = find_people(actor=owner, query=query)
    assert [member.handle for member in page.items] == found


def test_people_are_found_by_department(crew: None, owner: Member) -> None:
    assert [m.handle for m in find_people(actor=owner, department="docs").items] == ["cem"]
    assert find_people(actor=owner, department="nothing").items == []


def test_people_are_paged_by_handle_and_the_retired_are_left_out(
    crew: None, owner: Member, rex: Member
) -> None:
    seen, after = [], ""
    for expected in (3, 2, 1, 0):
        page = find_people(actor=owner, limit=1, after=after)
        assert page.remaining == expected
        seen += [member.handle for member in page.items]
        after = page.cursor or ""
    assert seen == ["bea", "cem", "dot", "owner"]
    assert page.cursor is None
    assert show_member(actor=owner, member="rex").status == "retired"


@pytest.mark.parametrize("limit", [1, 100])
def test_finding_people_costs_the_same_at_any_size(
    crew: None, owner: Member, limit: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(7):  # two, and what each kind of load costs
        find_people(actor=owner, limit=limit)


def test_an_unknown_handle_gets_near_ones(crew: None, owner: Member) -> None:
    with pytest.raises(NotFound) as refused:
        show_member(actor=owner, member="bae")
    assert refused.value.state["near"] == ["@bea"]
    assert "Did you mean @bea?" in refused.value.next
    assert show_member(actor=owner, member=refused.value.state["near"][0]).handle == "bea"


def test_the_server_itself_is_no_colleague(owner: Member, system: Member) -> None:
    with pytest.raises(NotFound):
        show_member(actor=owner, member=system.handle)
    with pytest.raises(NotFound):
        update_member(actor=owner, member=system.handle, name="Nobody")
