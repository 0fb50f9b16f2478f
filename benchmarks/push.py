"""How late news arrives: `python -m benchmarks.push`.

A writer sends at a moderate rate while 29, then 200 event streams are open, then while 50 agents
wait in `check_inbox` over MCP, where each message is for one of them. Latency runs from the time
that the server writes into the row, just before the commit, to the arrival in another process on
the same clock; so it includes the durable commit. At last each message names 30 of the waiting
agents, and what counts is when the last of them has it. Every event must reach every stream, and
every message its waiter, once.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator
from typing import Any

from benchmarks import load
from benchmarks.figures import Spread, table
from benchmarks.load import Orders, Outcome
from benchmarks.office import Office
from benchmarks.streams import Streams
from benchmarks.waiters import Waiters

STREAM_COUNTS = (29, 200)
WAITERS = 50
NAMED = 30
LEGEND = """
p50, p99, longest: ms from just before the commit to the arrival in another process. Load average
{before:.1f} before, {after:.1f} after."""


class Bench:
    """A server, a writer, and those who listen."""

    def __init__(self, office: Office, rate: float, seconds: float) -> None:
        self._office = office
        self._rate = rate
        self._seconds = seconds
        office.open_channel("crowd", office.agents)

    def streams(self, count: int) -> dict[str, Any]:
        """Events on this many streams."""
        server, agents = self._office.server, self._office.agents
        tokens = [agents[number % len(agents)].token for number in range(count)]
        with Streams(server.port, tokens, timed=True) as streams:
            outcome = self._write(f"streams{count}", [])
            heard = streams.finish(self._head())
        lost = sum(abs(outcome.accepted - seen) for seen in heard.per_stream) + heard.disorder
        return _row(f"{count} event streams", outcome, lost, heard.latency)

    def waiters(self) -> dict[str, Any]:
        """Messages for one of the waiting agents each. The writer is another agent."""
        server, agents = self._office.server, self._office.agents
        waiting = agents[1 : WAITERS + 1]
        with Waiters(server.mcp_url, [agent.token for agent in waiting]) as waiters:
            outcome = self._write("waiters", [agent.handle for agent in waiting])
            woken = waiters.finish(outcome.accepted)
        lost = outcome.accepted - woken.messages + woken.twice
        return _row(f"{WAITERS} waiting in check_inbox", outcome, lost, woken.latency)

    def named(self) -> dict[str, Any]:
        """Messages that name 30 waiting agents at once; per message the one who got it last."""
        server, agents = self._office.server, self._office.agents
        waiting = agents[1 : NAMED + 1]
        everybody = " @".join(agent.handle for agent in waiting)
        with Waiters(server.mcp_url, [agent.token for agent in waiting]) as waiters:
            outcome = self._write("named", [everybody], rate=self._rate / 4)
            woken = waiters.finish(outcome.accepted * NAMED)
        lost = outcome.accepted * NAMED - woken.messages + woken.twice
        return _row(f"the last of {NAMED} named in a message", outcome, lost, woken.last)

    def _write(self, mark: str, mentions: list[str], rate: float | None = None) -> Outcome:
        orders = Orders(
            port=self._office.server.port,
            face="rest",
            tokens=[self._office.agents[0].token],
            targets=["#crowd"],
            seconds=self._seconds,
            mark=mark,
            pace=1 / (rate or self._rate),
            mentions=mentions,
        )
        outcome = load.run(orders)
        if outcome.refused:
            raise SystemExit(f"{outcome.refused} sends were refused: {outcome.complaint}")
        return outcome

    def _head(self) -> int:
        with self._office.database() as rows:
            last = "SELECT MAX(seq) FROM audit_event WHERE kind = 'message.sent'"
            return int(rows.execute(last).fetchone()[0])


def _row(name: str, outcome: Outcome, lost: int, latency: Spread) -> dict[str, Any]:
    return {
        "listeners": name,
        "sends": outcome.accepted,
        "arrivals": latency.count,
        "lost": lost,
        "p50": latency.p50,
        "p99": latency.p99,
        "longest": latency.longest,
    }


def rows(bench: Bench) -> Iterator[dict[str, Any]]:
    for count in STREAM_COUNTS:
        yield bench.streams(count)
    yield bench.waiters()
    yield bench.named()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rate", type=float, default=20.0, help="sends per second (20)")
    parser.add_argument("--seconds", type=float, default=10.0, help="per row (10)")
    parser.add_argument("--server", choices=["uvicorn", "daphne"], default="uvicorn")
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    options = parser.parse_args()
    busy = os.getloadavg()[0]
    env = {"TEAMMCP_SERVER": options.server, "TEAMMCP_BROADCAST_MEMBERS": str(NAMED)}
    with Office(WAITERS + 1, env=env) as office:
        found = list(rows(Bench(office, options.rate, options.seconds)))
    if options.json:
        print("\n".join(map(json.dumps, found)))
    else:
        print(table(list(found[0]), [list(row.values()) for row in found]))
        print(LEGEND.format(before=busy, after=os.getloadavg()[0]))
    if any(row["lost"] for row in found):
        raise SystemExit("something was lost, or came twice")


if __name__ == "__main__":
    main()
