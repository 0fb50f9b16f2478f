"""Threads: who follows them, and what a long one comes down to."""

from __future__ import annotations

import pytest

from audit.models import Event
from messaging.budget import shorten, tokens_in
from messaging.models import Channel, Message
from messaging.responses import Cited, ThreadSummary
from messaging.selectors import summarise_thread
from messaging.services import (
    add_reaction,
    create_channel,
    delete_message,
    follow_thread,
    pin_message,
    send_message,
    unfollow_thread,
)
from orgchart.models import Member
from teammcp.core.errors import Conflict, NotFound
from tests.conftest import ApiOf, all_refused
from tests.messaging.test_queries import queries


def say(member: Member, to: str, body: str, *, asks: bool = False) -> int:
    return int(send_message(actor=member, to=to, body=body, expects_reply=asks).id)


@pytest.fixture
def root(lin: Member) -> int:
    return say(lin, "#general", "Which database do we take?")


# Following


def test_who_follows_hears_the_replies_and_who_leaves_does_not(
    lin: Member, kay: Member, sam: Member, root: int
) -> None:
    assert follow_thread(actor=sam, thread=root).following
    assert sorted(send_message(actor=kay, to=f"thread:{root}", body="SQLite.").to) == [
        "@lin",
        "@sam",
    ]
    unfollow_thread(actor=sam, thread=root)
    assert send_message(actor=kay, to=f"thread:{root}", body="Or not.").to == ["@lin"]
    kinds = [event.kind for event in Event.objects.filter(kind__startswith="thread.")]
    assert kinds == ["thread.followed", "thread.unfollowed"]
    assert Event.objects.filter(kind="thread.followed").get().topics == [f"member-{sam.pk}"]


def test_an_author_who_left_is_not_brought_back_by_the_replies_of_others(
    lin: Member, kay: Member, root: int
) -> None:
    say(kay, f"thread:{root}", "SQLite.")
    unfollow_thread(actor=lin, thread=root)
    assert send_message(actor=kay, to=f"thread:{root}", body="Really.").to == []
    assert send_message(actor=kay, to=f"thread:{root}", body="@lin?").to == ["@lin"]
    say(lin, f"thread:{root}", "I am back.")
    assert send_message(actor=kay, to=f"thread:{root}", body="Good.").to == ["@lin"]


def test_any_message_of_a_thread_stands_for_it_and_twice_is_once(
    lin: Member, kay: Member, sam: Member, root: int
) -> None:
    reply = say(kay, f"thread:{root}", "SQLite.")
    for message in (reply, root):
        assert follow_thread(actor=sam, thread=message).thread == root
    for message in (reply, root):
        assert not unfollow_thread(actor=sam, thread=message).following
    assert Event.objects.filter(kind__startswith="thread.").count() == 2


