"""Accepted sends per second, and how long one takes: `python -m benchmarks.send`.

For 1, 8 and 32 keep-alive clients, over REST and over MCP, in channels of 1 and of 30 members,
with 0 and with 29 live event streams, each message with a body and a client key of its own. The
server is `manage.py up` as a user starts it; load generator and stream readers are processes of
their own on the same machine. After each cell the books must balance: as many messages in the
database as were accepted, each once, and each of them on every stream.
"""

from __future__ import annotations

import argparse
import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import product
from typing import Any

import psutil

from benchmarks import load
from benchmarks.figures import table
from benchmarks.load import Orders, Outcome
from benchmarks.office import Agent, Office
from benchmarks.streams import Heard, Streams

STAFF = 30
WARM_UP = 1.0
QUIET_PERCENT = 10.0
LEGEND = """
rate: accepted sends/s. p50, p99: ms from request to answer. cpu: ms of processor time of the web
process per send. others: the share of the machine that other processes had meanwhile. peer, limit:
sends/s, see docs/performance.md."""
PEER = {(1, 0): 710, (8, 0): 953, (32, 0): 935, (1, 29): 500, (8, 29): 500, (32, 29): 500}
LIMIT = {1: 1473, 8: 3633, 32: 4432}


@dataclass(frozen=True, slots=True)
class Cell:
    """One combination."""

    face: str
    members: int
    streams: int
    clients: int


@dataclass(frozen=True, slots=True)
class Figure:
    """What came out of a cell."""

    outcome: Outcome
    cpu: float
    """seconds of processor time of the web process per send: little moved by a busy machine"""
    others: float
    """the share of the machine that went to processes which have no part in this"""


class Meter:
    """Processor time: of the web process, and of everything that is no part of the measurement."""

    def __init__(self, web: psutil.Process) -> None:
        self._web = web
        self._at = time.monotonic()
        self._machine, self._served, self._own = self._read()

    def _read(self) -> tuple[float, float, float]:
        whole = psutil.cpu_times()
        machine = sum(whole) - whole.idle - whole.iowait - whole.guest - whole.guest_nice
        served = self._web.cpu_times()
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        own = time.process_time() + children.ru_utime + children.ru_stime
        return machine, served.user + served.system, own

    def read(self) -> tuple[float, float]:
        """Seconds of the web process since the beginning; the share of the machine that others
        had meanwhile."""
        machine, served, own = self._read()
        cores = (time.monotonic() - self._at) * (psutil.cpu_count() or 1)
        ours = served - self._served + own - self._own
        return served - self._served, max(0.0, machine - self._machine - ours) / cores


class Bench:
    """A server with its channels, and how to measure a cell on it."""

    def __init__(self, office: Office, seconds: float) -> None:
        self._office = office
        self._seconds = seconds
        self._runs = 0
        agents = office.agents
        self._shared = office.open_channel("crowd", agents)
        self._own = [office.open_channel(f"desk-{agent.id}", [agent]) for agent in agents]

    def measure(self, cell: Cell) -> Figure:
        """Run one cell, warm-up first. Raises where the books do not balance."""
        self._run(cell, WARM_UP)
        meter = Meter(self._office.server.child("web"))
        outcome = self._run(cell, self._seconds)
        served, others = meter.read()
        return Figure(outcome, served / max(1, outcome.accepted), others)

    def _run(self, cell: Cell, seconds: float) -> Outcome:
        self._runs += 1
        mark = f"run{self._runs}"
        agents = self._office.agents
        port = self._office.server.port
        ears = Streams(port, [agent.token for agent in agents[: cell.streams]])
        with ears if cell.streams else nullcontext():
            outcome = load.run(self._orders(cell, mark, seconds))
            self._check(mark, outcome)
            if cell.streams:
                _check_heard(ears.finish(self._head()), outcome)
        return outcome

    def _orders(self, cell: Cell, mark: str, seconds: float) -> Orders:
        agents: list[Agent] = self._office.agents
        writers = [number % len(agents) for number in range(cell.clients)]
        return Orders(
            port=self._office.server.port,
            face=cell.face,
            tokens=[agents[writer].token for writer in writers],
            targets=[self._own[w] if cell.members == 1 else self._shared for w in writers],
            seconds=seconds,
            mark=mark,
        )

    def _check(self, mark: str, outcome: Outcome) -> None:
        if outcome.refused:
            raise SystemExit(f"{outcome.refused} sends were refused: {outcome.complaint}")
        count, different = self._office.stored(mark)
        if not outcome.accepted == count == different:
            raise SystemExit(f"accepted {outcome.accepted}, stored {count}, different {different}")

    def _head(self) -> int:
        with self._office.database() as rows:
            last = "SELECT MAX(seq) FROM audit_event WHERE kind = 'message.sent'"
            return int(rows.execute(last).fetchone()[0])


