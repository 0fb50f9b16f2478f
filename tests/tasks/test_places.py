"""Homes, discussions, and messages that become tasks: who sees what."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Event, EventTopic
from audit.selectors import list_events
from messaging.models import Channel, Delivery, Membership, Message
from messaging.selectors import list_channels, read, search_messages, show_message
from messaging.services import (
    create_channel,
    invite_to_channel,
    join_channel,
    leave_channel,
    remove_from_channel,
    resume,
    send_message,
    update_channel,
)
from orgchart.models import Member
from tasks.selectors import list_task_history, list_tasks, show_board, show_task, show_work
from tasks.selectors.showing import is_unresponsive
from tasks.services import (
    assign_task,
    claim_task,
    create_task,
    edit_task,
    follow_task,
    report_progress,
    unfollow_task,
    update_task,
)
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import all_refused
from tests.tasks.conftest import held, make, row, told


@pytest.fixture
def secret(lin: Member, vault: Channel) -> str:
    return make(lin, "Change xyzzy", description="plugh", home="#vault", labels=["keys"])


def test_who_does_not_see_the_home_finds_the_task_nowhere(
    secret: str, kay: Member, sam: Member, ada: Member
) -> None:
    for outsider in (sam, ada):
        assert list_tasks(actor=outsider, text="xyzzy").items == []
        assert list_tasks(actor=outsider, label="keys").items == []
        assert all(column.count == 0 for column in show_board(actor=outsider).columns)
        assert show_work(actor=outsider).items == []
        seen = list_events(actor=outsider, limit=500).items
        assert not [event for event in seen if event.kind.startswith("task.")]
        assert list_events(actor=outsider, topic=f"task-{row(secret).pk}").items == []
        all_refused(
            NotFound,
            lambda: show_task(actor=outsider, task=secret),  # noqa: B023
            lambda: list_task_history(actor=outsider, task=secret),  # noqa: B023
            lambda: claim_task(actor=outsider, task=secret),  # noqa: B023
            lambda: read(actor=outsider, where=f"#{secret.lower()}"),  # noqa: B023
        )
    assert [line.id for line in list_tasks(actor=kay, text="xyzzy plugh").items] == [secret]
    assert list_events(actor=kay, topic=f"task-{row(secret).pk}").items[0].kind == "task.created"


def test_a_task_and_its_discussion_follow_their_home(
    secret: str, lin: Member, kay: Member, sam: Member
) -> None:
    where = f"#{secret.lower()}"
    send_message(actor=kay, to=where, body="What about frobozz, @lin and @sam?")
    assert read(actor=lin, where=where).items[0].body.startswith("What about frobozz")
    assert search_messages(actor=sam, query="frobozz").items == []
    assert told(sam) == []
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    all_refused(
        NotFound,
        lambda: read(actor=kay, where=where),
        lambda: send_message(actor=kay, to=where, body="Still here."),
        lambda: show_task(actor=kay, task=secret),
    )
    assert search_messages(actor=kay, query="frobozz").items == []
    edit_task(actor=lin, task=secret, home="company")
    assert show_task(actor=sam, task=secret).home is None
    assert read(actor=sam, where=where).items[0].author == "kay"
    kinds = [change.kind for change in list_task_history(actor=sam, task=secret).items]
    assert "task.created" not in kinds  # what happened in private stays there


def test_who_loses_the_home_loses_what_was_for_them(secret: str, lin: Member, kay: Member) -> None:
    follow_task(actor=kay, task=secret)
    send_message(actor=lin, to=f"#{secret.lower()}", body="It is plugh now.")
    assert told(kay) == ["It is plugh now."]
    leave_channel(actor=kay, channel="#vault")
    assert told(kay) == []
    send_message(actor=lin, to=f"#{secret.lower()}", body="And frobozz.")
    assert told(kay) == []
    invite_to_channel(actor=lin, channel="#vault", members=["kay"])
    assert told(kay) == ["It is plugh now."]


def test_moving_a_task_into_private_takes_it_from_others(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    name = make(lin, "Open work")
    part = make(lin, "Part of it", parent=name)
    follow_task(actor=sam, task=name)
    send_message(actor=lin, to=f"#{name.lower()}", body="All can read this.")
    assert "All can read this." in told(sam)
    edit_task(actor=lin, task=name, home="#vault")
    assert told(sam) == []
    all_refused(
        NotFound,
        lambda: show_task(actor=sam, task=name),
        lambda: show_task(actor=sam, task=part),
        lambda: read(actor=sam, where=f"#{name.lower()}"),
    )
    assert not Membership.objects.filter(channel__name=name.lower(), member=sam).exists()
    all_refused(Conflict, lambda: edit_task(actor=lin, task=part, home="company"))


def test_a_task_keeps_those_who_would_not_see_it_from_having_it(
    lin: Member, sam: Member, vault: Channel
) -> None:
    name = make(lin, assignee="sam")
    all_refused(Conflict, lambda: edit_task(actor=lin, task=name, home="#vault"), match="@sam")


# Discussions


def test_the_discussion_opens_with_the_first_word_and_is_heard_by_those_concerned(
    lin: Member, kay: Member, sam: Member, olga: Member
) -> None:
    name = make(lin, assignee="kay", reviewer="sam")
    where = f"#{name.lower()}"
    assert not Channel.objects.filter(kind="task").exists()
    all_refused(NotFound, lambda: read(actor=kay, where=where))
    send_message(actor=kay, to=where, body="How much, @olga?")
    assert [told(member)[-1] for member in (lin, sam, olga)] == ["How much, @olga?"] * 3
    assert Channel.objects.filter(kind="task").count() == 1
    assert [c.name for c in list_channels(actor=lin).items] == ["#general"]
    message = read(actor=olga, where=where).items[0]
    assert message.channel == where
    send_message(actor=lin, to=f"thread:{message.id}", body="All of it.")


def test_a_discussion_has_the_name_and_the_members_that_its_task_gives_it(
    lin: Member, kay: Member
) -> None:
    name = make(lin)
    where = f"#{name.lower()}"
    send_message(actor=lin, to=where, body="Hello.")
    all_refused(
        Conflict,
        lambda: update_channel(actor=lin, channel=where, name="other"),
        lambda: update_channel(actor=lin, channel=where, archived=True),
        lambda: invite_to_channel(actor=lin, channel=where, members=["kay"]),
        lambda: remove_from_channel(actor=lin, channel=where, member="lin"),
    )
    all_refused(InvalidInput, lambda: create_channel(actor=lin, name="T-99"), match="kept for")
    all_refused(InvalidInput, lambda: make(lin, home=where))
    join_channel(actor=kay, channel=where)


def test_following_hears_what_is_said_and_the_end_until_one_leaves(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = make(lin)
    assert follow_task(actor=sam, task=name).following
    send_message(actor=lin, to=f"#{name.lower()}", body="First.")
    assert told(sam) == ["First."]
    claim_task(actor=kay, task=name)
    update_task(actor=kay, task=name, to="done", note="It is done.")
    (end,) = told(sam)[1:]
    assert end.startswith(f"@kay completed {name} ")
    assert end.endswith("@kay says: It is done.")
    assert show_task(actor=sam, task=name).following
    unfollow_task(actor=sam, task=name)
    send_message(actor=lin, to=f"#{name.lower()}", body="Thank you.")
    assert "Thank you." not in told(sam)


# Messages and tasks


def test_a_message_becomes_a_task_once_and_both_know_of_each_other(
    lin: Member, kay: Member, sam: Member
) -> None:
    said = send_message(actor=sam, to="#general", body="# The door squeaks\n\nBadly.").id
    first = create_task(actor=lin, from_message=said)
    assert (first.existing, first.task.title) == (False, "The door squeaks")
    assert (first.task.home, first.task.origin) == ("#general", said)
    assert first.task.description.endswith("Badly.")
    again = create_task(actor=kay, title="Another title", from_message=said)
    assert (again.existing, again.task.id) == (True, first.task.id)
    assert show_message(actor=kay, message_id=said).task == first.task.id
    assert Event.objects.filter(kind="task.created").count() == 1


def test_a_private_message_becomes_a_task_of_its_readers(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    said = send_message(actor=kay, to="#vault", body="Change xyzzy.").id
    direct = send_message(actor=kay, to="@lin", body="And plugh.").id
    all_refused(
        NotFound,
        lambda: create_task(actor=sam, from_message=said),
        lambda: create_task(actor=sam, from_message=direct),
    )
    all_refused(
        InvalidInput,
        lambda: create_task(actor=lin, from_message=said, home="#general"),
        lambda: create_task(actor=lin, from_message=direct, home="#vault"),
    )
    one = create_task(actor=lin, from_message=said).task
    two = create_task(actor=lin, from_message=direct).task
    assert (one.home, two.home) == ("#vault", "@kay")
    assert show_task(actor=kay, task=two.id).home == "@lin"
    all_refused(NotFound, lambda: show_task(actor=sam, task=one.id))
    all_refused(Conflict, lambda: edit_task(actor=lin, task=one.id, home="company"))
    said_again = send_message(actor=lin, to=f"#{one.id.lower()}", body="Also the window.").id
    assert create_task(actor=kay, from_message=said_again).task.home == "#vault"


# Editing


def test_an_edit_based_on_an_old_version_is_refused_with_the_present_one(
    lin: Member, kay: Member
) -> None:
    name = make(lin, assignee="kay", metadata={"k": [1, {"é": None}]})
    seen = show_task(actor=lin, task=name).version
    edit_task(actor=kay, task=name, description="New.", version=seen)
    with pytest.raises(Conflict) as refused:
        edit_task(actor=lin, task=name, title="Other", version=seen)
    assert refused.value.state["version"] == seen + 1
    assert refused.value.state["present"]["description"] == "New."
    edit_task(actor=lin, task=name, title="Other", version=seen + 1)
    shown = show_task(actor=lin, task=name)
    assert (shown.title, shown.description) == ("Other", "New.")
    assert shown.metadata == {"k": [1, {"é": None}]}


def test_only_those_concerned_edit_a_task(lin: Member, kay: Member, sam: Member) -> None:
    name = make(lin, assignee="kay")
    all_refused(Forbidden, lambda: edit_task(actor=sam, task=name, title="Mine"))
    assign_task(actor=lin, task=name, to="sam")
    all_refused(Forbidden, lambda: edit_task(actor=kay, task=name, title="Mine"))
    edit_task(actor=sam, task=name, title="Mine")


def test_nothing_changed_leaves_nothing(lin: Member) -> None:
    name = make(lin, labels=["b", "A"])
    before = Event.objects.count()
    edit_task(actor=lin, task=name, title=row(name).title, labels=["a", "B"])
    assert Event.objects.count() == before


# Resume and signs of life


def test_who_begins_again_knows_what_they_hold_and_owe(
    lin: Member, kay: Member, vault: Channel
) -> None:
    own = held(lin, kay, "Rotate the keys")
    given = make(lin, "Write the manual", assignee="kay", priority="urgent")
    checked = held(kay, lin, "Paint the door", reviewer="kay")
    update_task(actor=lin, task=checked, to="review")
    stuck = held(lin, lin, "Open the gate")
    update_task(actor=lin, task=stuck, to="block", on="kay", note="Bring the key.")
    resumed = resume(actor=kay)
    holds = {part.words: [item.id for item in part.items] for part in resumed.holds or []}
    owes = {part.words: part.items for part in resumed.owes or []}
    assert holds["2 tasks"] == [own, given], "what one holds comes first"
    assert [item.id for item in owes["1 task to review"]] == [checked]
    (unblock,) = owes["1 task to unblock"]
    assert (unblock.id, unblock.text) == (stuck, "Open the gate: Bring the key.")


def test_an_assignee_without_a_sign_of_life_is_unresponsive(lin: Member, kay: Member) -> None:
    name = make(lin, assignee="kay")
    assert list_tasks(actor=lin).items[0].unresponsive is None
    long_ago = timezone.now() - timedelta(hours=1)
    Member.objects.filter(pk=kay.pk).update(last_active_at=long_ago, created_at=long_ago)
    assert list_tasks(actor=lin).items[0].unresponsive is True
    assert show_task(actor=lin, task=name).unresponsive is True
    claim_task(actor=kay, task=name)
    report_progress(actor=kay, task=name)
    assert not is_unresponsive(row(name))


def test_events_of_tasks_stand_under_their_topic(lin: Member) -> None:
    name = make(lin)
    claim_task(actor=lin, task=name)
    topics = EventTopic.objects.filter(topic=f"task-{row(name).pk}")
    assert topics.count() == 2
    assert Message.objects.count() == Delivery.objects.count() == 0
