"""Writing the ledger: three written-out statements that equal what the models would write."""

from __future__ import annotations

import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from django.db import connection, transaction

from audit.ledger import GENESIS, digest, record, stamp
from audit.models import Event, EventTopic
from messaging.services import create_channel, send_message
from orgchart.models import Member
from teammcp.core.context import CallContext, calling
from tests.clocks import frozen

TIMES = [
    datetime(2026, 11, 22, 9, 30, 15, 123456, tzinfo=UTC),
    datetime(2026, 11, 22, 9, 30, 15, 120000, tzinfo=UTC),
    datetime(2026, 11, 22, 9, 30, 15, tzinfo=UTC),
]
DATA: dict[str, Any] = {
    "words": 'Zoë\'s "日本" \\ \u2028 👩🏽‍🚀',
    "number": 2**53,
    "share": 0.1,
    "nothing": None,
    "list": [1, [2], {"b": 1, "a": 2}],
}


def raw(table: str, order: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")  # noqa: S608
        return list(cursor.fetchall())


@pytest.mark.parametrize("at", TIMES, ids=lambda at: f"{at.microsecond}us")
def test_a_recorded_event_equals_what_the_models_would_write(
    lin: Member, ada: Member, at: datetime
) -> None:
    with frozen(at), calling(CallContext("mcp", request_id="r-1")):
        seq = record(
            "message.sent",
            actor=lin,
            on_behalf_of=ada,
            target="message:7",
            topics=["channel-1", "inbox-2", "channel-1"],
            data=DATA,
        )
    written = raw("audit_event", "seq")[-1], raw("audit_eventtopic", "id")[-2:]
    event = Event.objects.get(seq=seq)

    EventTopic.objects.filter(event=seq).delete()
    Event.objects.filter(seq=seq).delete()
    twin = Event.objects.create(
        seq=seq,
        at=at,
        kind="message.sent",
        actor=lin,
        on_behalf_of=ada,
        face="mcp",
        request_id="r-1",
        target="message:7",
        topics=["channel-1", "inbox-2"],
        data=DATA,
        previous_hash=event.previous_hash,
        hash=event.hash,
    )
    for topic in twin.topics:
        EventTopic.objects.create(event=twin, topic=topic)
    modelled = raw("audit_event", "seq")[-1], raw("audit_eventtopic", "id")[-2:]

    assert _parsed(written[0]) == _parsed(modelled[0])
    assert [row[1:] for row in written[1]] == [row[1:] for row in modelled[1]]


def _parsed(row: tuple[Any, ...]) -> list[Any]:
    """A raw row with its JSON columns parsed: white space and escapes are free there."""
    return [orjson.loads(v) if isinstance(v, str) and v[:1] in "[{" else v for v in row]


def test_events_count_up_without_gaps_and_each_holds_the_hash_before_it(lin: Member) -> None:
    for number in range(5):
        send_message(actor=lin, to="#general", body=f"Number {number}.")
    events = list(Event.objects.order_by("seq"))
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert events[0].previous_hash == GENESIS
    for before, after in itertools.pairwise(events):
        assert after.previous_hash == before.hash
    assert len({event.hash for event in events}) == len(events)


def test_the_hash_can_be_computed_from_the_row_alone(lin: Member) -> None:
    """The recipe of the chain, written down a second time: changing it breaks every old ledger."""
    send_message(actor=lin, to="#general", body="Hello.")
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT previous_hash, seq, at, kind, actor_id, on_behalf_of_id, face, request_id,"
            " target, topics, data, hash FROM audit_event ORDER BY seq DESC LIMIT 1"
        )
        *content, topics, data, expected = cursor.fetchone()
    at = content[2].isoformat(timespec="microseconds").replace("+00:00", "")
    content[2] = at.replace(" ", "T") + "Z"
    text = orjson.dumps(
        [*content, orjson.loads(topics), orjson.loads(data)], option=orjson.OPT_SORT_KEYS
    )
    assert hashlib.sha256(text).hexdigest() == expected


def test_a_time_is_always_written_with_the_same_length() -> None:
    assert [len(stamp(at)) for at in TIMES] == [27] * 3
    assert stamp(TIMES[2]) == "2026-11-22T09:30:15.000000Z"


def test_a_hash_depends_on_the_one_before_it(lin: Member) -> None:
    from audit.entries import Entry

    event = Event.objects.select_related("actor", "on_behalf_of").latest("seq")
    entry = Entry.of(event)
    assert digest(event.previous_hash, entry) == event.hash
    assert digest(GENESIS, entry) != event.hash


def test_an_event_says_who_did_it_where_and_in_which_call(lin: Member) -> None:
    with calling(CallContext("rest", request_id="r-7")):
        create_channel(actor=lin, name="plans")
    events = Event.objects.filter(request_id="r-7").order_by("seq")
    assert [(e.kind, e.actor_id, e.face) for e in events] == [
        ("channel.created", lin.pk, "rest"),
        ("channel.joined", lin.pk, "rest"),
    ]


def test_an_event_holds_a_digest_and_never_the_words(lin: Member) -> None:
    send_message(actor=lin, to="#general", body="The launch code is 0000.")
    data = Event.objects.latest("seq").data
    assert data["sha256"] == hashlib.sha256(b"The launch code is 0000.").hexdigest()
    assert "launch" not in str(data)


def test_an_event_of_an_unknown_kind_cannot_be_recorded(lin: Member) -> None:
    before = Event.objects.count()
    with pytest.raises(RuntimeError, match="is not registered"):
        record("made.up", actor=lin, topics=["company"])
    assert Event.objects.count() == before


def test_what_is_rolled_back_leaves_no_event_and_no_gap(lin: Member) -> None:
    before = Event.objects.latest("seq").seq
    with transaction.atomic():
        send_message(actor=lin, to="#general", body="Never said.")
        transaction.set_rollback(True)
    send_message(actor=lin, to="#general", body="Said.")
    assert Event.objects.latest("seq").seq == before + 1
