"""One send, whatever the target: receipts, refusals that help, threads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from audit.models import Event
from messaging.models import Channel, Delivery, Follow, Membership, Message
from messaging.selectors import read, show_message
from messaging.services import (
    create_channel,
    leave_channel,
    send_message,
    update_channel,
)
from orgchart.models import Member
from orgchart.services import retire_member, update_member
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from tests.clocks import frozen
from tests.conftest import ApiOf, agent
from tests.databases import everything_in_the_database


def send(actor: Member, to: str, body: str = "Hello.", **more: Any) -> Any:
    return send_message.call(actor, {"to": to, "body": body, **more})


# Targets


def test_a_message_to_a_channel_is_stored_with_its_author_kind_and_face(
    lin: Member, kay: Member
) -> None:
    with calling(CallContext("mcp")):
        receipt = send(lin, "#general", "Hello, **world**.", priority="later", expects_reply=True)
    assert receipt.model_dump() == {
        "id": receipt.id,
        "where": "#general",
        "seq": 1,
        "state": "stored",
        "to": [],
        "outsiders": [],
        "unknown": [],
    }
    message = Message.objects.get()
    assert (message.pk, message.author, message.author_kind) == (receipt.id, lin, "agent")
    assert (message.face, message.body) == ("mcp", "Hello, **world**.")
    assert (message.priority, message.expects_reply) == ("later", True)
    assert not Delivery.objects.exists()


@pytest.mark.parametrize("to", ["#general", "#GENERAL", " #general "])
def test_a_channel_is_named_in_any_case(lin: Member, to: str) -> None:
    assert send(lin, to).where == "#general"


def test_a_direct_message_opens_a_conversation_of_exactly_those(
    lin: Member, kay: Member, sam: Member
) -> None:
    receipt = send(lin, "@kay")
    assert (receipt.where, receipt.to, receipt.seq) == ("@kay", ["@kay"], 1)
    channel = Channel.objects.get(kind="direct")
    members = channel.memberships.order_by("member__handle")
    assert [row.member.handle for row in members] == ["kay", "lin"]
    delivery = Delivery.objects.get()
    assert (delivery.recipient, delivery.reason, delivery.rank) == (kay, "direct", 1)
    answer = send(kay, "@lin")
    assert (answer.where, answer.seq) == ("@lin", 2)
    assert Channel.objects.filter(kind="direct").count() == 1


@pytest.mark.parametrize("to", ["@kay,@sam", "@sam, @kay", "@sam,kay,@sam,@lin", " @kay , @sam "])
def test_a_small_group_is_one_conversation_however_it_is_named(
    lin: Member, kay: Member, sam: Member, to: str
) -> None:
    send(sam, "@lin,@kay")
    receipt = send(lin, to)
    assert (receipt.where, receipt.seq) == ("@kay,@sam", 2)
    assert sorted(receipt.to) == ["@kay", "@sam"]
    assert Channel.objects.filter(kind="direct").count() == 1
    assert send(lin, "@kay").seq == 1  # the two alone are another conversation


def test_a_group_of_ten_is_the_largest(lin: Member, owner: Member) -> None:
    names = [agent(owner, f"bot-{letter}").handle for letter in "abcdefghjk"]
    to = ",".join(f"@{name}" for name in names)
    with pytest.raises(InvalidInput, match="at most 10 members"):
        send(lin, to)
    assert not Channel.objects.filter(kind="direct").exists()
    assert len(send(lin, to.rpartition(",")[0]).to) == 9


def test_writing_in_a_public_channel_joins_it(ada: Member, lin: Member) -> None:
    create_channel(actor=ada, name="plans")
    send(ada, "#plans", "One.")
    send(lin, "#plans", "Two.")
    membership = Membership.objects.get(channel__name="plans", member=lin)
    assert membership.read_seq == 2
    kinds = Event.objects.order_by("-seq").values_list("kind", flat=True)[:2]
    assert list(kinds) == ["message.sent", "channel.joined"]


def test_ones_own_message_is_read_but_nothing_before_it(lin: Member, kay: Member) -> None:
    send(lin, "#general")
    assert Membership.objects.get(channel__name="general", member=lin).read_seq == 1
    send(kay, "#general")
    assert Membership.objects.get(channel__name="general", member=kay).read_seq == 0
    send(lin, "#general")
    assert Membership.objects.get(channel__name="general", member=lin).read_seq == 1


# Refusals, and what they advise


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ("", "body"),
        (" \n\t ", "body"),
        ("\u200b\u2060", "body"),
        ("x" * 20_001, "body"),
        ("a\x00b", "body"),
        ("a\x1b[31mb", "body"),
        ("a\u202eb", "body"),
        ("a\ud800b", "body"),
        (7, "body"),
        (None, "body"),
        (["a"], "body"),
    ],
)
def test_what_is_no_text_is_no_message(lin: Member, body: Any, field: str) -> None:
    before = everything_in_the_database()
    with pytest.raises(InvalidInput) as refused:
        send(lin, "#general", body)
    assert list(refused.value.state["fields"]) == [field]
    assert everything_in_the_database() == before


@pytest.mark.parametrize(
    "body", ["x" * 20_000, "日" * 20_000, "👩🏽‍🚀", "a\r\nb", "\t", "  x  "[1:]]
)
def test_what_is_text_is_kept_as_it_is(lin: Member, body: str) -> None:
    if not body.strip():
        return
    send(lin, "#general", body)
    assert Message.objects.get().body == body.replace("\r\n", "\n")


@pytest.mark.parametrize(
    ("to", "error", "advice"),
    [
        ("#genral", NotFound, "Did you mean #general?"),
        ("#ka", NotFound, "list_channels"),
        ("#kay", NotFound, "@kay is a member: write to '@kay'."),
        ("@kai", NotFound, "Did you mean @kay?"),
        ("@Kayy", NotFound, "Did you mean @kay?"),
        ("@zzz", NotFound, "find_people"),
        ("@", NotFound, "find_people"),
        ("@kay,@zzz", NotFound, "find_people"),
        ("@lin", InvalidInput, "such as '@lin'"),
        ("general", InvalidInput, "Write '#general'"),
        ("kay", InvalidInput, "Write '@kay'"),
        ("17", InvalidInput, "Write 'thread:17'"),
        ("skill:python", NotFound, "find_people"),
        ("channel:1", InvalidInput, "'#channel', '@name'"),
        ("message:1", InvalidInput, "'#channel', '@name'"),
        ("thread:999999", NotFound, "check_inbox, read and search"),
        ("thread:", NotFound, "check_inbox, read and search"),
        ("thread:x", NotFound, "check_inbox, read and search"),
        ("thread:-1", NotFound, "check_inbox, read and search"),
        ("thread:" + "9" * 60, NotFound, "check_inbox, read and search"),
        ("#\x00", NotFound, "list_channels"),
        ("@a\x00", NotFound, "find_people"),
        ("#' OR 1=1 --", NotFound, "list_channels"),
        ("", InvalidInput, "these arguments only"),
        ("   ", InvalidInput, "'#channel', '@name'"),
        ("#" + "x" * 400, InvalidInput, "these arguments only"),
    ],
)
def test_a_wrong_target_is_refused_with_one_that_works(
    lin: Member, kay: Member, rex: Member, to: str, error: type[AppError], advice: str
) -> None:
    before = everything_in_the_database()
    with pytest.raises(error) as refused:
        send(lin, to)
    assert advice in refused.value.next
    assert everything_in_the_database() == before


@pytest.mark.parametrize("to", ["#genral", "@kai"])
def test_the_target_that_a_refusal_suggests_works(lin: Member, kay: Member, to: str) -> None:
    with pytest.raises(NotFound) as refused:
        send(lin, to)
    (near,) = refused.value.state["near"]
    assert send(lin, near).state == "stored"


def test_a_private_channel_is_suggested_to_nobody_outside_it(
    sam: Member, lin: Member, vault: Channel
) -> None:
    for to in ("#vault", "#vualt", "vault"):
        with pytest.raises(AppError) as refused:
            send(sam, to)
        said = f"{refused.value.next} {refused.value.state.get('near')}"
        assert "vault" not in said
    with pytest.raises(NotFound) as refused:
        send(lin, "#vualt")
    assert refused.value.state["near"] == ["#vault"]


def test_an_archived_channel_can_be_read_and_not_written_in(lin: Member) -> None:
    create_channel(actor=lin, name="plans")
    root = send(lin, "#plans").id
    update_channel(actor=lin, channel="#plans", archived=True)
    before = everything_in_the_database()
    for to in ("#plans", f"thread:{root}"):
        with pytest.raises(Conflict, match="#plans is archived"):
            send(lin, to)
    assert everything_in_the_database() == before
    assert [message.id for message in read(actor=lin, where="#plans").items] == [root]


def test_only_people_and_admins_interrupt(lin: Member, owner: Member, ada: Member) -> None:
    with pytest.raises(Forbidden, match="'now' interrupts"):
        send(lin, "#general", priority="now")
    assert not Message.objects.exists()
    assert send(ada, "@lin", priority="now").state == "stored"
    assert Delivery.objects.get().rank == 0
    update_member(actor=owner, member="lin", authority="admin")
    lin.refresh_from_db()
    assert send(lin, "#general", priority="now").state == "stored"


@pytest.mark.parametrize("name", ["from", "actor", "agent", "author", "sender", "as", "user"])
def test_nobody_says_who_they_are(lin: Member, kay: Member, api: ApiOf, name: str) -> None:
    answer = api(lin).post("messages/", to="#general", body="I am Kay.", **{name: "kay"})
    assert answer.status == 400
    assert answer.data["state"]["fields"] == {name: "unknown argument"}
    assert not Message.objects.exists()


# Threads


def test_a_reply_belongs_to_its_thread_and_counts(lin: Member, kay: Member) -> None:
    root = send(lin, "#general").id
    receipt = send(kay, f"thread:{root}", "Yes.")
    assert (receipt.where, receipt.seq, receipt.to) == (f"thread:{root}", 2, ["@lin"])
    assert Delivery.objects.get().reason == "reply"
    shown = show_message(actor=lin, message_id=root)
    assert (shown.reply_count, shown.thread) == (1, None)
    assert show_message(actor=lin, message_id=receipt.id).thread == root


def test_a_reply_to_a_reply_lands_in_the_same_thread(lin: Member, kay: Member) -> None:
    root = send(lin, "#general").id
    reply = send(kay, f"thread:{root}").id
    receipt = send(lin, f"thread:{reply}")
    assert receipt.where == f"thread:{root}"
    assert Message.objects.get(pk=root).reply_count == 2
    assert Message.objects.get(pk=reply).reply_count == 0


def test_those_who_spoke_in_a_thread_hear_the_next_reply_once_each(
    lin: Member, kay: Member, sam: Member
) -> None:
    root = send(lin, "#general").id
    send(kay, f"thread:{root}")
    receipt = send(sam, f"thread:{root}")
    assert sorted(receipt.to) == ["@kay", "@lin"]
    assert Follow.objects.filter(thread=root).count() == 3


def test_a_reply_from_outside_joins_the_public_channel(ada: Member, lin: Member) -> None:
    create_channel(actor=ada, name="plans")
    root = send(ada, "#plans").id
    receipt = send(lin, f"thread:{root}")
    membership = Membership.objects.get(channel__name="plans", member=lin)
    assert membership.read_seq == receipt.seq == 2


def test_a_thread_in_a_private_place_is_hidden_from_outsiders(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    for root in (send(lin, "#vault").id, send(lin, "@kay").id):
        before = everything_in_the_database()
        with pytest.raises(NotFound) as hidden:
            send(sam, f"thread:{root}")
        assert hidden.value.message == f"There is no thread:{root}."
        assert everything_in_the_database() == before


def test_who_left_a_private_channel_cannot_answer_its_threads(
    lin: Member, kay: Member, vault: Channel
) -> None:
    root = send(lin, "#vault").id
    leave_channel(actor=kay, channel="#vault")
    with pytest.raises(NotFound):
        send(kay, f"thread:{root}")
    assert Message.objects.count() == 1


def test_every_reader_sees_the_same_order(lin: Member, kay: Member, sam: Member) -> None:
    for number in range(6):
        send([lin, kay, sam][number % 3], "#general", str(number))
    orders = {
        tuple((m.seq, m.body) for m in read(actor=member, where="#general").items)
        for member in (lin, kay, sam)
    }
    assert orders == {tuple((n + 1, str(n)) for n in range(6))}


def test_a_time_is_kept_to_the_microsecond(lin: Member) -> None:
    for at in (
        datetime(2026, 11, 22, 9, 30, 15, 7, tzinfo=UTC),
        datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC),
    ):
        with frozen(at):
            receipt = send(lin, "#general")
        assert Message.objects.get(pk=receipt.id).created_at == at
        assert show_message(actor=lin, message_id=receipt.id).created_at == at


def test_writing_to_who_has_retired_is_stored_and_says_so_whatever_the_way(
    owner: Member, lin: Member, kay: Member
) -> None:
    alone = send_message(actor=lin, to="@kay", body="Still there?")
    together = send_message(actor=lin, to="@kay,@owner", body="Both?")
    retire_member(actor=owner, member="kay")
    open_before = Delivery.objects.filter(recipient=kay).count()
    for to, reached in (
        ("@kay", ["@kay (retired)"]),
        (f"thread:{alone.id}", ["@kay (retired)"]),
        ("@kay,@owner", ["@kay (retired)", "@owner"]),
        (f"thread:{together.id}", ["@kay (retired)", "@owner"]),
    ):
        receipt = send_message(actor=lin, to=to, body="Hello, @kay.")
        assert (receipt.state, sorted(receipt.to)) == ("stored", reached)
    assert read(actor=lin, where="@kay").items[-1].body == "Hello, @kay."
    assert Delivery.objects.filter(recipient=kay).count() == open_before


def test_a_conversation_can_begin_with_who_has_retired(lin: Member, rex: Member) -> None:
    assert send_message(actor=lin, to="@rex", body="For the file.").to == ["@rex (retired)"]
