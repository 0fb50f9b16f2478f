"""Measurements of a whole server, started as a user starts it. `docs/performance.md` has figures."""
