"""Editing: the old text stays readable, nobody is told twice, and no edit is lost."""

from __future__ import annotations

import pytest

from audit.ledger import text_digest
from audit.models import Event
from messaging.models import Channel, Delivery, Message
from messaging.selectors import list_deliveries, list_versions, read, search_messages, show_message
from messaging.services import (
    ack,
    check_inbox,
    edit_message,
    leave_channel,
    send_message,
    set_notify,
    update_channel,
)
from messaging.texts import BODY_LIMIT
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import ApiOf, all_refused


def say(member: Member, to: str, body: str, **more: object) -> int:
    return int(send_message(actor=member, to=to, body=body, **more).id)  # type: ignore[arg-type]


def bodies(member: Member) -> list[str]:
    return [item.message.body for item in check_inbox(actor=member).items]


# The text


def test_everybody_reads_the_new_text_and_can_see_that_there_was_another(
    lin: Member, kay: Member
) -> None:
    one = say(lin, "#general", "Deploy at nine.")
    assert show_message(actor=kay, message_id=one).version is None
    edited = edit_message(actor=lin, message_id=one, body="Deploy at ten.")
    shown = read(actor=kay, where="#general").items[-1]
    assert (shown.body, shown.version) == ("Deploy at ten.", 2)
    assert shown.edited_at == edited.edited_at
    assert shown.seq == Message.objects.get(pk=one).seq


def test_earlier_texts_are_kept_with_their_times(lin: Member, kay: Member) -> None:
    one = say(lin, "#general", "One.")
    for text in ("Two.", "Three."):
        edit_message(actor=lin, message_id=one, body=text)
    texts = list_versions(actor=kay, message_id=one)
    assert [(text.version, text.body) for text in texts.items] == [
        (1, "One."),
        (2, "Two."),
        (3, "Three."),
    ]
    times = [text.written_at for text in texts.items]
    assert times == sorted(times)
    assert (texts.remaining, texts.cursor) == (0, None)


def test_texts_are_paged(lin: Member) -> None:
    one = say(lin, "#general", "1")
    for number in range(2, 8):
        edit_message(actor=lin, message_id=one, body=str(number))
    seen: list[str] = []
    after = 0
    while True:
        page = list_versions(actor=lin, message_id=one, limit=3, after=after)
        seen += [text.body for text in page.items]
        if page.cursor is None:
            break
        after = int(page.cursor)
        assert page.remaining == 7 - len(seen)
    assert seen == [str(number) for number in range(1, 8)]


def test_a_message_that_was_never_edited_has_one_text(lin: Member) -> None:
    one = say(lin, "#general", "Only this.")
    assert [text.body for text in list_versions(actor=lin, message_id=one).items] == ["Only this."]


def test_the_same_text_again_is_no_edit(lin: Member) -> None:
    one = say(lin, "#general", "Same.")
    head = Event.objects.latest("seq").seq
    assert edit_message(actor=lin, message_id=one, body="Same.").version == 1
    assert Event.objects.latest("seq").seq == head


def test_search_finds_the_new_text_and_no_longer_the_old_one(lin: Member) -> None:
    one = say(lin, "#general", "The zebra sleeps.")
    edit_message(actor=lin, message_id=one, body="The giraffe sleeps.")
    assert search_messages(actor=lin, query="zebra").items == []
    assert [hit.id for hit in search_messages(actor=lin, query="giraffe").items] == [one]


def test_the_ledger_holds_digests_of_both_texts_and_neither_text(lin: Member) -> None:
    one = say(lin, "#general", "The zebra sleeps.")
    edit_message(actor=lin, message_id=one, body="The giraffe sleeps.")
    event = Event.objects.latest("seq")
    assert event.kind == "message.edited"
    assert event.data["changed"]["sha256"] == [
        text_digest("The zebra sleeps."),
        text_digest("The giraffe sleeps."),
    ]
    channel = Channel.objects.get(name="general").pk
    assert {f"channel-{channel}", f"message-{one}"} <= set(event.topics)
    assert "sleeps" not in str(event.data)


# What is refused


