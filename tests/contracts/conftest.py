"""The contracts are tried in the company of the access table."""

from tests.access.conftest import faces, office, snapshot

__all__ = ["faces", "office", "snapshot"]
