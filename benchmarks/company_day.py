"""A day in the company under SIGKILL: `python -m benchmarks.company_day`.

29 agents with the official MCP client, in both eras of the protocol, hold a conversation of 3,000
messages in channels, threads and direct messages, while the server's whole process group is killed
at random moments and started again, and a browser watches one channel. At the end the agents' own
records are held against the database. Exits with 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.day.run import Day, Outcome, spend


def main() -> int:
    outcome = spend(_day(options := _options()))
    if options.json:
        print(json.dumps({"faults": outcome.faults, **outcome.figures}))
    else:
        _print(outcome)
    return 1 if outcome.faults else 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agents", type=int, default=29)
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    return parser.parse_args()


def _day(options: argparse.Namespace) -> Day:
    return Day(options.agents, options.messages, options.kills, options.seed, options.browser)


def _print(outcome: Outcome) -> None:
    for name, value in outcome.figures.items():
        print(f"{name:28} {value}")
    print(f"{'faults':28} {len(outcome.faults)}")
    for fault in outcome.faults[:20]:
        print(f"  {fault}")


if __name__ == "__main__":
    sys.exit(main())
