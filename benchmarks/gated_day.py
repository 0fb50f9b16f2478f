"""A day under policies: `python -m benchmarks.gated_day`.

29 agents, each the official MCP client, ask for 300 things that six policies hold, and go on with
other work. Four people decide in a real browser, by the forms of queue and request: they approve,
decline, ask for changes, allow the like of it beforehand, break the glass and review that; some
requests are withdrawn, overtaken, or left until they expire. At the end the ledger alone must prove
that nothing ran without the consent that it took (`benchmarks.ledger_check`), and no call of an
agent may have taken 55 seconds. Ends with 1 for any fault. `--requests 30 --agents 6` is a try.
"""

from __future__ import annotations

import argparse
import json
import logging
import shutil
import sys

from benchmarks.gated import Plan, run_day
from tests.browser import NAMES


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--agents", type=int, default=29)
    parser.add_argument("--requests", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None:
        parser.error("there is no Chromium on this machine; install one")
    logging.getLogger("mcp").setLevel(logging.CRITICAL)  # calls that are cut off in the evening
    day = run_day(
        Plan(chromium, agents=options.agents, requests=options.requests, seed=options.seed)
    )
    figures = day.figures()
    lines = (f"{name.replace('_', ' '):32} {value}" for name, value in figures.items())
    print(json.dumps(figures) if options.json else "\n".join(lines))
    return bool(day.faults)


if __name__ == "__main__":
    sys.exit(main())