def test_only_the_author_edits_also_not_an_admin(
    lin: Member, kay: Member, ada: Member, owner: Member
) -> None:
    one = say(lin, "#general", "Mine.")
    for other in (kay, ada, owner):
        with pytest.raises(Forbidden, match="only its author") as refused:
            edit_message(actor=other, message_id=one, body="Ours.")
        assert f"thread:{one}" in refused.value.next


def test_what_one_may_not_see_is_absent(lin: Member, sam: Member, vault: Channel) -> None:
    one = say(lin, "#vault", "Hidden.")
    all_refused(
        NotFound,
        lambda: edit_message(actor=sam, message_id=one, body="Seen."),
        lambda: list_versions(actor=sam, message_id=one),
        lambda: edit_message(actor=sam, message_id=10**9, body="Seen."),
        match="There is no message",
    )


def test_who_left_a_private_channel_no_longer_edits_there(
    lin: Member, kay: Member, vault: Channel
) -> None:
    one = say(kay, "#vault", "I was here.")
    leave_channel(actor=kay, channel="#vault")
    with pytest.raises(NotFound):
        edit_message(actor=kay, message_id=one, body="I was never here.")


@pytest.mark.parametrize("body", ["", " ", "\x00", "\u202e", "x" * (BODY_LIMIT + 1)])
def test_the_limits_of_sending_hold(lin: Member, body: str) -> None:
    one = say(lin, "#general", "Fine.")
    with pytest.raises(InvalidInput):
        edit_message.call(lin, {"message_id": one, "body": body})
    assert Message.objects.get(pk=one).body == "Fine."


def test_an_archived_channel_stays_as_it_is(lin: Member, ada: Member) -> None:
    from messaging.services import create_channel

    create_channel(actor=lin, name="old")
    one = say(lin, "#old", "Before.")
    update_channel(actor=lin, channel="#old", archived=True)
    with pytest.raises(Conflict, match="archived"):
        edit_message(actor=lin, message_id=one, body="After.")


def test_an_edit_of_an_old_version_is_refused_with_the_present_one(lin: Member) -> None:
    one = say(lin, "#general", "One.")
    edit_message(actor=lin, message_id=one, body="Two.", version=1)
    with pytest.raises(Conflict) as refused:
        edit_message(actor=lin, message_id=one, body="Zwei.", version=1)
    assert (refused.value.state["version"], refused.value.state["body"]) == (2, "Two.")
    assert "version=2" in refused.value.next
    assert edit_message(actor=lin, message_id=one, body="Zwei.", version=2).version == 3


def test_a_repeated_edit_with_its_key_is_one_edit(lin: Member, api: ApiOf) -> None:
    one = say(lin, "#general", "One.")
    call = {"body": "Two.", "version": 1, "client_key": "e1"}
    first = api(lin).patch(f"messages/{one}/", **call)
    assert (first.status, first.data["version"]) == (200, 2)
    assert api(lin).patch(f"messages/{one}/", **call).data == first.data
    assert Message.objects.get(pk=one).version == 2


# Whom it reaches


def test_who_is_named_newly_finds_it_and_others_are_not_told_again(
    lin: Member, kay: Member, sam: Member
) -> None:
    one = say(lin, "#general", "@kay, look.")
    assert bodies(kay) == ["@kay, look."]
    ack(actor=kay, deliveries=[Delivery.objects.get(recipient=kay).pk])
    edited = edit_message(actor=lin, message_id=one, body="@kay and @sam, look.")
    assert (edited.to, edited.withdrawn) == (["@sam"], [])
    assert bodies(sam) == ["@kay and @sam, look."]
    assert bodies(kay) == []
    delivery = Delivery.objects.get(recipient=sam)
    assert delivery.reason == "mention"
    assert delivery.stored_at == edited.edited_at
    topics = Event.objects.filter(kind="message.edited").get().topics
    assert f"inbox-{sam.pk}" in topics
    assert f"inbox-{kay.pk}" not in topics


