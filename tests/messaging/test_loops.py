"""The loop breaker: agents among themselves are stopped at a budget, and one person is asked."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from audit.models import Event
from messaging import causes
from messaging.models import Channel, Message
from messaging.services import check_inbox, release_conversation, send_message
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, NotFound
from tests.conftest import all_refused

BUDGET = 6


@pytest.fixture(autouse=True)
def small_budget(settings: Settings) -> None:
    settings.AGENT_TURNS = BUDGET
    causes.forget()


def chat(one: Member, other: Member, turns: int = BUDGET) -> None:
    """Two agents thank each other."""
    pair = [(one, other), (other, one)]
    for number in range(turns):
        actor, reader = pair[number % 2]
        send_message(actor=actor, to=f"@{reader.handle}", body="Thank you!")


def notes_to(person: Member) -> list[str]:
    items = check_inbox(actor=person, limit=100, max_tokens=20_000).items
    return [i.message.body for i in items if i.message.author == "teammcp"]


def test_two_agents_are_stopped_at_the_budget_and_what_was_accepted_stays(
    lin: Member, kay: Member, owner: Member
) -> None:
    chat(lin, kay)
    with pytest.raises(Conflict, match="is parked"):
        send_message(actor=lin, to="@kay", body="No, thank you!")
    assert Message.objects.filter(body="Thank you!").count() == BUDGET
    assert Event.objects.filter(kind="conversation.parked").count() == 1


def test_one_person_gets_one_notice(lin: Member, kay: Member, owner: Member, ada: Member) -> None:
    chat(lin, kay)
    for _ in range(5):
        with pytest.raises(Conflict):
            send_message(actor=lin, to="@kay", body="Still there?")
    assert len(notes_to(owner)) == 1
    assert notes_to(ada) == []
    assert "Thank you" not in notes_to(owner)[0]


def test_the_nearest_person_up_the_line_is_asked(
    lin: Member, kay: Member, owner: Member, ada: Member
) -> None:
    Member.objects.filter(pk=kay.pk).update(manager=lin)
    Member.objects.filter(pk=lin.pk).update(manager=ada)
    chat(lin, Member.objects.get(pk=kay.pk))
    assert (len(notes_to(ada)), notes_to(owner)) == (1, [])


def test_the_person_who_was_asked_releases_it_without_seeing_what_was_said(
    lin: Member, kay: Member, owner: Member
) -> None:
    chat(lin, kay)
    channel = Channel.objects.get(kind="direct", parked_at__isnull=False)
    assert release_conversation(actor=owner, where=f"channel:{channel.pk}").parked is False
    chat(lin, kay, 1)
    with pytest.raises(NotFound):
        release_conversation(actor=owner, where=f"channel:{channel.pk}")


def test_an_agent_cannot_release_it_and_to_strangers_it_is_not_there(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    chat(lin, kay)
    channel = Channel.objects.get(kind="direct", parked_at__isnull=False)
    all_refused(Forbidden, lambda: release_conversation(actor=lin, where="@kay"))
    all_refused(
        NotFound,
        lambda: release_conversation(actor=ada, where=f"channel:{channel.pk}"),
        lambda: release_conversation(actor=sam, where=f"channel:{channel.pk}"),
    )


def test_a_person_who_writes_in_it_releases_it(lin: Member, kay: Member, owner: Member) -> None:
    root = send_message(actor=owner, to="#general", body="How is it going?").id
    for number in range(BUDGET):
        actor = (lin, kay)[number % 2]
        send_message(actor=actor, to=f"thread:{root}", body="Fine!")
    with pytest.raises(Conflict, match="parked"):
        send_message(actor=lin, to=f"thread:{root}", body="Fine!")
    send_message(actor=owner, to=f"thread:{root}", body="Good.")
    send_message(actor=lin, to=f"thread:{root}", body="Fine!")


def test_a_person_in_between_begins_the_count_anew(lin: Member, kay: Member, owner: Member) -> None:
    root = send_message(actor=owner, to="#general", body="How is it going?").id
    for _ in range(3):
        for number in range(BUDGET - 1):
            send_message(actor=(lin, kay)[number % 2], to=f"thread:{root}", body="Fine!")
        send_message(actor=owner, to=f"thread:{root}", body="Go on.")


def test_what_one_says_in_a_row_is_one_turn(lin: Member, kay: Member) -> None:
    for number in range(BUDGET * 4):
        send_message(actor=lin, to="@kay", body=f"Entry {number}.")
    chat(kay, lin, BUDGET - 1)


def test_channels_as_such_are_not_counted(lin: Member, kay: Member) -> None:
    for number in range(BUDGET * 4):
        send_message(actor=(lin, kay)[number % 2], to="#general", body="Done with one more.")


def test_three_agents_who_thank_each_other_in_a_circle_are_parked(
    lin: Member, kay: Member, sam: Member, owner: Member
) -> None:
    """Each conversation has only one of them talking; the chain of causes runs through all."""
    circle = [(lin, kay), (kay, sam), (sam, lin)]
    sent = 0
    while not Event.objects.filter(kind="conversation.parked").exists():
        actor, reader = circle[sent % 3]
        check_inbox(actor=actor)
        send_message(actor=actor, to=f"@{reader.handle}", body="Thank you!")
        sent += 1
        assert sent <= BUDGET * 3
    actor, reader = circle[(sent - 1) % 3]
    with pytest.raises(Conflict, match="parked"):
        send_message(actor=actor, to=f"@{reader.handle}", body="Thank you!")
    assert len(notes_to(owner)) == 1


def test_what_a_person_asked_for_begins_a_new_chain(
    lin: Member, kay: Member, owner: Member
) -> None:
    chat(lin, kay, 2)
    check_inbox(actor=owner)
    send_message(actor=owner, to="@lin", body="Please ask Kay.")
    check_inbox(actor=lin)
    answer = send_message(actor=lin, to="@kay", body="The owner asks.").id
    assert Message.objects.get(pk=answer).turns == 1
    assert Message.objects.get(pk=answer).cause is not None
