"""Reading the ledger in pages: only what one may see, exactly once, and honest about its limits."""

from __future__ import annotations

from typing import Any

import pytest

from audit.models import Event, EventTopic
from audit.selectors import list_events
from audit.topics import visible_topics
from messaging.models import Channel
from messaging.services import (
    check_inbox,
    create_channel,
    invite_to_channel,
    remove_from_channel,
    send_message,
)
from orgchart.models import Member
from orgchart.services import create_join_code, issue_credential
from teammcp.core.errors import CursorExpired, Forbidden, InvalidInput
from tests.conftest import ApiOf, token_of


def events_for(member: Member, **arguments: Any) -> list[int]:
    """All events that this member gets, page by page."""
    seqs: list[int] = []
    after = 0
    while True:
        page = list_events(actor=member, after=after, **arguments)
        seqs += [event.seq for event in page.items]
        assert page.cursor > after or not page.more
        after = page.cursor
        if not page.more:
            assert after == page.head
            return seqs


def kinds_for(member: Member, **arguments: Any) -> list[str]:
    seqs = events_for(member, **arguments)
    return list(Event.objects.filter(seq__in=seqs).order_by("seq").values_list("kind", flat=True))


@pytest.fixture
def busy(lin: Member, kay: Member, sam: Member, vault: Channel) -> None:
    """Events that Sam may see and events that Sam may not, mixed."""
    for number in range(8):
        send_message(actor=lin, to="#vault", body=f"Secret {number}.")
        send_message(actor=sam, to="#general", body=f"Open {number}.")
        send_message(actor=kay, to="@lin", body=f"Between us {number}.")


@pytest.mark.no_cover
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 500])
def test_pages_of_any_size_give_the_same_events_once_and_in_order(
    busy: None, sam: Member, limit: int
) -> None:
    visible = visible_topics(sam)
    topics = EventTopic.objects.filter(topic__in=visible)
    expected = sorted(set(topics.values_list("event_id", flat=True)))
    assert events_for(sam, limit=limit) == expected
    assert len(expected) < Event.objects.count()


def test_a_page_without_anything_visible_still_moves_the_cursor(
    busy: None, sam: Member, vault: Channel
) -> None:
    first = Event.objects.filter(target=f"channel:{vault.pk}").earliest("seq")
    page = list_events(actor=sam, after=first.seq - 1, limit=1)
    assert page.items == []
    assert page.cursor == first.seq
    assert page.more


def test_reading_past_the_head_gives_nothing_and_says_so(lin: Member) -> None:
    head = Event.objects.latest("seq").seq
    page = list_events(actor=lin, after=head)
    assert (page.items, page.cursor, page.head, page.more) == ([], head, head, False)


def test_a_cursor_beyond_the_head_is_expired_and_says_how_to_go_on(lin: Member) -> None:
    head = Event.objects.latest("seq").seq
    with pytest.raises(CursorExpired) as refused:
        list_events(actor=lin, after=head + 1)
    assert refused.value.state == {"head": head, "oldest": 1}
    assert f"follow from {head}" in refused.value.next


def test_a_cursor_below_what_is_still_held_is_expired(busy: None, lin: Member) -> None:
    EventTopic.objects.filter(event__lte=5).delete()
    Event.objects.filter(seq__lte=5).delete()
    with pytest.raises(CursorExpired) as refused:
        list_events(actor=lin, after=4)
    assert refused.value.state["oldest"] == 6
    assert list_events(actor=lin, after=5, limit=500).items[0].seq >= 6


def test_an_empty_ledger_has_a_beginning(db: None) -> None:
    from audit.selectors import check_cursor

    assert check_cursor(0) == 0
    with pytest.raises(CursorExpired):
        check_cursor(1)


# What one may see


def test_the_events_of_a_private_channel_are_for_its_members(
    busy: None, lin: Member, sam: Member, ada: Member, vault: Channel
) -> None:
    topic = f"channel-{vault.pk}"
    assert len(events_for(lin, topic=topic)) == 11  # created, joined twice, eight messages
    for outsider in (sam, ada):
        assert events_for(outsider, topic=topic) == []
        page = list_events(actor=outsider, limit=500)
        assert "vault" not in page.model_dump_json()


def test_a_hidden_topic_and_an_absent_one_give_the_same_answer(
    busy: None, sam: Member, vault: Channel
) -> None:
    hidden = list_events(actor=sam, topic=f"channel-{vault.pk}")
    absent = list_events(actor=sam, topic="channel-1000000")
    assert hidden == absent


def test_a_direct_conversation_is_for_its_members_alone(
    busy: None, lin: Member, sam: Member, ada: Member
) -> None:
    direct = Channel.objects.get(kind="direct")
    assert len(events_for(lin, topic=f"channel-{direct.pk}")) == 9
    assert events_for(sam, topic=f"channel-{direct.pk}") == []
    assert events_for(ada, topic=f"channel-{direct.pk}") == []


