"""Measurements of a whole server, started as a user starts it. Figures: docs/performance.md."""
