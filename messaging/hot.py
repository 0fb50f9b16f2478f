"""The statements of the hottest path, sending, written out.

A query through the ORM costs about ten times what the statement costs, and a server of this kind
does little else than accept messages. Everything here has a twin in plain ORM terms in
`tests/messaging/test_hot.py`, which holds the rows equal.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from messaging.models import Channel, Membership, Message
from teammcp.core import sql
from teammcp.core.instances import instance


def advance(channel: Channel, *, agent: int = 0) -> int:
    """Take the next position in the channel, for the agent of this id or for anybody else.

    In a direct conversation the turns of agents among themselves are counted along: what one says
    in a row is one turn, and whoever is no agent begins anew.
    """
    row = sql.one(
        "UPDATE messaging_channel SET last_seq = last_seq + 1, turn_of = %s,"
        " agent_turns = CASE WHEN kind = 'direct' AND %s > 0"
        " THEN agent_turns + CASE WHEN turn_of = %s THEN 0 ELSE 1 END ELSE 0 END"
        " WHERE id = %s RETURNING last_seq, agent_turns",
        [agent, agent, agent, channel.pk],
    )
    assert row is not None
    channel.last_seq, channel.agent_turns = row
    return channel.last_seq


def grow_thread(root: Message, *, agent: int) -> None:
    """One more reply in a thread, whose turns are counted in the same way."""
    row = sql.one(
        "UPDATE messaging_message SET reply_count = reply_count + 1, turn_of = %s,"
        " agent_turns = CASE WHEN %s > 0"
        " THEN agent_turns + CASE WHEN turn_of = %s THEN 0 ELSE 1 END ELSE 0 END"
        " WHERE id = %s RETURNING agent_turns",
        [agent, agent, agent, root.pk],
    )
    assert row is not None
    root.agent_turns = row[0]


def insert_message(message: Message) -> None:
    """Add the row and set its id."""
    row = sql.one(
        "INSERT INTO messaging_message (channel_id, seq, author_id, author_kind, face,"
        " on_behalf_of_id, body, thread_id, reply_count, priority, expects_reply, created_at,"
        " cause_id, turns) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, 0, %s, %s, %s, %s, %s)"
        " RETURNING id",
        [
            message.channel_id,
            message.seq,
            message.author_id,
            message.author_kind,
            message.face,
            message.on_behalf_of_id,
            message.body,
            message.thread_id,
            message.priority,
            message.expects_reply,
            sql.time(message.created_at),
            message.cause_id,
            message.turns,
        ],
    )
    assert row is not None
    message.pk = row[0]


def insert_deliveries(
    message: Message, reasons: dict[int, str], rank: int, at: datetime | None = None
) -> None:
    """Add one delivery per recipient id, stored when the message was unless `at` says when."""
    if not reasons:
        return
    stored = sql.time(at or message.created_at)
    sql.run_many(
        "INSERT INTO messaging_delivery"
        " (message_id, recipient_id, reason, rank, stored_at, offered_route)"
        " VALUES (%s, %s, %s, %s, %s, '')",
        [(message.pk, recipient, reason, rank, stored) for recipient, reason in reasons.items()],
    )


def offer(recipient: int, deliveries: list[int], at: datetime, route: str) -> int:
    """Set the first offer of those that have none; gives how many these were."""
    marks, when = ", ".join(["%s"] * len(deliveries)), sql.time(at)
    done = sql.run(
        "UPDATE messaging_delivery SET offered_at = %s, last_offered_at = %s, offered_route = %s,"  # noqa: S608 - marks
        f" offers = 1 WHERE recipient_id = %s AND offered_at IS NULL AND id IN ({marks})",
        [when, when, route, recipient, *deliveries],
    )
    count: int = done.rowcount
    return count


def skip_own(membership: Membership, seq: int) -> None:
    """One's own message is not news: move the read cursor over it, but over nothing else."""
    sql.run(
        "UPDATE messaging_membership SET read_seq = %s WHERE id = %s AND read_seq = %s",
        [seq, membership.pk, seq - 1],
    )


def find_channel(name: str, member_id: int) -> tuple[Channel, Membership | None] | None:
    """A channel by name with this member's membership, whether or not they may see it."""
    row = sql.one(
        "SELECT c.id, c.kind, c.name, c.last_seq, c.archived_at, c.home_id, c.project_id,"
        " m.id, m.read_seq"
        " FROM messaging_channel c LEFT JOIN messaging_membership m"
        " ON m.channel_id = c.id AND m.member_id = %s WHERE c.name = %s",
        [member_id, name],
    )
    if row is None:
        return None
    channel = instance(
        Channel,
        id=row[0],
        kind=row[1],
        name=row[2],
        last_seq=row[3],
        archived_at=row[4],
        home_id=row[5],
        project_id=row[6],
    )
    if row[7] is None:
        return channel, None
    membership = instance(
        Membership, id=row[7], channel_id=row[0], member_id=member_id, read_seq=row[8]
    )
    return channel, membership


