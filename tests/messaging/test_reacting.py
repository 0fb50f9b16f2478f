"""Reactions: one emoji counts once, wakes nobody, and acknowledges only where that was asked."""

from __future__ import annotations

import pytest

from audit.models import Event
from messaging.models import Channel, Delivery, Message, Reaction
from messaging.selectors import read, show_message
from messaging.services import (
    ack,
    add_reaction,
    check_inbox,
    create_channel,
    delete_message,
    remove_reaction,
    send_message,
    update_channel,
)
from orgchart.models import Member
from orgchart.services import update_member
from teammcp.core.errors import Conflict, InvalidInput, NotFound
from tests.conftest import ApiOf, agent, all_refused
from tests.messaging.test_queries import queries


def say(member: Member, to: str, body: str, *, asks: bool = False) -> int:
    return int(send_message(actor=member, to=to, body=body, expects_reply=asks).id)


@pytest.fixture
def one(lin: Member) -> int:
    return say(lin, "#general", "Deploy is green.")


def test_reactions_are_shown_in_groups_with_who(
    lin: Member, kay: Member, sam: Member, one: int
) -> None:
    for member in (kay, sam):
        add_reaction(actor=member, message_id=one, emoji="🎉")
    answer = add_reaction(actor=lin, message_id=one, emoji="👀")
    assert answer.reactions == {"🎉": ["kay", "sam"], "👀": ["lin"]}
    assert read(actor=lin, where="#general").items[-1].reactions == answer.reactions
    assert show_message(actor=sam, message_id=one).reactions == {
        "🎉": ["sam", "kay"],
        "👀": ["lin"],
    }


def test_the_same_emoji_of_the_same_member_counts_once(kay: Member, one: int) -> None:
    for spelling in ("❤️", "❤", ":red_heart:", " ❤️ "):
        answer = add_reaction(actor=kay, message_id=one, emoji=spelling)
    assert answer.reactions == {"❤️": ["kay"]}
    assert Event.objects.filter(kind="message.reacted").count() == 1
    assert Message.objects.get(pk=one).reaction_count == 1


def test_a_reaction_is_taken_back_once(kay: Member, one: int) -> None:
    add_reaction(actor=kay, message_id=one, emoji="👍")
    for _ in range(2):
        assert remove_reaction(actor=kay, message_id=one, emoji="👍").reactions == {}
    assert Message.objects.get(pk=one).reaction_count == 0
    assert show_message(actor=kay, message_id=one).reactions is None
    assert Event.objects.filter(kind="message.unreacted").count() == 1


def test_nobody_takes_back_the_reaction_of_others(kay: Member, sam: Member, one: int) -> None:
    add_reaction(actor=kay, message_id=one, emoji="👍")
    assert remove_reaction(actor=sam, message_id=one, emoji="👍").reactions == {"👍": ["kay"]}


@pytest.mark.parametrize(
    ("emoji", "full"),
    [(":thumbsup:", "👍"), (":+1:", "👍"), (":white_check_mark:", "✅"),
     ("👍🏽", "👍🏽"), ("🇫🇷", "🇫🇷"),
     ("👩‍💻", "👩‍💻"), ("1️⃣", "1️⃣"), ("☑", "☑️")],
)  # fmt: skip
def test_every_emoji_will_do_in_its_full_spelling(
    kay: Member, one: int, emoji: str, full: str
) -> None:
    assert list(add_reaction(actor=kay, message_id=one, emoji=emoji).reactions) == [full]


@pytest.mark.parametrize(
    ("emoji", "why"),
    [("fine", "no emoji"), ("1", "no emoji"), (":nothing_like_it:", "no emoji"), (" ", "no emoji"),
     ("<b>", "no emoji"), ("👍👍", "more than one"), ("👍 ✅", "more than one"),
     ("👍!", "no emoji"),
     ("\u200d", "no emoji"), ("\ufe0f", "no emoji")],
)  # fmt: skip
def test_what_is_not_one_emoji_is_refused(kay: Member, one: int, emoji: str, why: str) -> None:
    with pytest.raises(InvalidInput, match=why) as refused:
        add_reaction(actor=kay, message_id=one, emoji=emoji)
    assert ":thumbsup:" in refused.value.next
    assert not Reaction.objects.exists()


