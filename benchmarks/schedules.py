"""Exactly once, at full length: `python -m benchmarks.schedules`.

Worker processes run hundreds of due times by a clock that the proof moves, and are killed with
SIGKILL meanwhile, also between claim and commit. Ends with 1 where a due time has no message or
two.
"""

from __future__ import annotations

import argparse
import json
import sys

from benchmarks.timekeeping import Plan, prove


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    usual = Plan()
    for name in ("schedules", "minutes", "workers", "kills", "held", "seed"):
        parser.add_argument(f"--{name}", type=int, default=getattr(usual, name))
    parser.add_argument("--json", action="store_true", help="one JSON object")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    figures = prove(Plan(**options)).figures()
    if as_json:
        print(json.dumps(figures))
    else:
        print("\n".join(f"{name:12} {value}" for name, value in figures.items()))
    if figures["faults"]:
        sys.exit(1)


if __name__ == "__main__":
    main()
