"""The end of the day: the agents' own records against the database file."""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from benchmarks.day.colleague import Colleague
from benchmarks.day.plan import Plan

Row = sqlite3.Row


class Books:
    """The server's database, and the records to hold against it."""

    def __init__(self, database: sqlite3.Connection, plan: Plan, staff: list[Colleague]) -> None:
        database.row_factory = sqlite3.Row
        self._database, self._plan, self._staff = database, plan, staff
        self.faults: list[str] = []

    def audit(self) -> list[str]:
        """Every way in which the two differ; empty when all is well."""
        self._each_accepted_write_is_there_once()
        self._order_holds()
        self._channels_are_gapless()
        self._everybody_was_told()
        self._the_ledger_is_gapless()
        return self.faults

    def _rows(self, sql: str, *parameters: object) -> list[Row]:
        return self._database.execute(sql, parameters).fetchall()

    def _check(self, holds: bool, fault: str) -> None:  # noqa: FBT001
        if not holds:
            self.faults.append(fault)

    def _each_accepted_write_is_there_once(self) -> None:
        rows = self._rows(
            "SELECT m.id, m.seq, m.body, p.handle FROM messaging_message m"
            " JOIN orgchart_member p ON p.id = m.author_id WHERE m.body LIKE 'day-%'"
        )
        stored = {row["id"]: row for row in rows}
        bodies = [row["body"] for row in rows]
        self._check(len(bodies) == len(set(bodies)), "some message is stored twice")
        told = 0
        for colleague in self._staff:
            for intent, receipt in colleague.record.accepted:
                told += 1
                row = stored.get(receipt["id"])
                same = row is not None and (row["seq"], row["body"], row["handle"]) == (
                    receipt["seq"],
                    intent.body,
                    colleague.handle,
                )
                self._check(same, f"{intent.key} of @{colleague.handle} was accepted and is wrong")
        self._check(told == len(rows), f"{told} were accepted, {len(rows)} are stored")
        planned = sum(len(intents) for intents in self._plan.intents.values())
        self._check(told == planned, f"{planned} were planned, {told} accepted")

    def _order_holds(self) -> None:
        channel_of = {
            row["id"]: row["channel_id"]
            for row in self._rows("SELECT id, channel_id FROM messaging_message")
        }
        for colleague in self._staff:
            last: dict[int, int] = defaultdict(int)
            for intent, receipt in colleague.record.accepted:
                channel = channel_of.get(receipt["id"], 0)
                in_order = receipt["seq"] > last[channel]
                self._check(in_order, f"{intent.key} of @{colleague.handle} is out of order")
                last[channel] = receipt["seq"]

    def _channels_are_gapless(self) -> None:
        rows = self._rows(
            "SELECT c.id, c.last_seq, COUNT(m.id) AS n, MAX(m.seq) AS top, MIN(m.seq) AS first"
            " FROM messaging_channel c JOIN messaging_message m ON m.channel_id = c.id"
            " GROUP BY c.id"
        )
        for row in rows:
            whole = row["n"] == row["top"] == row["last_seq"] and row["first"] == 1
            self._check(whole, f"channel {row['id']} has gaps")

    def _everybody_was_told(self) -> None:
        rows = self._rows(
            "SELECT d.*, p.handle, m.body FROM messaging_delivery d"
            " JOIN orgchart_member p ON p.id = d.recipient_id"
            " JOIN messaging_message m ON m.id = d.message_id WHERE p.kind = 'agent'"
        )
        mine: dict[str, dict[int, int]] = defaultdict(dict)
        for row in rows:
            what = f"delivery {row['id']} to @{row['handle']}"
            self._check(row["offered_at"] is not None, f"{what} was never offered")
            self._check(row["acknowledged_at"] is not None, f"{what} was never acknowledged")
            mine[row["handle"]][row["id"]] = row["message_id"]
        for colleague in self._staff:
            record = colleague.record
            same = record.offered == mine[colleague.handle]
            self._check(same, f"@{colleague.handle} saw other deliveries than the server has")
            once = len(record.acknowledged) == len(set(record.acknowledged))
            self._check(once, f"@{colleague.handle} acknowledged something twice")
        self._named_are_recipients({(row["handle"], row["body"]) for row in rows})

    def _named_are_recipients(self, told: set[tuple[str, str]]) -> None:
        for _, intent in self._plan.all():
            for name in intent.named:
                self._check((name, intent.body) in told, f"{intent.key} never reached @{name}")

    def _the_ledger_is_gapless(self) -> None:
        (row,) = self._rows("SELECT COUNT(*) AS n, MAX(seq) AS top FROM audit_event")
        self._check(row["n"] == row["top"], f"{row['n']} events, but the last is {row['top']}")

    def offer_seconds(self) -> list[float]:
        """From stored to offered, per delivery to an agent."""
        rows = self._rows(
            "SELECT stored_at, offered_at FROM messaging_delivery d"
            " JOIN orgchart_member p ON p.id = d.recipient_id"
            " WHERE p.kind = 'agent' AND offered_at IS NOT NULL"
        )
        return [_seconds(row["stored_at"], row["offered_at"]) for row in rows]

    def counts(self) -> dict[str, int]:
        """What the day left behind."""
        tables: Iterable[tuple[str, str]] = (
            ("messages", "SELECT COUNT(*) FROM messaging_message"),
            ("threads", "SELECT COUNT(*) FROM messaging_message WHERE reply_count > 0"),
            ("direct", "SELECT COUNT(*) FROM messaging_channel WHERE kind = 'direct'"),
            ("deliveries", "SELECT COUNT(*) FROM messaging_delivery"),
            ("events", "SELECT COUNT(*) FROM audit_event"),
        )
        return {name: self._database.execute(sql).fetchone()[0] for name, sql in tables}


def _seconds(begin: Any, end: Any) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds()
