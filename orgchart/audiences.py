"""Who may read the topics of this app."""

from __future__ import annotations

from collections.abc import Iterator

from audit.topics import audience
from orgchart.models import Member


@audience
def own_topics(actor: Member) -> Iterator[str]:
    """What concerns everybody, what concerns oneself, and for admins the house-keeping."""
    yield "company"
    yield f"member-{actor.pk}"
    if actor.has_scope("admin"):
        yield "admin"