def test_what_concerns_one_member_is_for_that_member(lin: Member, kay: Member, ada: Member) -> None:
    issue_credential(actor=lin, label="phone")
    send_message(actor=kay, to="@lin", body="Hello.")
    check_inbox(actor=lin)
    own = kinds_for(lin, topic=f"member-{lin.pk}")
    assert own == [
        "member.registered",
        "channel.joined",
        "credential.issued",
        "inbox.offered",
    ]
    assert kinds_for(kay, topic=f"member-{lin.pk}") == []
    assert "inbox.offered" not in kinds_for(ada)


def test_house_keeping_is_for_admins(owner: Member, lin: Member, ada: Member) -> None:
    create_join_code(actor=owner)
    assert kinds_for(ada, topic="admin") == ["join_code.created"]
    assert kinds_for(lin, topic="admin") == []
    assert "join_code.created" not in kinds_for(lin)


def test_wake_up_topics_grant_nothing_and_are_never_shown(lin: Member, kay: Member) -> None:
    send_message(actor=lin, to="@kay", body="Hello.")
    assert Event.objects.latest("seq").topics[1] == f"inbox-{kay.pk}"
    assert events_for(kay, topic=f"inbox-{kay.pk}") == []
    assert "inbox-" not in list_events(actor=kay, limit=500).model_dump_json()


def test_a_newcomer_sees_the_past_of_a_channel_and_who_left_sees_no_more_of_it(
    busy: None, lin: Member, sam: Member, vault: Channel
) -> None:
    topic = f"channel-{vault.pk}"
    invite_to_channel(actor=lin, channel="#vault", members=["sam"])
    assert len(events_for(sam, topic=topic)) == 12
    remove_from_channel(actor=lin, channel="#vault", member="sam")
    assert events_for(sam, topic=topic) == []
    assert kinds_for(sam)[-1] == "channel.left"  # that it ended is Sam's own business


def test_a_topic_that_lies_far_back_is_found_in_bounded_pages(lin: Member, sam: Member) -> None:
    create_channel(actor=lin, name="quiet")
    for number in range(30):
        send_message(actor=sam, to="#general", body=f"Chatter {number}.")
    send_message(actor=lin, to="#quiet", body="Psst.")
    quiet = Channel.objects.get(name="quiet")
    kinds = kinds_for(sam, topic=f"channel-{quiet.pk}", limit=1)
    assert kinds == ["channel.created", "channel.joined", "message.sent"]


@pytest.mark.parametrize("limit", [1, 500])
def test_a_page_costs_the_same_number_of_queries_at_any_size(
    busy: None, lin: Member, limit: int, django_assert_num_queries: Any
) -> None:
    with django_assert_num_queries(3):  # bounds, the channels that one may see, events
        list_events(actor=lin, limit=limit)


# Over REST


def test_an_event_says_what_happened_and_who_did_it(lin: Member, api: ApiOf) -> None:
    sent = api(lin).post("messages/", to="#general", body="Hello.").data
    event = api(lin).get("events/", after=Event.objects.latest("seq").seq - 1).data["items"][0]
    assert event.keys() == {
        "seq", "at", "kind", "sentence", "actor", "on_behalf_of", "face", "request_id", "target",
        "topics", "data",
    }  # fmt: skip
    assert event["sentence"] == "@lin wrote in #general"
    assert (event["actor"], event["face"], event["kind"]) == ("lin", "rest", "message.sent")
    assert event["data"]["message"] == sent["id"]


@pytest.mark.parametrize(
    "query",
    [{"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 501}, {"since": 1}, {"topics": "a"}],
)
def test_a_wrong_query_is_refused_by_name(lin: Member, api: ApiOf, query: dict[str, Any]) -> None:
    answer = api(lin).get("events/", **query)
    assert answer.status == 400
    assert list(answer.data["state"]["fields"]) == list(query)


def test_nobody_writes_events_over_rest(owner: Member, api: ApiOf) -> None:
    token_of(owner)
    before = Event.objects.count()
    for method in ("POST", "PUT", "PATCH", "DELETE"):
        assert api(owner).call(method, "events/", {}).status == 405
    assert Event.objects.count() == before


def test_a_credential_without_the_scope_reads_no_events(lin: Member, api: ApiOf) -> None:
    narrow = issue_credential(actor=lin, scopes=["messages:read"]).token
    assert api(token=narrow).get("events/").status == 403
    assert api(token=narrow).get("events/stream/").status == 403
    lin.credential_scopes = frozenset({"messages:read"})
    with pytest.raises(Forbidden):
        list_events(actor=lin)


def test_python_callers_meet_the_same_limits(lin: Member) -> None:
    with pytest.raises(InvalidInput):
        list_events.call(lin, {"limit": 1000})
