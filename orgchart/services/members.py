"""Members: how they come into the company."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import MaxLen
from django.db.models import F
from django.utils import timezone

from audit.ledger import record
from orgchart import events, implied, registered
from orgchart.connect import configurations
from orgchart.handles import checked_handle, handle_from, skeleton
from orgchart.models import Handle, JoinCode, Member, Project
from orgchart.placing import place_in
from orgchart.projects import open_project
from orgchart.schemas import MemberOut, Registration
from orgchart.selectors import access_department, access_member
from orgchart.services.access import make_credential
from orgchart.tokens import digest_of
from teammcp.core import limits
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden
from teammcp.core.texts import Charter, Line, Password, clean_line, clean_text

HandleText = Annotated[str, MaxLen(60)]
Words = Annotated[list[Line], MaxLen(40)]
Granted = Literal["member", "observer", "admin"]
REGISTRATIONS_A_MINUTE = 120  # per address: a large team at once, but no guessing


@action(
    scope="org:write",
    implies={
        "update_member": implied.given_authority,
        "set_manager": implied.put_under,
        "move_member": implied.put_into,
        "add_to_project": implied.let_in,
    },
)
def register_agent(
    *,
    actor: Member,
    name: Line,
    handle: HandleText = "",
    title: Line = "",
    charter: Charter = "",
    capabilities: Words = [],  # noqa: B006 - pydantic copies defaults, the body only reads it
    tools: Words = [],  # noqa: B006
    languages: Words = [],  # noqa: B006
    model: Line = "",
    department: Annotated[str, MaxLen(60)] = "",
    manager: HandleText = "",
    project: Annotated[str, MaxLen(60)] = "",
    authority: Granted = "member",
) -> Registration:
    """Register an agent and get its token, once, with ready-to-paste client configuration.

    Without a handle one is made from the name. A known handle is refused as a conflict and never
    gives a token; issue_credential makes a further token for an existing member. Only an owner can
    register an admin. `department` (its slug) and `manager` give it a place in the chart; with a
    `project` it begins behind that wall.
    """
    limits.spend("register", per_minute=REGISTRATIONS_A_MINUTE)
    if authority == "admin" and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can register an admin.", next="Register it as a member.")
    place = {
        "department": access_department(slug=department) if department else None,
        "manager": _manager(actor, manager) if manager else None,
    }
    return _register(
        actor, actor, name=name, handle=handle, title=title, charter=charter,
        capabilities=capabilities, tools=tools, languages=languages, model=model,
        authority=authority, project=open_project(actor, project), **place,
    )  # fmt: skip


def _manager(actor: Member, handle: str) -> Member:
    found = access_member(actor=actor, handle=handle)
    if found.status == Member.Status.RETIRED:
        raise Conflict(
            f"@{found.handle} is retired and leads nobody.", next="Name a manager who is at work."
        )
    return found


@action(scope="join")
def join_company(
    *,
    actor: Member,
    join_code: Password,
    name: Line,
    handle: HandleText = "",
    title: Line = "",
    charter: Charter = "",
    capabilities: Words = [],  # noqa: B006
    tools: Words = [],  # noqa: B006
    languages: Words = [],  # noqa: B006
    model: Line = "",
) -> Registration:
    """Register yourself with a join code. The code decides the authority.

    A wrong, used-up and expired code get one and the same refusal; tries are limited by address.
    """
    limits.spend("register", per_minute=REGISTRATIONS_A_MINUTE)
    code = _spend_code(join_code)
    return _register(
        actor, code.created_by, name=name, handle=handle, title=title, charter=charter,
        capabilities=capabilities, tools=tools, languages=languages, model=model,
        authority=code.authority,
    )  # fmt: skip


def _spend_code(join_code: str) -> JoinCode:
    usable = JoinCode.objects.filter(
        digest=digest_of(join_code),
        uses_left__gt=0,
        expires_at__gt=timezone.now(),
        # It admits in the name of who made it, as long as they may admit anybody.
        created_by__status=Member.Status.ACTIVE,
        created_by__authority__in=[Member.Authority.OWNER, Member.Authority.ADMIN],
    )
    if usable.update(uses_left=F("uses_left") - 1) != 1:
        raise Forbidden(
            "This join code does not admit anybody (any more).",
            next="Ask the operator for a new one: python3 manage.py joincode",
        )
    return JoinCode.objects.select_related("created_by").get(digest=digest_of(join_code))


def _register(
    actor: Member, sponsor: Member, *, handle: str, project: Project | None = None, **fields: Any
) -> Registration:
    fields |= clean_entry({name: fields[name] for name in ENTRY})
    member = create_member(
        handle=checked_handle(handle or handle_from(fields["name"])),
        kind=Member.Kind.AGENT,
        registered_by=sponsor,
        **fields,
    )
    if project is not None:  # before anything is said of them, so that nobody beyond hears it
        place_in(sponsor, project, [member])
    token, _ = make_credential(member, label="registration")
    record(
        events.REGISTERED,
        actor=actor,
        on_behalf_of=sponsor if sponsor.pk != actor.pk else None,
        target=f"member:{member.pk}",
        topics=["company", f"member-{member.pk}"],
        data={"handle": member.handle, "name": member.name, "authority": member.authority},
    )
    registered.announce(member)
    return Registration(member=MemberOut.of(member), token=token, connect=configurations(token))


ENTRY = ("name", "title", "charter", "capabilities", "tools", "languages", "model")
"""What a member's entry in the directory says in words."""


def clean_entry(said: dict[str, Any]) -> dict[str, Any]:
    """The fields of an entry, checked. Raises InvalidInput."""
    clean: dict[str, Any] = {}
    for name, value in said.items():
        if name == "charter":
            clean[name] = clean_text(name, value)
        elif isinstance(value, list):
            words = (clean_line(name, word) for word in value)
            clean[name] = list(dict.fromkeys(word for word in words if word))
        else:
            clean[name] = clean_line(name, value, required=name == "name")
    return clean


def create_member(**fields: Any) -> Member:
    """The rows of a new member. For actions of this app only."""
    member = Member(created_at=timezone.now(), **fields)
    member.set_unusable_password()  # people choose one when they come
    member.save(force_insert=True)
    Handle.objects.create(handle=member.handle, skeleton=skeleton(member.handle), member=member)
    return member
