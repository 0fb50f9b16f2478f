"""A day under policies: agents ask for hundreds of things, people decide in browsers.

`benchmarks/gated_day.py` runs it; `benchmarks/ledger_check.py` looks into the ledger afterwards.
"""

from benchmarks.gated.day import Day, Plan, run_day

__all__ = ["Day", "Plan", "run_day"]
