"""A company's day at full length: `python -m benchmarks.company_day`.

29 agents, 3,000 messages in six channels, threads and direct conversations; the server's whole
process group is killed with SIGKILL five times meanwhile. Ends with 1 where anything was lost,
doubled, out of order or not offered.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from typing import Any

from benchmarks.company import Plan, run_day
from tests.browser import NAMES


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--agents", type=int, default=29)
    parser.add_argument("--messages", type=int, default=3_000)
    parser.add_argument("--kills", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--no-browser", action="store_true")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = parser.parse_args()
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    if chromium is None and not options.no_browser:
        sys.exit("There is no Chromium on this machine; install one, or pass --no-browser.")
    day = run_day(
        Plan(
            agents=options.agents,
            messages=options.messages,
            kills=options.kills,
            seed=options.seed,
            chromium=None if options.no_browser else chromium,
        )
    )
    figures = day.figures()
    print(json.dumps(figures) if options.json else _as_text(figures))
    if day.faults or day.browser is False:
        sys.exit(1)


def _as_text(figures: dict[str, Any]) -> str:
    return "\n".join(f"{name.replace('_', ' '):32} {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