def _check_heard(heard: Heard, outcome: Outcome) -> None:
    wanted = {outcome.accepted}
    if not heard.complete or heard.disorder or set(heard.per_stream) != wanted:
        raise SystemExit(f"{outcome.accepted} sends, but the streams saw {heard.per_stream}")


def measure_all(
    bench: Bench, wanted: list[Cell], rounds: int, patience: float
) -> dict[Cell, Figure]:
    """The best run of each cell: what a busy machine takes away is not the server's. The rounds go
    through the whole table, so that a slow minute of the machine does not hit all runs of one."""
    best: dict[Cell, Figure] = {}
    for cell in wanted * rounds:
        wait_for_quiet(patience)
        figure = bench.measure(cell)
        if cell not in best or figure.outcome.rate > best[cell].outcome.rate:
            best[cell] = figure
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return best


def wait_for_quiet(patience: float) -> None:
    """Wait until nothing else uses the machine, but no longer than this many seconds."""
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and psutil.cpu_percent(interval=1.0) > QUIET_PERCENT:
        pass


def cells(options: argparse.Namespace) -> Iterator[Cell]:
    for face, members, streams in product(options.faces, options.members, options.streams):
        for clients in options.clients:
            yield Cell(face, members, streams, clients)


def row(cell: Cell, figure: Figure) -> dict[str, Any]:
    outcome = figure.outcome
    return {
        "face": cell.face,
        "members": cell.members,
        "streams": cell.streams,
        "clients": cell.clients,
        "rate": round(outcome.rate),
        "p50": outcome.times.p50,
        "p99": outcome.times.p99,
        "cpu": round(figure.cpu * 1000, 2),
        "others": f"{figure.others:.0%}",
        "peer": PEER.get((cell.clients, cell.streams), ""),
        "limit": LIMIT.get(cell.clients, ""),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4.0, help="per run (4)")
    parser.add_argument("--rounds", type=int, default=1, help="runs per cell; the best counts (1)")
    parser.add_argument(
        "--patience", type=float, default=0.0, help="wait so long for a quiet machine, per run (0)"
    )
    parser.add_argument("--faces", nargs="+", default=["rest", "mcp"], choices=["rest", "mcp"])
    parser.add_argument("--members", nargs="+", type=int, default=[1, STAFF], choices=[1, STAFF])
    parser.add_argument("--streams", nargs="+", type=int, default=[0, 29])
    parser.add_argument("--clients", nargs="+", type=int, default=[1, 8, 32])
    parser.add_argument("--server", choices=["uvicorn", "daphne"], default="uvicorn")
    parser.add_argument("--synchronous", choices=["FULL", "NORMAL"], default="FULL")
    parser.add_argument("--json", action="store_true", help="one JSON object per cell")
    options = parser.parse_args()
    env = {"TEAMMCP_SERVER": options.server, "TEAMMCP_SYNCHRONOUS": options.synchronous}
    with Office(STAFF, env=env) as office:
        bench = Bench(office, options.seconds)
        best = measure_all(bench, list(cells(options)), options.rounds, options.patience)
    found = [row(cell, figure) for cell, figure in best.items()]
    if options.json:
        print("\n".join(map(json.dumps, found)))
    else:
        print(table(list(found[0]), [list(one.values()) for one in found]))
        print(LEGEND)


if __name__ == "__main__":
    main()
