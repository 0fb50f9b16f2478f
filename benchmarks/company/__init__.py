"""A day in a company: agents talk, a person watches, and the server is killed again and again.

`benchmarks/company_day.py` runs it in full, `tests/e2e/test_company_day.py` in a short form.
"""

from benchmarks.company.day import Day, Plan, run_day

__all__ = ["Day", "Plan", "run_day"]
