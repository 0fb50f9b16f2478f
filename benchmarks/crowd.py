"""What waiting costs: `python -m benchmarks.crowd`.

1,000 agents wait in `check_inbox` over MCP, each over a connection of its own, while a writer names
one of them after the other. Printed are the memory and the threads of the web process before and
during it, and how soon each woke up.
"""

from __future__ import annotations

import argparse
import json
from typing import Any

import psutil

from benchmarks import load
from benchmarks.load import Orders
from benchmarks.office import Agent, Office, hire_many
from benchmarks.waiters import Waiters

MIB = 1 << 20
CALM = 10  # percent of a core


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agents", type=int, default=1_000)
    parser.add_argument("--rate", type=float, default=20.0, help="messages per second (20)")
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with Office(1) as office:
        staff = hire_many(office.server, options.agents)
        figures = measure(office, staff, options.rate, options.seconds)
    for name, value in figures.items():
        print(json.dumps({name: value}) if options.json else f"{name:32} {value}")


def measure(office: Office, staff: list[Agent], rate: float, seconds: float) -> dict[str, Any]:
    web = office.server.child("web")
    writer = office.agents[0]
    office.open_channel("crowd", [writer])
    before = _weight(web)
    with Waiters(office.server.mcp_url, [agent.token for agent in staff]) as waiters:
        orders = Orders(
            port=office.server.port,
            face="rest",
            tokens=[writer.token],
            targets=["#general"],
            seconds=seconds,
            mark="crowd",
            pace=1 / rate,
            mentions=[agent.handle for agent in staff],
        )
        waiting = _until_calm(web, len(staff))
        outcome = load.run(orders)
        during = _weight(web)
        woken = waiters.finish(outcome.accepted)
    return {
        "agents": len(staff),
        "connections": waiting,
        "MiB before": before[0],
        "MiB while they wait": during[0],
        "threads before": before[1],
        "threads while they wait": during[1],
        "sends": outcome.accepted,
        "lost or twice": outcome.accepted - woken.messages + woken.twice,
        "wake ms p50 / p99": f"{woken.latency.p50} / {woken.latency.p99}",
    }


def _until_calm(web: psutil.Process, count: int) -> int:
    """Until all have called and the server has put them to sleep; how many are connected."""
    for _ in range(120):
        busy = web.cpu_percent(interval=1)
        open_now = sum(one.status == "ESTABLISHED" for one in web.net_connections())
        if open_now >= count and busy < CALM:
            return open_now
    raise SystemExit("the server did not come to rest within two minutes")


def _weight(process: psutil.Process) -> tuple[int, int]:
    """Resident memory in MiB, and threads."""
    return round(process.memory_info().rss / MIB), process.num_threads()


if __name__ == "__main__":
    main()
