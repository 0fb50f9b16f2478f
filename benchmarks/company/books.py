"""The audit at the end of the day: what the agents were told against what the database holds.

Each check returns the faults that it found, in words. The database file is read directly; the
channels are read over REST as well.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from benchmarks.company.agent import Accepted, Agent
from benchmarks.office import Office, call

PAGE = 200


def check_books(office: Office, agents: Sequence[Agent]) -> list[str]:
    """All faults; none on a good day."""
    with office.database() as rows:
        return [
            *check_accepted(rows, agents),
            *check_order(rows, agents),
            *check_sequences(rows),
            *check_recipients(rows, agents),
            *check_deliveries(rows, agents),
            *check_acknowledged_once(rows),
            *check_ledger(rows),
            *check_rest(office, rows, agents),
        ]


def check_accepted(rows: sqlite3.Connection, agents: Sequence[Agent]) -> Iterator[str]:
    """What was accepted is stored, each once, as it was said; and nothing else is."""
    stored = {
        row[0]: (row[1], row[2])
        for row in rows.execute(
            "SELECT m.id, p.handle, m.body FROM messaging_message m"
            " JOIN orgchart_member p ON p.id = m.author_id WHERE p.kind = 'agent'"
        )
    }
    told: dict[int, tuple[str, str]] = {}
    for agent in agents:
        if len(agent.accepted) != agent.quota:
            yield f"@{agent.handle} was to send {agent.quota}, but sent {len(agent.accepted)}"
        for one in agent.accepted:
            if one.receipt["id"] in told:
                yield f"two messages were accepted as {one.receipt['id']}"
            told[one.receipt["id"]] = (agent.handle, one.utterance.body)
    yield from _differences("message", told, stored)
    keys = rows.execute(
        "SELECT p.handle || ' ' || k.key FROM core_clientkey k"
        " JOIN orgchart_member p ON p.id = k.member_id WHERE k.action = 'send_message'"
    )
    wanted = {f"{a.handle} {one.utterance.key}": None for a in agents for one in a.accepted}
    yield from _differences("client key", wanted, {row[0]: None for row in keys})


def _differences(kind: str, told: dict[Any, Any], stored: dict[Any, Any]) -> Iterator[str]:
    if lost := sorted(told.keys() - stored.keys()):
        yield f"{len(lost)} accepted and lost, the first: {kind} {lost[0]}"
    if extra := sorted(stored.keys() - told.keys()):
        yield f"{len(extra)} stored but never accepted, the first: {kind} {extra[0]}"
    if changed := [key for key in told.keys() & stored.keys() if told[key] != stored[key]]:
        yield f"{len(changed)} stored otherwise than sent, the first: {kind} {min(changed)}"


def check_order(rows: sqlite3.Connection, agents: Sequence[Agent]) -> Iterator[str]:
    """An author's messages lie in each channel in the order in which they were accepted."""
    channel_of = dict(rows.execute("SELECT id, channel_id FROM messaging_message"))
    seq_of = dict(rows.execute("SELECT id, seq FROM messaging_message"))
    for agent in agents:
        last: dict[int, int] = {}
        for one in agent.accepted:
            message = one.receipt["id"]
            channel, seq = channel_of.get(message, 0), seq_of.get(message, 0)
            if seq != one.receipt["seq"]:
                yield f"message {message} was accepted as {one.receipt['seq']} and is {seq}"
            if seq <= last.get(channel, 0):
                yield f"message {message} of @{agent.handle} lies before an earlier one"
            last[channel] = seq


def check_sequences(rows: sqlite3.Connection) -> Iterator[str]:
    """Each channel counts its messages without a gap."""
    for name, last_seq, count, lowest, highest in rows.execute(
        "SELECT COALESCE(c.name, c.direct_key), c.last_seq, COUNT(m.id),"
        " COALESCE(MIN(m.seq), 1), COALESCE(MAX(m.seq), 0)"
        " FROM messaging_channel c LEFT JOIN messaging_message m ON m.channel_id = c.id"
        " GROUP BY c.id"
    ):
        if (lowest, highest) != (1, count) or last_seq != count:
            yield f"{name} has {count} messages from {lowest} to {highest} and says {last_seq}"


def check_recipients(rows: sqlite3.Connection, agents: Sequence[Agent]) -> Iterator[str]:
    """There is a delivery for exactly those whom the receipt named, and for all who were meant."""
    recipients: dict[int, set[str]] = defaultdict(set)
    for message, handle in rows.execute(
        "SELECT d.message_id, p.handle FROM messaging_delivery d"
        " JOIN orgchart_member p ON p.id = d.recipient_id"
    ):
        recipients[message].add(handle)
    for agent in agents:
        for one in agent.accepted:
            found = recipients[one.receipt["id"]]
            if found != {label.removeprefix("@") for label in one.receipt["to"]}:
                yield f"message {one.receipt['id']} is for {one.receipt['to']}, stored: {found}"
            if missing := _meant(agent, one) - found:
                yield f"message {one.receipt['id']} never got a delivery for {missing}"


