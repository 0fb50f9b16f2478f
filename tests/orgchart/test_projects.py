"""Projects: who belongs to them, and who may know of whom. The faces are walked in
tests/access/test_walls.py."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.selectors import list_events
from audit.topics import visible_topics
from messaging.models import Bridge, Channel, Delivery
from messaging.selectors import (
    list_bridges,
    list_channel_members,
    list_channels,
    list_dead_letters,
    list_deliveries,
    read,
    search_files,
    search_messages,
)
from messaging.services import (
    check_inbox,
    close_bridge,
    create_channel,
    invite_to_channel,
    join_channel,
    move_channel,
    open_bridge,
    send_message,
    upload_file,
)
from messaging.services.bridging import end_bridges
from messaging.services.files import Inline
from orgchart import directory, projects, selectors, tree
from orgchart.models import Member, Project, ProjectMember
from orgchart.services import (
    add_to_project,
    create_department,
    create_project,
    move_member,
    pause_member,
    register_agent,
    remove_from_project,
    retire_member,
    set_manager,
    update_department,
    update_member,
    update_project,
)
from orgchart.walls import bound, seen_among, visible_projects
from tasks import services as tasks
from tasks.selectors import list_tasks, show_goal, show_task
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import ApiOf, agent, all_refused
from tests.scenes import scene


@dataclass(frozen=True)
class Two:
    """Two projects. Lin leads Apollo, with Kay; Bea leads Borealis, with Bob. Sam is staff."""

    owner: Member
    ada: Member
    lin: Member
    kay: Member
    bea: Member
    bob: Member
    sam: Member


@scene
def two(owner: Member, ada: Member, lin: Member, kay: Member, sam: Member) -> Two:
    bea, bob = agent(owner, "bea"), agent(owner, "bob")
    create_project(actor=ada, name="Apollo", lead="lin")
    create_project(actor=ada, name="Borealis", purpose="To the north", lead="bea")
    for member in (lin, bea):
        member.refresh_from_db()  # each call fetches who calls
    add_to_project(actor=lin, project="apollo", members=["kay"])
    add_to_project(actor=bea, project="borealis", members=["bob"])
    for member in (kay, bob):
        member.refresh_from_db()
    return Two(owner, ada, lin, kay, bea, bob, sam)


def handles(actor: Member) -> set[str]:
    return {hit.handle for hit in directory.find_people(actor=actor, limit=100).items}


def in_two_days() -> str:
    return (timezone.now() + timedelta(days=2)).isoformat()


def bridge(two: Two, channel: str = "#borealis", project: str = "apollo") -> int:
    made = open_bridge(
        actor=two.ada, channel=channel, project=project, until=in_two_days(), reason="Docking"
    )
    return made.id


def sentences(actor: Member) -> list[str]:
    return [event.sentence for event in list_events(actor=actor, limit=500).items]


def message_of(call: Any) -> tuple[str, str, str | None]:
    with pytest.raises(AppError) as caught:
        call()
    return type(caught.value).__name__, str(caught.value), caught.value.next


# Who belongs


def test_a_project_has_a_lead_members_and_a_channel(two: Two, api: ApiOf) -> None:
    shown = api(two.lin).get("projects/apollo/").data
    assert [person["handle"] for person in shown["people"]] == ["kay", "lin"]
    assert (shown["lead"], shown["members"], shown["leads"]) == ("lin", 2, True)
    channel = Channel.objects.get(name="apollo")
    assert channel.project == Project.objects.get(slug="apollo")
    inside = list_channel_members(actor=two.kay, channel="#apollo").items
    assert [member.handle for member in inside] == ["kay", "lin"]


def test_a_project_is_seen_by_its_members_and_by_admins_only(two: Two, api: ApiOf) -> None:
    def known(member: Member) -> list[str]:
        return [row.slug for row in projects.list_projects(actor=member).items]

    assert known(two.lin) == known(two.kay) == ["apollo"]
    assert known(two.ada) == known(two.owner) == ["apollo", "borealis"]
    assert known(two.sam) == []
    assert api(two.sam).get("projects/apollo/").status == 404
    assert api(two.lin).get("projects/borealis/").status == 404


def test_the_lead_and_admins_say_who_belongs(two: Two, rex: Member) -> None:
    all_refused(
        Forbidden,
        lambda: add_to_project(actor=two.kay, project="apollo", members=["sam"]),
        lambda: remove_from_project(actor=two.kay, project="apollo", member="lin"),
        lambda: create_project(actor=two.lin, name="Mine"),
        lambda: update_project(actor=two.lin, project="apollo", name="Mine"),
    )
    all_refused(
        NotFound,
        lambda: add_to_project(actor=two.lin, project="borealis", members=["sam"]),
        lambda: add_to_project(actor=two.lin, project="apollo", members=["bob"]),
        lambda: add_to_project(actor=two.ada, project="nothing", members=["bob"]),
    )
    all_refused(
        Conflict,
        lambda: add_to_project(actor=two.ada, project="apollo", members=["rex"]),
        lambda: remove_from_project(actor=two.ada, project="apollo", member="bob"),
        lambda: remove_from_project(actor=two.ada, project="apollo", member="lin"),
        lambda: create_project(actor=two.ada, name="Apollo"),
    )
    assert add_to_project(actor=two.lin, project="apollo", members=["sam"]).members == 3
    assert add_to_project(actor=two.ada, project="apollo", members=["bob", "@bob"]).members == 4


def test_only_an_admin_lets_somebody_belong_to_two(two: Two) -> None:
    set_manager(actor=two.ada, member="bob", manager="lin")  # so that Lin knows of Bob
    with pytest.raises(Forbidden):
        add_to_project(actor=two.lin, project="apollo", members=["bob"])
    add_to_project(actor=two.ada, project="apollo", members=["bob"])
    two.bob.refresh_from_db()
    known = [row.slug for row in projects.list_projects(actor=two.bob).items]
    assert known == ["apollo", "borealis"]
    assert {"lin", "kay", "bea"} <= handles(two.bob)


def test_who_leaves_the_last_project_is_staff_again(two: Two) -> None:
    send_message(actor=two.lin, to="#apollo", body="Hello @kay.")
    assert [item.message.body for item in check_inbox(actor=two.kay).items] == ["Hello @kay."]
    remove_from_project(actor=two.lin, project="apollo", member="kay")
    two.kay.refresh_from_db()
    assert not two.kay.walled
    assert "bea" in handles(two.kay)
    assert check_inbox(actor=two.kay).items == []
    with pytest.raises(NotFound):
        read(actor=two.kay, where="#apollo")
    assert not list_channel_members(actor=two.ada, channel="#apollo").items[1:]


def test_what_somebody_held_behind_the_wall_passes_on_when_they_leave(two: Two) -> None:
    def made(title: str, **more: Any) -> str:
        return tasks.create_task(actor=two.lin, title=title, **more).task.id

    begun, waiting = made("Dock"), made("Land", assignee="kay")
    tasks.claim_task(actor=two.kay, task=begun)
    judged = made("Fuel", assignee="lin", reviewer="kay")
    open_one = tasks.create_task(actor=two.kay, title="Tea", home="company", assignee="kay")
    tasks.take_lease(actor=two.kay, names=["airlock"], minutes=60)
    goal = tasks.create_goal(actor=two.kay, title="Moon", owner="kay").id

    remove_from_project(actor=two.ada, project="apollo", member="kay")
    two.kay.refresh_from_db()

    rows = {task.id: task for task in list_tasks(actor=two.lin, which="all").items}
    assert {rows[name].assignee for name in (begun, waiting)} == {"lin"}
    assert rows[begun].status == "todo"
    assert show_task(actor=two.lin, task=begun).lease is None
    assert show_task(actor=two.lin, task=judged).reviewer is None
    assert rows[open_one.task.id].assignee == "kay"
    assert show_goal(actor=two.lin, goal=goal).owner == "lin"
    assert tasks.take_lease(actor=two.lin, names=["airlock"], minutes=5).state == "held"
    told = " ".join(item.message.body for item in check_inbox(actor=two.lin).items)
    assert f"@ada handed {begun}" in told
    assert not [item for item in check_inbox(actor=two.kay).items if begun in item.message.body]


@pytest.fixture
def plans(two: Two) -> dict[str, Any]:
    """A channel of the company in which Sam and Kay have talked, with a task that Sam holds."""
    create_channel(actor=two.sam, name="plans", project="company")
    for member in (two.kay, two.bob):
        join_channel(actor=member, channel="#plans")
    said = send_message(actor=two.sam, to="#plans", body="@kay @bob: the frobozz is ready.").id
    task = tasks.create_task(actor=two.sam, title="Ship the frobozz", home="#plans").task.id
    tasks.claim_task(actor=two.sam, task=task)
    return {"said": said, "task": task}


def test_a_channel_moves_behind_a_wall_with_all_that_it_holds(
    two: Two, api: ApiOf, plans: dict[str, Any]
) -> None:
    moved = api(two.ada).call("PUT", "channels/plans/project/", {"project": "apollo"})
    assert (moved.status, moved.data["project"]) == (200, "apollo")
    assert [row.handle for row in list_channel_members(actor=two.kay, channel="#plans").items] == [
        "kay"
    ]
    for outsider in (two.sam, two.bob):
        assert api(outsider).get("channels/plans/").status == 404
        assert search_messages(actor=outsider, query="frobozz").items == []
        assert "frobozz" not in " ".join(sentences(outsider))
        assert [row.title for row in list_tasks(actor=outsider, which="all").items] == []
        bodies = [item.message.body for item in check_inbox(actor=outsider).items]
        assert not [body for body in bodies if "frobozz" in body]
    assert [hit.id for hit in search_messages(actor=two.lin, query="frobozz ready").items] == [
        plans["said"]
    ]
    assert show_task(actor=two.lin, task=plans["task"]).assignee == "lin"  # who leads it
    assert api(two.ada).call("PUT", "channels/plans/project/", {"project": "apollo"}).status == 200


def test_a_channel_comes_out_again(two: Two, plans: dict[str, Any]) -> None:
    move_channel(actor=two.ada, channel="#plans", project="apollo")
    out = move_channel(actor=two.ada, channel="#plans", project="Company")
    assert out.project is None
    assert read(actor=two.bea, where="#plans").items[0].id == plans["said"]


def test_a_channel_that_is_not_free_to_move_stays(two: Two, plans: dict[str, Any]) -> None:
    open_one = bridge(two)
    send_message(actor=two.ada, to="@lin", body="Between us.")
    all_refused(
        Conflict,
        lambda: move_channel(actor=two.ada, channel="#general", project="apollo"),
        lambda: move_channel(actor=two.ada, channel="#borealis", project="apollo"),
        lambda: move_channel(actor=two.ada, channel=f"@{two.lin.handle}", project="apollo"),
    )
    assert (
        message_of(lambda: move_channel(actor=two.ada, channel="#borealis", project="company"))[2]
        == f"close_bridge(bridge_id={open_one}) ends that; then move it."
    )
    all_refused(
        Forbidden,
        lambda: move_channel(actor=two.lin, channel="#plans", project="apollo"),
        lambda: move_channel(actor=two.sam, channel="#plans", project="apollo"),
    )
    with pytest.raises(NotFound):
        move_channel(actor=two.ada, channel="#plans", project="nowhere")


def test_an_archived_project_takes_nothing_and_its_wall_stands(two: Two) -> None:
    update_project(actor=two.ada, project="borealis", archived=True)
    all_refused(
        Conflict,
        lambda: add_to_project(actor=two.bea, project="borealis", members=["sam"]),
        lambda: create_channel(actor=two.ada, name="late", project="borealis"),
        lambda: create_channel(actor=two.bea, name="late"),
    )
    assert "bob" not in handles(two.lin)


def test_the_lead_passes_on_with_what_a_retired_member_held(two: Two) -> None:
    retire_member(actor=two.ada, member="lin", successor="kay")
    assert Project.objects.get(slug="apollo").lead == two.kay
    retire_member(actor=two.ada, member="bea", successor="sam")
    assert Project.objects.get(slug="borealis").lead is None


def test_who_retired_behind_a_wall_stays_hidden(two: Two) -> None:
    retire_member(actor=two.ada, member="bob", successor="bea")
    with pytest.raises(NotFound):
        selectors.show_member(actor=two.lin, member="bob")
    assert directory.find_people(actor=two.lin, status="retired").items == []


# Who may know of whom


def test_members_of_different_projects_do_not_exist_for_each_other(two: Two) -> None:
    assert handles(two.lin) == {"lin", "kay", "sam", "ada", "owner"}
    assert handles(two.bob) == {"bea", "bob", "sam", "ada", "owner"}
    everybody = {"lin", "kay", "bea", "bob", "sam", "ada", "owner"}
    assert handles(two.sam) == handles(two.ada) == handles(two.owner) == everybody
    lines = {node.handle for node in tree.show_chart(actor=two.lin).items}
    assert lines == {"lin", "kay", "sam", "ada", "owner"}


def test_the_reporting_line_sees_through_the_wall(two: Two) -> None:
    set_manager(actor=two.ada, member="kay", manager="lin")
    set_manager(actor=two.ada, member="lin", manager="bea")
    assert {"lin", "kay"} <= handles(two.bea)
    assert "bea" in handles(two.kay)
    assert "bob" not in handles(two.kay)
    assert "kay" not in handles(two.bob)
    with pytest.raises(NotFound):  # a name is not the project
        projects.show_project(actor=two.bea, project="apollo")


def test_guessing_a_handle_is_answered_as_one_that_is_absent(two: Two) -> None:
    calls = (
        lambda who, name: selectors.show_member(actor=who, member=name),
        lambda who, name: send_message(actor=who, to=f"@{name}", body="Psst."),
        lambda who, name: send_message(actor=who, to=f"#{name}", body="Psst."),
        lambda who, name: send_message(actor=who, to=name, body="Psst."),
        lambda who, name: send_message(actor=who, to=f"@kay,@{name}", body="Psst."),
        lambda who, name: read(actor=who, where=f"@{name}"),
        lambda who, name: tasks.create_task(actor=who, title="Spy", assignee=name),
        lambda who, name: search_messages(actor=who, query="x", author=name),
        lambda who, name: directory.find_people(actor=who, manager=name),
        lambda who, name: create_channel(actor=who, name="den", kind="private", invite=[name]),
    )
    for call in calls:
        hidden = message_of(lambda call=call: call(two.lin, "bob"))
        absent = message_of(lambda call=call: call(two.lin, "zob"))
        assert tuple(str(part).replace("zob", "bob") for part in absent) == tuple(map(str, hidden))


def test_a_manager_beyond_the_wall_is_not_named(two: Two) -> None:
    set_manager(actor=two.ada, member="sam", manager="bob")
    create_department(actor=two.ada, name="Deep", head="bob")
    move_member(actor=two.ada, member="bob", department="deep")
    assert selectors.show_member(actor=two.lin, member="sam").manager is None
    assert selectors.show_member(actor=two.ada, member="sam").manager == "bob"
    (sam,) = directory.find_people(actor=two.lin, query="sam").items
    assert sam.manager is None
    (deep,) = selectors.list_departments(actor=two.lin).items
    assert (deep.head, deep.members) == (None, 0)
    (known,) = selectors.list_departments(actor=two.sam).items
    assert (known.head, known.members) == ("bob", 1)
    with pytest.raises(Forbidden) as refused:
        pause_member(actor=two.lin, member="sam", reason="Why not.")
    assert "bob" not in f"{refused.value} {refused.value.next}"


def test_mentions_beyond_the_wall_reach_nobody(two: Two) -> None:
    create_department(actor=two.ada, name="Deep")
    move_member(actor=two.ada, member="bob", department="deep")
    receipt = send_message(actor=two.lin, to="#general", body="@bob @zob @dept:deep look")
    assert (receipt.to, receipt.outsiders) == ([], [])
    assert receipt.unknown == ["@bob", "@zob", "@dept:deep"]
    assert not Delivery.objects.filter(message_id=receipt.id).exists()
    staff = send_message(actor=two.sam, to="#general", body="@bob look")
    assert staff.to == ["@bob"]


def test_what_is_said_to_all_reaches_all_and_names_only_those_who_are_known(two: Two) -> None:
    receipt = send_message(actor=two.lin, to="#general", body="@channel fire drill")
    assert "@bob" not in receipt.to
    assert "@sam" in receipt.to
    assert Delivery.objects.filter(message_id=receipt.id, recipient=two.bob).exists()
    reached = list_deliveries(actor=two.lin, message_id=receipt.id).items
    assert {"bob", "bea"}.isdisjoint(row.recipient for row in reached)
    Delivery.objects.update(withdrawn_at=timezone.now(), dead_at=timezone.now(), dead_reason="x")
    dead = list_dead_letters(actor=two.lin).items
    assert dead
    assert {"bob", "bea"}.isdisjoint(row.recipient for row in dead)


def test_staff_cannot_bring_two_projects_into_one_conversation(two: Two) -> None:
    with pytest.raises(Conflict, match="different projects"):
        send_message(actor=two.sam, to="@lin,@bob", body="Meet.")
    send_message(actor=two.sam, to="@lin", body="Alone.")
    send_message(actor=two.ada, to="@lin,@kay", body="Together.")


def test_a_conversation_from_before_the_wall_is_hidden(two: Two) -> None:
    moe = agent(two.owner, "moe")
    send_message(actor=moe, to="@lin", body="zebra")
    assert search_messages(actor=two.lin, query="zebra").items
    add_to_project(actor=two.ada, project="borealis", members=["moe"])
    moe.refresh_from_db()
    for member in (two.lin, moe):
        assert search_messages(actor=member, query="zebra").items == []
        assert not [c for c in list_channels(actor=member).items if c.kind == "direct"]
    assert check_inbox(actor=two.lin).items == []


# Channels, tasks, files


def test_a_public_channel_of_a_project_is_public_within_it_only(two: Two) -> None:
    create_channel(actor=two.bea, name="north", purpose="polaris")
    send_message(actor=two.bea, to="#north", body="The polaris star.")
    assert {"#north", "#borealis"} <= {row.name for row in list_channels(actor=two.bob).items}
    for other in (two.lin, two.sam):
        assert not {"#north", "#borealis"} & {row.name for row in list_channels(actor=other).items}
        assert search_messages(actor=other, query="polaris").items == []
        assert message_of(lambda other=other: read(actor=other, where="#north"))[0] == "NotFound"
        with pytest.raises(NotFound):
            send_message(actor=other, to="#north", body="Hello?")
    assert search_messages(actor=two.ada, query="polaris").items
    assert [row.project for row in list_channels(actor=two.bob, project="borealis").items] == [
        "borealis",
        "borealis",
    ]


def test_private_channels_of_a_project_take_its_members_only(two: Two) -> None:
    create_channel(actor=two.bea, name="cold", kind="private")
    for outsider in ("sam",):
        with pytest.raises(Conflict, match="does not belong"):
            invite_to_channel(actor=two.bea, channel="#cold", members=[outsider])
    invite_to_channel(actor=two.bea, channel="#cold", members=["bob"])
    assert "#cold" in {row.name for row in list_channels(actor=two.bob).items}
    assert "#cold" not in {row.name for row in list_channels(actor=two.ada).items}


def test_what_a_member_begins_belongs_to_their_project(two: Two) -> None:
    made = tasks.create_task(actor=two.bea, title="Chart the aurora").task
    assert made.home == "#borealis"
    assert [task.title for task in list_tasks(actor=two.bob).items] == ["Chart the aurora"]
    assert list_tasks(actor=two.lin).items == list_tasks(actor=two.sam).items == []
    open_to_all = tasks.create_task(actor=two.bea, title="Tidy up", home="company").task
    assert open_to_all.home is None
    assert [task.title for task in list_tasks(actor=two.lin).items] == ["Tidy up"]
    assert tasks.create_task(actor=two.sam, title="Staff work").task.home is None
    with pytest.raises(NotFound):
        tasks.claim_task(actor=two.lin, task=made.id)


def test_who_belongs_to_two_says_where(two: Two) -> None:
    add_to_project(actor=two.ada, project="apollo", members=["bob"])
    two.bob.refresh_from_db()
    all_refused(
        InvalidInput,
        lambda: tasks.create_task(actor=two.bob, title="Where?"),
        lambda: create_channel(actor=two.bob, name="where"),
        match="2 projects",
    )
    assert create_channel(actor=two.bob, name="here", project="apollo").project == "apollo"
    assert tasks.create_task(actor=two.bob, title="There", home="#borealis").task.home


def test_files_stay_behind_the_wall(two: Two) -> None:
    upload_file(actor=two.bea, name="aurora.txt", text=Inline(b"green"), to="#borealis")
    assert search_files(actor=two.bob, query="aurora").items
    assert search_files(actor=two.lin, query="aurora").items == []


# Events


def test_events_of_hidden_members_are_not_heard(two: Two) -> None:
    seq = list_events(actor=two.lin, limit=1).head
    update_member(actor=two.bob, charter="Sees the aurora.")
    pause_member(actor=two.ada, member="bob", reason="A test.")
    create_department(actor=two.ada, name="Deep", head="bea")
    update_department(actor=two.ada, department="deep", head="bob")
    set_manager(actor=two.ada, member="sam", manager="bea")
    update_member(actor=two.sam, charter="Helps.")
    heard = list_events(actor=two.lin, after=seq).items
    assert [(event.kind, event.actor) for event in heard] == [("member.updated", "sam")]
    assert len(list_events(actor=two.sam, after=seq).items) == 6
    assert len(list_events(actor=two.bea, after=seq).items) == 6


def test_the_past_is_hidden_with_the_member(two: Two) -> None:
    told = "\n".join(sentences(two.lin))
    for word in ("bob", "bea", "orealis"):
        assert word not in told.lower()
    assert "@kay" in told
    assert "@bob" in "\n".join(sentences(two.sam))


def test_who_is_registered_into_a_project_is_never_heard_of_beyond(two: Two) -> None:
    register_agent(actor=two.ada, name="Nox", project="borealis")
    nox = Member.objects.get(handle="nox")
    assert nox.walled
    assert not any("nox" in sentence.lower() for sentence in sentences(two.lin))
    assert any("nox" in sentence.lower() for sentence in sentences(two.bea))
    assert "#borealis" in {row.name for row in list_channels(actor=nox, joined=True).items}


def test_who_speaks_in_a_place_of_the_company_is_heard_there(two: Two) -> None:
    send_message(actor=two.bob, to="#general", body="Hello from afar.")
    assert [row.author for row in read(actor=two.lin, where="#general").items] == ["bob"]
    assert "@bob wrote in #general" in sentences(two.lin)
    inside = list_channel_members(actor=two.lin, channel="#general").items
    assert "bob" not in {member.handle for member in inside}


# Bridges


def test_a_bridge_opens_one_channel_and_nothing_else(two: Two) -> None:
    create_channel(actor=two.bea, name="north")
    send_message(actor=two.bea, to="#borealis", body="The dock is at pier nine.")
    bridge(two)
    names = {row.name: row for row in list_channels(actor=two.lin).items}
    assert "#borealis" in names
    assert names["#borealis"].project is None
    assert "#north" not in names
    assert [row.author for row in read(actor=two.lin, where="#borealis").items] == ["bea"]
    send_message(actor=two.lin, to="#borealis", body="We dock at noon, @bea.")
    assert check_inbox(actor=two.bea).items[0].message.author == "lin"
    answer = send_message(actor=two.bob, to="#borealis", body="Noon it is, @lin @kay.")
    assert answer.to == ["@lin"]  # who has spoken there; Kay is nobody
    assert answer.unknown == ["@kay"]
    for member, hidden in ((two.lin, {"bea", "bob"}), (two.bob, {"lin", "kay"})):
        assert not hidden & handles(member)
        inside = list_channel_members(actor=member, channel="#borealis").items
        assert not hidden & {row.handle for row in inside}
    with pytest.raises(NotFound):
        send_message(actor=two.lin, to="@bea", body="Psst.")
    assert "#borealis" not in {row.name for row in list_channels(actor=two.sam).items}


def test_after_a_bridge_everything_is_as_before(two: Two) -> None:
    send_message(actor=two.bea, to="#borealis", body="The dock is at pier nine.")
    made = bridge(two)
    send_message(actor=two.lin, to="#borealis", body="We dock at noon.")
    send_message(actor=two.bea, to="#borealis", body="Noon it is, @lin.")
    assert check_inbox(actor=two.lin).items
    close_bridge(actor=two.ada, bridge_id=made)
    assert check_inbox(actor=two.lin).items == []
    assert search_messages(actor=two.lin, query="dock").items == []
    assert list_bridges(actor=two.lin, ended=True).items == []
    assert not any("orealis" in sentence for sentence in sentences(two.lin))
    with pytest.raises(NotFound):
        send_message(actor=two.lin, to="#borealis", body="Still there?")
    late = send_message(actor=two.bea, to="#borealis", body="Gone, @lin.")
    assert not Delivery.objects.filter(message_id=late.id).exists()
    (ended,) = list_bridges(actor=two.bea, ended=True).items
    assert (ended.ended_by, ended.open, ended.reason) == ("ada", False, "Docking")
    with pytest.raises(Conflict):
        close_bridge(actor=two.ada, bridge_id=made)


def test_a_bridge_ends_by_itself_and_that_is_written_down_once(two: Two) -> None:
    send_message(actor=two.bea, to="#borealis", body="The dock is at pier nine.")
    made = bridge(two)
    send_message(actor=two.lin, to="#borealis", body="We dock at noon.")
    send_message(actor=two.bea, to="#borealis", body="Noon it is, @lin.")
    Bridge.objects.filter(pk=made).update(until=timezone.now())
    # Nothing is seen any more, before the clock has come round.
    assert check_inbox(actor=two.lin).items == []
    assert search_messages(actor=two.lin, query="dock").items == []
    assert "#borealis" not in {row.name for row in list_channels(actor=two.lin).items}
    now = timezone.now()
    assert (end_bridges(now), end_bridges(now)) == (1, 0)
    ended = [event for event in list_events(actor=two.bea, limit=500).items
             if event.kind == "bridge.ended"]  # fmt: skip
    assert [event.actor for event in ended] == ["teammcp"]
    channel = Channel.objects.get(name="borealis")
    assert not channel.memberships.filter(member=two.lin).exists()


def test_a_bridge_is_refused_that_leads_nowhere(two: Two) -> None:
    def opened(**given: Any) -> Any:
        usual: dict[str, Any] = {"actor": two.ada, "channel": "#borealis", "project": "apollo",
                                 "until": in_two_days(), "reason": "Docking"}  # fmt: skip
        return lambda: open_bridge(**{**usual, **given})

    far = (timezone.now() + timedelta(days=31)).isoformat()
    all_refused(InvalidInput, opened(until=far), opened(until="2020-01-01"), opened(until="soon"))
    all_refused(Conflict, opened(channel="#general"), opened(project="borealis"))
    all_refused(NotFound, opened(channel="#nothing"), opened(project="nothing"))
    all_refused(Forbidden, opened(actor=two.bea))
    opened()()
    all_refused(Conflict, opened(), match="already")


def test_a_bridge_into_a_private_channel_lets_guests_in(two: Two) -> None:
    create_channel(actor=two.bea, name="cold", kind="private")
    with pytest.raises(NotFound):  # whoever opens it sees it
        bridge(two, "#cold")
    add_to_project(actor=two.ada, project="borealis", members=["ada"])
    invite_to_channel(actor=two.bea, channel="#cold", members=["ada"])
    bridge(two, "#cold")
    send_message(actor=two.kay, to="#cold", body="Brr.")
    assert [row.author for row in read(actor=two.bea, where="#cold").items] == ["kay"]
    assert message_of(lambda: read(actor=two.bob, where="#cold"))[0] == "NotFound"


# What it costs


def test_a_company_without_projects_pays_nothing(lin: Member, kay: Member) -> None:
    with CaptureQueriesContext(connection) as counted:
        assert not bound(lin)
        assert seen_among(lin, [lin.pk, kay.pk]) == {lin.pk, kay.pk}
        list(visible_projects(lin))
    assert len(counted) == 0
    assert "orgchart_projectmember" not in str(selectors.visible_members(lin).query)


def test_the_wall_costs_no_query_per_row(two: Two) -> None:
    def asked(actor: Member) -> int:
        with CaptureQueriesContext(connection) as counted:
            directory.find_people(actor=actor, limit=100)
            list_channels(actor=actor)
            visible_topics(actor)
        return len(counted)

    staff, before = asked(two.sam), asked(two.lin)
    for number in range(5):
        agent(two.owner, f"more{number}", project="apollo")
        create_channel(actor=two.lin, name=f"more{number}")
        agent(two.owner, f"far{number}", project="borealis")
    assert asked(two.lin) == before
    assert asked(two.sam) == staff
    assert before - staff <= 5


def test_walled_is_what_the_rows_say(two: Two) -> None:
    inside = set(ProjectMember.objects.values_list("member_id", flat=True))
    assert set(Member.objects.filter(walled=True).values_list("pk", flat=True)) == inside
