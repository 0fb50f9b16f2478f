"""What of the org chart can be read by address."""

from __future__ import annotations

from audit.topics import about_members
from orgchart import directory, selectors
from orgchart.models import Member
from orgchart.schemas import MemberPage
from orgchart.selectors import access_member
from orgchart.walls import bound, hidden_from
from teammcp.core.resources import Changes, Resource, Suggestions

COMPANY = frozenset(["company"])  # what concerns a member and everybody is told on both topics


def _people_changes(actor: Member) -> Changes:
    hidden = frozenset(hidden_from(actor).values_list("pk", flat=True)) if bound(actor) else ()
    return Changes(COMPANY, lambda event: bool(about_members(event.topics).difference(hidden)))


def _member_changes(actor: Member, handle: str = "") -> Changes:
    topic = f"member-{access_member(actor=actor, handle=handle or actor.handle).pk}"
    return Changes(COMPANY, lambda event: topic in event.topics)


def _handles(page: MemberPage) -> list[str]:
    return [member.handle for member in page.items]


RESOURCES = [
    Resource(
        directory.find_people,
        "people",
        title="People",
        description="Everybody in the company: what they do, person or agent, presence, load.",
        changes=_people_changes,
        pages=("query", "skill", "department", "presence", "after"),
    ),
    Resource(
        selectors.show_member,
        "me",
        title="You",
        description="Your own entry: handle, authority, charter, manager.",
        changes=_member_changes,
    ),
    Resource(
        selectors.show_member,
        "member",
        title="A colleague",
        description="One member by handle, retired ones and old handles included.",
        variable="handle",
        arguments=lambda handle: {"member": handle},
        changes=_member_changes,
        suggestions=Suggestions(
            directory.find_people, lambda typed: {"query": typed[:200], "limit": 100}, _handles
        ),
    ),
]
