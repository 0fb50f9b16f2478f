"""Deleting hides everywhere; erasing destroys, down to the bytes; the ledger verifies both."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from audit.ledger import text_digest
from audit.models import Event
from audit.verification import verify_ledger
from messaging.jobs import forget_erased
from messaging.models import Channel, Delivery, Message
from messaging.search import compact
from messaging.selectors import (
    list_dead_letters,
    list_versions,
    read,
    search_messages,
    show_message,
)
from messaging.services import (
    ack,
    cancel_schedule,
    check_inbox,
    delete_message,
    edit_message,
    invite_to_channel,
    leave_channel,
    redeliver,
    send_message,
)
from messaging.services.redelivery import UNFETCHED, bury
from messaging.services.running import run_due
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import ApiOf, all_refused
from tests.databases import everything_in_the_database


def say(member: Member, to: str, body: str) -> int:
    return int(send_message(actor=member, to=to, body=body).id)


# Deleting


def test_a_deleted_message_leaves_its_place_and_who_deleted_it(lin: Member, kay: Member) -> None:
    one, two = say(lin, "#general", "One."), say(lin, "#general", "Two.")
    delete_message(actor=lin, message_id=one, reason="Wrong channel.")
    first, second = read(actor=kay, where="#general").items[-2:]
    assert (first.id, first.body, first.deleted_by) == (one, "", "lin")
    assert (first.deleted_reason, first.erased) == ("Wrong channel.", None)
    assert (second.id, second.seq) == (two, first.seq + 1)
    assert second.deleted_by is None


def test_a_deleted_text_is_shown_on_no_face(lin: Member, kay: Member, api: ApiOf) -> None:
    root = say(kay, "#general", "A thought.")
    one = say(lin, f"thread:{root}", "The zebra sleeps, @kay.")
    edit_message(actor=lin, message_id=one, body="The zebra sleeps well, @kay.")
    delete_message(actor=lin, message_id=one)
    client = api(kay)
    for path, query in (
        (f"messages/{one}/", {}),
        (f"messages/{one}/versions/", {}),
        ("messages/", {"where": "#general"}),
        ("messages/", {"where": f"thread:{root}"}),
        ("messages/", {"where": f"message:{one}"}),
        ("inbox/", {}),
        ("resume/", {}),
        ("search/", {"query": "zebra"}),
        ("events/", {"limit": 500}),
    ):
        assert b"zebra" not in client.get(path, **query).content.replace(b'"zebra"', b""), path


def test_search_fills_its_page_with_what_is_left(lin: Member) -> None:
    kept = [say(lin, "#general", f"zebra {number}") for number in range(4)]
    for number in range(4):
        delete_message(actor=lin, message_id=say(lin, "#general", f"zebra gone {number}"))
    assert [hit.id for hit in search_messages(actor=lin, query="zebra", limit=4).items] == kept[
        ::-1
    ]


def test_it_leaves_every_inbox_but_what_was_acknowledged_stays_a_fact(
    lin: Member, kay: Member, sam: Member
) -> None:
    one = say(lin, "#general", "@kay and @sam, look.")
    handled = check_inbox(actor=kay).items[0].delivery
    ack(actor=kay, deliveries=[handled])
    assert delete_message(actor=lin, message_id=one).withdrawn == 1
    assert check_inbox(actor=sam).items == []
    assert Delivery.objects.get(pk=handled).acknowledged_at is not None
    assert Delivery.objects.get(pk=handled).withdrawn_at is None
    event = Event.objects.get(kind="message.deleted")
    assert f"member-{sam.pk}" in event.topics
    assert f"message-{one}" in event.topics


def test_coming_back_does_not_bring_it_back(lin: Member, kay: Member, vault: Channel) -> None:
    one = say(lin, "#vault", "@kay, look.")
    leave_channel(actor=kay, channel="#vault")
    delete_message(actor=lin, message_id=one)
    invite_to_channel(actor=lin, channel="#vault", members=["kay"])
    assert check_inbox(actor=kay).items == []


def test_a_thread_goes_on_under_a_deleted_message(lin: Member, kay: Member) -> None:
    root = say(lin, "#general", "A thought.")
    say(kay, f"thread:{root}", "An answer.")
    delete_message(actor=lin, message_id=root)
    say(lin, f"thread:{root}", "And more.")
    items = read(actor=kay, where=f"thread:{root}").items
    assert [item.body for item in items] == ["", "An answer.", "And more."]
    assert items[0].reply_count == 2


def test_its_text_can_no_longer_be_edited_or_deleted_again(lin: Member) -> None:
    one = say(lin, "#general", "One.")
    delete_message(actor=lin, message_id=one)
    all_refused(
        Conflict,
        lambda: edit_message(actor=lin, message_id=one, body="Back."),
        lambda: delete_message(actor=lin, message_id=one),
        lambda: list_versions(actor=lin, message_id=one),
        match="was deleted by @lin",
    )
    assert show_message(actor=lin, message_id=one).body == ""


def test_a_dead_letter_of_a_deleted_message_is_not_sent_again(lin: Member, kay: Member) -> None:
    one = say(lin, "@kay", "Are you there?")
    assert bury(timezone.now() + UNFETCHED) == 1
    assert [letter.message for letter in list_dead_letters(actor=lin).items] == [one]
    delete_message(actor=lin, message_id=one)
    assert list_dead_letters(actor=lin).items == []
    with pytest.raises(NotFound):
        redeliver(actor=lin, delivery=Delivery.objects.get(message=one).pk)


# Who may


def test_others_may_not_and_admins_only_with_a_reason(
    lin: Member, kay: Member, ada: Member, owner: Member
) -> None:
    one, two = say(lin, "#general", "One."), say(lin, "#general", "Two.")
    with pytest.raises(Forbidden, match="only its author or an admin"):
        delete_message(actor=kay, message_id=one, reason="I say so.")
    with pytest.raises(InvalidInput, match="with a reason"):
        delete_message(actor=ada, message_id=one)
    delete_message(actor=ada, message_id=one, reason="Off topic.")
    delete_message(actor=owner, message_id=two, reason="A secret.", erase=True)
    shown = show_message(actor=kay, message_id=two)
    assert (shown.deleted_by, shown.deleted_reason, shown.erased) == ("owner", "A secret.", True)
    assert Event.objects.get(kind="message.deleted").data["reason"] == "Off topic."


def test_what_one_may_not_see_is_absent_for_admins_too(
    lin: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    one = say(lin, "#vault", "Hidden.")
    all_refused(
        NotFound,
        lambda: delete_message(actor=sam, message_id=one),
        lambda: delete_message(actor=ada, message_id=one, reason="x", erase=True),
        lambda: delete_message(actor=ada, message_id=10**9, reason="x", erase=True),
        match="There is no message",
    )


def test_rest_takes_the_arguments_in_the_address_or_in_a_body(
    lin: Member, ada: Member, api: ApiOf
) -> None:
    one, two, three = (say(lin, "#general", text) for text in ("One.", "Two.", "Three."))
    path = f"messages/{one}/?reason=Off%20topic.&erase=true&client_key=d1"
    first = api(ada).call("DELETE", path)
    assert (first.status, first.data["erased"]) == (200, True)
    assert api(ada).call("DELETE", path).data == first.data
    assert api(lin).call("DELETE", f"messages/{two}/", {"reason": "Mine."}).status == 200
    assert api(lin).call("DELETE", f"messages/{three}/").status == 200
    mixed = api(lin).call("DELETE", f"messages/{three}/?erase=true", {"reason": "Both."})
    assert mixed.status == 400


# Erasing


def test_an_erased_text_is_in_no_table_and_the_ledger_verifies(
    lin: Member, kay: Member, api: ApiOf
) -> None:
    sent = api(lin).post("messages/", to="#general", body="The zebrafinch, @kay.", client_key="k1")
    one = sent.data["id"]
    edited = api(lin).patch(f"messages/{one}/", body="The zebrafinch sings.", client_key="k2")
    assert edited.status == 200
    check_inbox(actor=kay)
    delete_message(actor=lin, message_id=one, erase=True)
    compact()
    assert "zebrafinch" not in everything_in_the_database()
    event = Event.objects.get(kind="message.erased")
    assert event.data["sha256"] == text_digest("The zebrafinch sings.")
    assert event.data["texts"] == 2
    assert verify_ledger().ok
    assert (
        api(lin)
        .post("messages/", to="#general", body="The zebrafinch, @kay.", client_key="k1")
        .data
        == sent.data
    )


def test_a_schedule_that_says_it_again_is_ended_first_and_forgets_it_too(
    lin: Member, api: ApiOf
) -> None:
    planned = timezone.now() + timedelta(minutes=1)
    made = api(lin).post(
        "schedules/",
        to="#general",
        body="The zebrafinch sings.",
        cron="* * * * *",
        client_key="s1",
    )
    assert made.status == 201
    assert run_due(planned + timedelta(minutes=1)) == 1
    one = Message.objects.latest("pk").pk
    with pytest.raises(Conflict, match="says the same again") as refused:
        delete_message(actor=lin, message_id=one, erase=True)
    assert f"cancel_schedule {made.data['id']}" in refused.value.next
    cancel_schedule.call(lin, {"schedule_id": made.data["id"], "client_key": "s2"})
    delete_message(actor=lin, message_id=one, erase=True)
    compact()
    assert "zebrafinch" not in everything_in_the_database()


def test_what_was_hidden_can_still_be_erased_but_only_once(lin: Member, ada: Member) -> None:
    one = say(lin, "#general", "A secret.")
    delete_message(actor=ada, message_id=one, reason="Off topic.")
    delete_message(actor=lin, message_id=one, erase=True)
    row = Message.objects.get(pk=one)
    assert (row.body, row.deleted_by, row.erased_at) == ("", lin, row.deleted_at)
    with pytest.raises(Conflict, match="was erased by @lin"):
        delete_message(actor=lin, message_id=one, erase=True)


def test_erasing_queues_its_cleaning_with_the_same_commit(lin: Member) -> None:
    one = say(lin, "#general", "A secret.")
    delete_message(actor=lin, message_id=one, erase=True)
    assert [job.func() for job in OrmQ.objects.all()] == ["messaging.jobs.forget_erased"]


@pytest.mark.skipif(connection.vendor != "sqlite", reason="looks into SQLite's files")
def test_an_erased_text_leaves_no_byte_in_the_files(transactional_db: None, owner: Member) -> None:
    from tests.conftest import agent

    lin = agent(owner, "lin")
    filler = "A line that is long enough to need pages of its own. " * 200
    for number in range(30):
        say(lin, "#general", f"{filler} before {number}")
    one = say(lin, "#general", f"The Zebrafinch of {filler}")
    edit_message(actor=lin, message_id=one, body=f"The second zebrafinch of {filler}")
    for number in range(30):
        say(lin, "#general", f"{filler} after {number}")
    assert bytes_with(b"ebrafinch")
    delete_message(actor=lin, message_id=one, erase=True)
    forget_erased()
    assert not bytes_with(b"ebrafinch")
    assert search_messages(actor=lin, query="zebrafinch").items == []
    assert len(search_messages(actor=lin, query="after").items) == 10


def bytes_with(word: bytes) -> bool:
    """Whether the database's files hold these bytes, as another process reads them: closing a file
    in this one would end SQLite's locks on it (sqlite.org/howtocorrupt.html, 2.2)."""
    path = Path(str(connection.settings_dict["NAME"]))
    files = [path, path.with_name(f"{path.name}-wal")]
    found = [subprocess.check_output(["cat", file]) for file in files if file.exists()]
    return any(word in content for content in found)