def test_following_needs_a_seat_in_the_channel(
    lin: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    create_channel(actor=lin, name="plans")
    public, hidden = say(lin, "#plans", "A plan."), say(lin, "#vault", "Hidden.")
    with pytest.raises(Conflict, match="You are not in #plans"):
        follow_thread(actor=sam, thread=public)
    all_refused(
        NotFound,
        lambda: follow_thread(actor=sam, thread=hidden),
        lambda: unfollow_thread(actor=ada, thread=hidden),
        lambda: summarise_thread(actor=ada, thread=hidden),
        lambda: summarise_thread(actor=ada, thread=10**9),
        match="There is no message",
    )


def test_a_reply_stays_in_the_channel_of_its_thread(
    lin: Member, kay: Member, vault: Channel
) -> None:
    hidden = say(lin, "#vault", "Hidden.")
    reply = say(kay, f"thread:{hidden}", "I see.")
    assert Message.objects.get(pk=reply).channel == vault


# In short


def test_an_extract_has_opening_decisions_open_questions_and_the_last_ones(
    lin: Member, kay: Member, sam: Member, root: int
) -> None:
    where = f"thread:{root}"
    said = say(kay, where, "Decision: SQLite.")
    marked = say(sam, where, "We ship on Friday.")
    add_reaction(actor=lin, message_id=marked, emoji="✅")
    pinned = say(sam, where, "The list of servers.")
    pin_message(actor=lin, message_id=pinned)
    answered = say(kay, where, "@sam, who writes the notes?", asks=True)
    say(sam, where, "I do.")
    still = say(kay, where, "@lin, and who tests?", asks=True)
    say(sam, where, "Good question.")
    for number in range(6):
        last = say(sam, where, f"Remark {number}.")
    found = summarise_thread(actor=lin, thread=last, last=2)
    assert (found.thread, found.channel, found.replies) == (root, "#general", 13)
    assert found.people == ["sam", "kay", "lin"]
    assert found.opening.body == "Which database do we take?"
    assert ids(found.decisions) == [said, marked, pinned]
    assert ids(found.open_questions) == [still]
    assert answered not in ids(found.open_questions)
    assert [cited.body for cited in found.latest] == ["Remark 4.", "Remark 5."]
    assert found.left_out == 14 - 7


def ids(cited: list[Cited]) -> list[int]:
    return [one.id for one in cited]


def test_a_question_to_nobody_is_open_until_somebody_else_writes(
    lin: Member, kay: Member, root: int
) -> None:
    asked = say(lin, f"thread:{root}", "Anybody?", asks=True)
    say(lin, f"thread:{root}", "Hello?")
    found = summarise_thread(actor=kay, thread=root)
    assert ids(found.open_questions) == [asked]
    assert [cited.body for cited in found.latest] == ["Hello?"]
    say(kay, f"thread:{root}", "Yes.")
    assert summarise_thread(actor=kay, thread=root).open_questions == []


def test_deleted_messages_are_not_quoted(lin: Member, kay: Member, root: int) -> None:
    gone = say(kay, f"thread:{root}", "Decision: zebras.")
    asked = say(kay, f"thread:{root}", "Zebras?", asks=True)
    for message in (gone, asked, root):
        delete_message(actor=kay if message != root else lin, message_id=message)
    found = summarise_thread(actor=kay, thread=root)
    assert (found.decisions, found.open_questions, found.latest) == ([], [], [])
    assert found.opening.body == ""


@pytest.mark.parametrize("budget", [200, 500, 1_500, 6_000])
def test_it_stays_within_its_budget_however_long_the_thread(
    lin: Member, kay: Member, budget: int
) -> None:
    long = "A long line of words that goes on. " * 60
    root = say(lin, "#general", long)
    for number in range(12):
        say(kay, f"thread:{root}", f"Decision: {number} {long}")
        say(kay, f"thread:{root}", f"@lin, {number} {long}", asks=True)
    found = summarise_thread(actor=lin, thread=root, max_tokens=budget)
    assert spent(found) <= budget * 1.1
    assert bool(found.opening.cut) is (budget < 6_000)
    if budget > 200:
        assert found.decisions
        assert found.open_questions


def spent(found: ThreadSummary) -> int:
    parts = [[found.opening], found.decisions, found.open_questions, found.latest]
    return sum(20 + tokens_in(one.body) for part in parts for one in part)


def test_a_text_is_shortened_after_a_word() -> None:
    assert shorten("short", 10) == "short"
    assert shorten("one two three four five six seven", 4) == "one two three…"
    assert shorten("x" * 100, 5) == "x" * 20 + "…"
    assert shorten("汉字" * 20, 5) == "汉字汉字汉…"


def test_it_costs_the_same_for_a_short_and_for_a_long_thread(
    lin: Member, kay: Member, root: int
) -> None:
    say(kay, f"thread:{root}", "SQLite.")
    small = queries(lambda: summarise_thread(actor=lin, thread=root))
    for number in range(12):
        say(kay, f"thread:{root}", f"Decision: {number}", asks=True)
    assert queries(lambda: summarise_thread(actor=lin, thread=root)) == small == 6


def test_over_rest(lin: Member, kay: Member, api: ApiOf, root: int) -> None:
    path = f"threads/{root}"
    assert api(kay).post(f"{path}/follow/").data == {"thread": root, "following": True}
    assert api(kay).call("DELETE", f"{path}/follow/").data["following"] is False
    found = api(kay).get(f"{path}/summary/", last=1).data
    assert found["opening"]["author"] == "lin"