def test_who_is_no_longer_named_keeps_what_was_offered(lin: Member, kay: Member) -> None:
    one = say(lin, "#general", "@kay, look.")
    assert bodies(kay) == ["@kay, look."]
    edited = edit_message(actor=lin, message_id=one, body="Nobody, look.")
    assert edited.withdrawn == []
    assert bodies(kay) == ["Nobody, look."]


def test_who_is_no_longer_named_and_was_never_offered_it_is_spared(
    lin: Member, kay: Member
) -> None:
    one = say(lin, "#general", "@kay, look.")
    edited = edit_message(actor=lin, message_id=one, body="Nobody, look.")
    assert edited.withdrawn == ["@kay"]
    assert bodies(kay) == []
    (fact,) = list_deliveries(actor=lin, message_id=one).items
    assert (fact.recipient, fact.withdrawn_reason) == ("kay", "edited")
    assert fact.withdrawn_at == edited.edited_at
    assert Event.objects.filter(kind="message.edited").get().data["withdrawn"] == [kay.pk]


def test_who_is_named_again_finds_it_again_under_the_same_delivery(
    lin: Member, kay: Member
) -> None:
    one = say(lin, "#general", "@kay, look.")
    first = Delivery.objects.get(recipient=kay).pk
    edit_message(actor=lin, message_id=one, body="Look.")
    assert edit_message(actor=lin, message_id=one, body="Look, @kay.").to == ["@kay"]
    assert [item.delivery for item in check_inbox(actor=kay).items] == [first]


def test_leaving_and_coming_back_does_not_bring_back_what_an_edit_took_away(
    lin: Member, kay: Member, vault: Channel
) -> None:
    from messaging.services import invite_to_channel

    one = say(lin, "#vault", "@kay, look.")
    two = say(lin, "#vault", "@kay, see.")
    edit_message(actor=lin, message_id=one, body="Look.")
    leave_channel(actor=kay, channel="#vault")
    assert bodies(kay) == []
    invite_to_channel(actor=lin, channel="#vault", members=["kay"])
    assert [item.message.id for item in check_inbox(actor=kay).items] == [two]


def test_who_hears_everything_there_keeps_it_for_that_reason(lin: Member, kay: Member) -> None:
    set_notify(actor=kay, channel="#general", notify="all")
    one = say(lin, "#general", "@kay, look.")
    assert edit_message(actor=lin, message_id=one, body="Look.").withdrawn == []
    (item,) = check_inbox(actor=kay).items
    assert (item.reason, item.message.body) == ("watching", "Look.")


def test_a_direct_message_stays_for_whom_it_was(lin: Member, kay: Member) -> None:
    one = say(lin, "@kay", "Hello @kay.")
    edited = edit_message(actor=lin, message_id=one, body="Hello.")
    assert (edited.to, edited.withdrawn) == ([], [])
    (item,) = check_inbox(actor=kay).items
    assert (item.reason, item.message.body) == ("direct", "Hello.")


def test_a_group_that_stays_named_brings_in_nobody_who_came_later(
    owner: Member, lin: Member, kay: Member
) -> None:
    from tests.conftest import agent

    one = say(lin, "#general", "@channel: lunch.")
    late = agent(owner, "late")
    edit_message(actor=lin, message_id=one, body="@channel: lunch at one.")
    assert bodies(late) == []


def test_outsiders_and_unknown_names_are_told_to_the_author(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    one = say(lin, "#vault", "Look.")
    edited = edit_message(actor=lin, message_id=one, body="@sam and @ghost, look.")
    assert (edited.to, edited.outsiders, edited.unknown) == ([], ["@sam"], ["@ghost"])
    assert bodies(sam) == []


def test_who_is_named_newly_in_a_thread_follows_it(lin: Member, kay: Member, sam: Member) -> None:
    root = say(lin, "#general", "A thought.")
    reply = say(kay, f"thread:{root}", "And?")
    edited = edit_message(actor=kay, message_id=reply, body="And @sam?")
    assert edited.where == f"thread:{root}"
    assert edited.to == ["@sam"]
    assert "@sam" in send_message(actor=lin, to=f"thread:{root}", body="Well.").to
