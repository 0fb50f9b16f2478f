"""Who may read the topics of this app."""

from __future__ import annotations

from collections.abc import Iterator

from audit.topics import audience, discreet
from orgchart.models import Member
from orgchart.walls import bound, hidden_from, own_projects


@audience
def own_topics(actor: Member) -> Iterator[str]:
    """What concerns everybody, what concerns oneself, and for admins the house-keeping."""
    yield "company"
    yield f"member-{actor.pk}"
    if actor.has_scope("admin"):
        yield "admin"
    elif actor.walled:
        for row in own_projects(actor):
            yield project_topic(row["project"])


@discreet
def beyond_the_walls(actor: Member) -> Iterator[int]:
    """Of whom a member of a project hears nothing."""
    if bound(actor):
        yield from hidden_from(actor).values_list("pk", flat=True)


def project_topic(project_id: int) -> str:
    """The events of a project: for its members. What concerns it carries "admin" as well."""
    return f"project-{project_id}"
