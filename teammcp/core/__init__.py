"""The mechanism that every app shares; it knows no domain."""
