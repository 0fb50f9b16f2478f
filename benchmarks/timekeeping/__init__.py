"""Do scheduled messages run exactly once, whoever runs them and whoever dies meanwhile?

Worker processes ask one database for what is due, at a time that they read from a file: the clock,
which the proof moves minute by minute. Workers are killed with SIGKILL at random moments, and some
between the claim and the commit. In the end every due time has one message, and nothing else has.
"""

from benchmarks.timekeeping.proof import Plan, Proof, prove

__all__ = ["Plan", "Proof", "prove"]