def _meant(agent: Agent, one: Accepted) -> set[str]:
    """Whom a message must reach, by what the agent knows of it."""
    to, body = one.utterance.to, one.utterance.body
    if to.startswith("@"):
        return {name.strip().removeprefix("@") for name in to.split(",")} - {agent.handle}
    inside = set(agent.speaker.channels.get(to, ()))
    named = {word.removeprefix("@") for word in body.split() if word.startswith("@")}
    return (inside if "channel" in named else named & inside) - {agent.handle}


def check_deliveries(rows: sqlite3.Connection, agents: Sequence[Agent]) -> Iterator[str]:
    """Every delivery was offered, reached its recipient, and was acknowledged by nobody else."""
    stored: dict[str, dict[int, int]] = defaultdict(dict)
    for delivery, message, handle, offered, acknowledged in rows.execute(
        "SELECT d.id, d.message_id, p.handle, d.offered_at, d.acknowledged_at"
        " FROM messaging_delivery d JOIN orgchart_member p ON p.id = d.recipient_id"
        " WHERE p.kind = 'agent'"
    ):
        stored[handle][delivery] = message
        if offered is None or acknowledged is None:
            yield f"delivery {delivery} to @{handle}: offered {offered}, acked {acknowledged}"
    for agent in agents:
        if agent.seen != stored[agent.handle]:
            count = len(stored[agent.handle])
            yield f"@{agent.handle} saw {len(agent.seen)} deliveries of {count}"
        if agent.confirmed != stored[agent.handle].keys():
            yield f"@{agent.handle} knows {len(agent.confirmed)} deliveries as acknowledged"
        if twice := [delivery for delivery, times in agent.acknowledged.items() if times > 1]:
            yield f"@{agent.handle} acknowledged delivery {twice[0]} twice"


def check_acknowledged_once(rows: sqlite3.Connection) -> Iterator[str]:
    """By the ledger, each delivery was offered once and acknowledged once."""
    (count,) = rows.execute(
        "SELECT COUNT(*) FROM messaging_delivery d"
        " JOIN orgchart_member p ON p.id = d.recipient_id WHERE p.kind = 'agent'"
    ).fetchone()
    for kind in ("inbox.offered", "inbox.acknowledged"):
        times: Counter[int] = Counter()
        for (data,) in rows.execute("SELECT data FROM audit_event WHERE kind = ?", [kind]):
            times.update(json.loads(data)["deliveries"])
        if len(times) != count or set(times.values()) - {1}:
            most = times.most_common(1)
            yield f"the ledger has {kind} for {len(times)} of {count} deliveries, most: {most}"


def check_ledger(rows: sqlite3.Connection) -> Iterator[str]:
    """The ledger counts without a gap and has one event per message."""
    count, lowest, highest = rows.execute(
        "SELECT COUNT(*), MIN(seq), MAX(seq) FROM audit_event"
    ).fetchone()
    if (lowest, highest) != (1, count):
        yield f"the ledger has {count} events from {lowest} to {highest}"
    (messages,) = rows.execute("SELECT COUNT(*) FROM messaging_message").fetchone()
    sent, different = rows.execute(
        "SELECT COUNT(*), COUNT(DISTINCT target) FROM audit_event WHERE kind = 'message.sent'"
    ).fetchone()
    if not messages == sent == different:
        yield f"{messages} messages, but {sent} events about {different} of them"


def check_rest(office: Office, rows: sqlite3.Connection, agents: Sequence[Agent]) -> Iterator[str]:
    """A member who reads its channels over REST finds what the database holds, in order."""
    reader = agents[0]
    for name in reader.speaker.channels:
        stored = rows.execute(
            "SELECT m.id FROM messaging_message m JOIN messaging_channel c"
            " ON c.id = m.channel_id WHERE c.name = ? ORDER BY m.seq",
            [name.removeprefix("#")],
        )
        if list(_read(office, reader, name)) != [row[0] for row in stored]:
            yield f"{name} reads otherwise over REST than it is stored"


def _read(office: Office, reader: Agent, name: str) -> Iterator[int]:
    after = "0"
    while True:
        query = f"where={quote(name)}&after={after}&limit={PAGE}"
        page = call(office.server, "GET", f"/api/messages/?{query}", reader.token)
        yield from (message["id"] for message in page["items"])
        if not page["remaining"]:
            return
        after = page["after"]


def offer_times(rows: sqlite3.Connection) -> list[float]:
    """Seconds from each send to the offer to each of those whom it was for."""
    pairs = rows.execute(
        "SELECT stored_at, offered_at FROM messaging_delivery WHERE offered_at IS NOT NULL"
    )
    return [(_time(offered) - _time(stored)).total_seconds() for stored, offered in pairs]


def remembered(rows: sqlite3.Connection, agents: Sequence[Agent]) -> int:
    """How many repeated sends had been committed by an attempt that was never answered."""
    created = dict(rows.execute("SELECT id, created_at FROM messaging_message"))
    return sum(
        one.attempts > 1 and _time(created[one.receipt["id"]]).timestamp() < one.asked_at
        for agent in agents
        for one in agent.accepted
        if one.receipt["id"] in created
    )


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
