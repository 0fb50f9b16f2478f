"""The contracts are tried in the company of the access table."""

from tests.access.conftest import faces, office, office_with_everything, snapshot

__all__ = ["faces", "office", "office_with_everything", "snapshot"]