PRESENT = " AND p.status != 'retired'"
Listener = tuple[int, str, str]
"""Of a member who hears of a message: id, handle and status."""


def watchers(channel_id: int) -> list[Listener]:
    """The members who want to hear everything in a channel."""
    return _listeners("m.notify = 'all' AND m.channel_id = %s", [channel_id])


def members(channel_id: int) -> list[Listener]:
    """All members of a channel who have not muted it."""
    return _listeners("m.notify != 'mute' AND m.channel_id = %s", [channel_id])


def everyone_in(channel_id: int) -> list[Listener]:
    """All members of a channel, also the retired ones, for direct conversations."""
    return _listeners("m.channel_id = %s", [channel_id], retired=True)


def followers(thread_id: int, channel_id: int) -> list[Listener]:
    """The followers of a thread who still belong to its channel and have not muted it."""
    return _listeners(
        "m.notify != 'mute' AND m.channel_id = %s AND m.member_id IN"
        " (SELECT f.member_id FROM messaging_follow f"
        " WHERE f.thread_id = %s AND f.left_at IS NULL)",
        [channel_id, thread_id],
    )


def follow(thread_id: int, members: Iterable[int], *, returning: int) -> None:
    """Let members follow a thread. Who left it stays away, but for the one who returns."""
    sql.run_many(
        "INSERT INTO messaging_follow (thread_id, member_id) VALUES (%s, %s)"
        " ON CONFLICT (thread_id, member_id) DO UPDATE SET left_at = NULL"
        " WHERE messaging_follow.member_id = %s AND messaging_follow.left_at IS NOT NULL",
        [(thread_id, member, returning) for member in members],
    )


Named = tuple[str, int, str, str, bool]
"""Of a member named in a text: the handle used, id, present handle, status, whether inside."""


def named(handles: list[str], channel_id: int) -> list[Named]:
    """The members whom these handles name, or named once, and whether they are in the channel."""
    marks = ", ".join(["%s"] * len(handles))
    statement = (
        "SELECT h.handle, p.id, p.handle, p.status, m.id FROM orgchart_handle h"  # noqa: S608 - marks
        " JOIN orgchart_member p ON p.id = h.member_id AND p.kind != 'system'"
        " LEFT JOIN messaging_membership m ON m.member_id = p.id AND m.channel_id = %s"
        f" WHERE h.handle IN ({marks}) ORDER BY p.id"
    )
    rows = sql.rows(statement, [channel_id, *handles])
    return [
        (used, pk, handle, status, inside is not None) for used, pk, handle, status, inside in rows
    ]


def _listeners(condition: str, parameters: list[Any], *, retired: bool = False) -> list[Listener]:
    statement = (
        "SELECT p.id, p.handle, p.status FROM messaging_membership m"  # noqa: S608 - our conditions
        " JOIN orgchart_member p ON p.id = m.member_id"
        f" WHERE {condition}{'' if retired else PRESENT} ORDER BY p.id"
    )
    return sql.rows(statement, parameters)


def open_counts(member_id: int) -> tuple[int, int]:
    """How many deliveries wait for a member, and how many of them are urgent."""
    row = sql.one(
        "SELECT COUNT(*), SUM(CASE WHEN rank = 0 THEN 1 ELSE 0 END) FROM messaging_delivery"
        " WHERE recipient_id = %s AND acknowledged_at IS NULL AND withdrawn_at IS NULL",
        [member_id],
    )
    assert row is not None
    return row[0], row[1] or 0


def has_open_question(member_id: int) -> bool:
    """Whether any question may concern a member, visible or not: most often none does."""
    row = sql.one(
        "SELECT 1 FROM messaging_question q WHERE q.closed_at IS NULL AND (q.asker_id = %s"
        " OR EXISTS (SELECT 1 FROM messaging_delivery d WHERE d.message_id = q.message_id"
        " AND d.recipient_id = %s)) LIMIT 1",
        [member_id, member_id],
    )
    return row is not None


def open_counts_up_to(member_id: int, most: int) -> tuple[int, int]:
    """The same, counted no further than `most`: it costs the same however much waits."""
    row = sql.one(
        "SELECT COUNT(*), SUM(CASE WHEN rank = 0 THEN 1 ELSE 0 END) FROM"
        " (SELECT rank FROM messaging_delivery WHERE recipient_id = %s AND acknowledged_at IS NULL"
        " AND withdrawn_at IS NULL ORDER BY rank LIMIT %s) AS waiting",
        [member_id, most],
    )
    assert row is not None
    return row[0], row[1] or 0