def test_what_one_may_not_see_is_absent(
    lin: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    hidden = say(lin, "#vault", "Hidden.")
    all_refused(
        NotFound,
        lambda: add_reaction(actor=sam, message_id=hidden, emoji="👍"),
        lambda: remove_reaction(actor=ada, message_id=hidden, emoji="👍"),
        lambda: add_reaction(actor=sam, message_id=10**9, emoji="👍"),
        match="There is no message",
    )


def test_archived_and_deleted_messages_take_no_reactions(
    lin: Member, kay: Member, one: int
) -> None:
    create_channel(actor=lin, name="old")
    old = say(lin, "#old", "Before.")
    add_reaction(actor=kay, message_id=one, emoji="👍")
    update_channel(actor=lin, channel="#old", archived=True)
    delete_message(actor=lin, message_id=one)
    for message in (old, one):
        with pytest.raises(Conflict, match=r"archived|deleted"):
            add_reaction(actor=kay, message_id=message, emoji="👍")
    assert show_message(actor=kay, message_id=one).reactions is None


def test_there_is_a_limit_to_different_emoji(lin: Member, kay: Member, one: int) -> None:
    for code in range(0x1F600, 0x1F614):
        add_reaction(actor=kay, message_id=one, emoji=chr(code))
    with pytest.raises(Conflict, match="20 different"):
        add_reaction(actor=lin, message_id=one, emoji="👍")
    assert add_reaction(actor=lin, message_id=one, emoji="😀").reactions["😀"] == ["lin", "kay"]


def test_of_many_who_react_alike_some_are_named_and_oneself_always(
    owner: Member, lin: Member, one: int
) -> None:
    bots = [agent(owner, f"bot-{number:02}") for number in range(25)]
    for bot in bots:
        add_reaction(actor=bot, message_id=one, emoji="👍")
    shown = show_message(actor=bots[-1], message_id=one).reactions
    assert shown is not None
    assert shown["👍"][0] == "bot-24"
    assert (len(shown["👍"]), shown["👍"][-1]) == (21, "+5")


# What it does not do


def test_a_reaction_brings_nothing_into_an_inbox_and_wakes_nobody(
    lin: Member, kay: Member, one: int
) -> None:
    add_reaction(actor=kay, message_id=one, emoji="👍")
    assert check_inbox(actor=lin).items == []
    assert not Delivery.objects.exists()
    assert not [topic for topic in Event.objects.latest("seq").topics if topic.startswith("inbox-")]


def test_a_reaction_acknowledges_nothing_where_no_answer_was_asked_for(
    lin: Member, kay: Member
) -> None:
    told = say(lin, "@kay", "For your information.")
    assert add_reaction(actor=kay, message_id=told, emoji="✅").acknowledged is None
    assert Delivery.objects.get().acknowledged_at is None


def test_another_emoji_acknowledges_nothing(lin: Member, kay: Member) -> None:
    asked = say(lin, "@kay", "Please confirm.", asks=True)
    for emoji in ("👀", "🎉", "👎", "✔️"):
        assert add_reaction(actor=kay, message_id=asked, emoji=emoji).acknowledged is None
    assert Delivery.objects.get().acknowledged_at is None


# What it does where it was asked for


@pytest.mark.parametrize("emoji", ["✅", "👍", "👍🏿", ":+1:"])
def test_a_recipient_closes_what_asked_for_an_answer(lin: Member, kay: Member, emoji: str) -> None:
    asked = say(lin, "@kay", "Please confirm.", asks=True)
    delivery = check_inbox(actor=kay).items[0].delivery
    assert add_reaction(actor=kay, message_id=asked, emoji=emoji).acknowledged == delivery
    assert check_inbox(actor=kay).items == []
    event = Event.objects.get(kind="inbox.acknowledged")
    assert (event.actor_id, event.data["deliveries"]) == (kay.pk, [delivery])
    when = Delivery.objects.get().acknowledged_at
    remove_reaction(actor=kay, message_id=asked, emoji=emoji)
    assert ack(actor=kay, deliveries=[delivery]).already == {str(delivery): when}


def test_it_closes_only_ones_own(lin: Member, kay: Member, sam: Member) -> None:
    asked = say(lin, "#general", "@kay and @sam, please confirm.", asks=True)
    assert add_reaction(actor=lin, message_id=asked, emoji="✅").acknowledged is None
    assert add_reaction(actor=kay, message_id=asked, emoji="✅").acknowledged is not None
    assert len(check_inbox(actor=sam).items) == 1


# Faces


def test_over_rest(kay: Member, api: ApiOf, one: int) -> None:
    path = f"messages/{one}/reactions/"
    added = api(kay).post(path, emoji="👍", client_key="r1")
    assert (added.status, added.data["reactions"]) == (200, {"👍": ["kay"]})
    assert api(kay).call("DELETE", f"{path}?emoji=%F0%9F%91%8D").data["reactions"] == {}
    assert api(kay).call("DELETE", path, {"emoji": "👍"}).status == 200
    assert api(kay).call("DELETE", path).status == 400


def test_a_renamed_member_reacts_under_the_present_name(
    owner: Member, kay: Member, one: int
) -> None:
    add_reaction(actor=kay, message_id=one, emoji="👍")
    update_member(actor=owner, member="kay", handle="kim")
    assert show_message(actor=owner, message_id=one).reactions == {"👍": ["kim"]}


def test_a_page_costs_one_query_more_however_many_reactions_there_are(
    lin: Member, kay: Member, sam: Member, one: int
) -> None:
    plain = queries(lambda: read(actor=lin, where="#general"))
    add_reaction(actor=kay, message_id=one, emoji="👍")
    first = queries(lambda: read(actor=lin, where="#general"))
    for number in range(5):
        more = say(lin, "#general", f"Deploy {number} is green.")
        for member in (kay, sam):
            for emoji in ("👍", "🎉"):
                add_reaction(actor=member, message_id=more, emoji=emoji)
    assert first == queries(lambda: read(actor=lin, where="#general")) == plain + 1
