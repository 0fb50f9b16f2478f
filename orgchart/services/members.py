"""Members: registering, changing and retiring them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from annotated_types import MaxLen
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils import timezone

from audit.ledger import record
from orgchart import events, registered
from orgchart.connect import configurations
from orgchart.handles import checked_handle, handle_from, skeleton
from orgchart.models import Credential, Handle, JoinCode, Member
from orgchart.schemas import MemberOut, Registration
from orgchart.selectors import access_member
from orgchart.services.access import make_credential
from orgchart.tokens import digest_of
from teammcp.core import limits
from teammcp.core.actions import action
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.texts import Charter, Line, Password, clean_line, clean_text

HandleText = Annotated[str, MaxLen(60)]
Skills = Annotated[list[Line], MaxLen(40)]
Granted = Literal["member", "observer", "admin"]
REGISTRATIONS_A_MINUTE = 120  # per address: a large team at once, but no guessing


@action(scope="org:write")
def register_agent(
    *,
    actor: Member,
    name: Line,
    handle: HandleText = "",
    title: Line = "",
    charter: Charter = "",
    capabilities: Skills = [],  # noqa: B006 - pydantic copies defaults, the body only reads it
    authority: Granted = "member",
) -> Registration:
    """Register an agent and get its token, once, with ready-to-paste client configuration.

    Without a handle one is made from the name. A known handle is refused as a conflict and never
    gives a token; issue_credential makes a further token for an existing member. Only an owner can
    register an admin.
    """
    limits.spend("register", per_minute=REGISTRATIONS_A_MINUTE)
    if authority == "admin" and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can register an admin.", next="Register it as a member.")
    return _register(
        actor, actor, name=name, handle=handle, title=title, charter=charter,
        capabilities=capabilities, authority=authority,
    )  # fmt: skip


@action(scope="join")
def join_company(
    *,
    actor: Member,
    join_code: Password,
    name: Line,
    handle: HandleText = "",
    title: Line = "",
    charter: Charter = "",
    capabilities: Skills = [],  # noqa: B006
) -> Registration:
    """Register yourself with a join code. The code decides the authority.

    A wrong, used-up and expired code get one and the same refusal; tries are limited by address.
    """
    limits.spend("register", per_minute=REGISTRATIONS_A_MINUTE)
    code = _spend_code(join_code)
    return _register(
        actor, code.created_by, name=name, handle=handle, title=title, charter=charter,
        capabilities=capabilities, authority=code.authority,
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


def _register(actor: Member, sponsor: Member, *, handle: str, **fields: Any) -> Registration:
    fields["name"] = clean_line("name", fields["name"], required=True)
    fields["title"] = clean_line("title", fields["title"])
    fields["charter"] = clean_text("charter", fields["charter"])
    fields["capabilities"] = [clean_line("capabilities", skill) for skill in fields["capabilities"]]
    member = create_member(
        handle=checked_handle(handle or handle_from(fields["name"])),
        kind=Member.Kind.AGENT,
        registered_by=sponsor,
        **fields,
    )
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


def create_member(**fields: Any) -> Member:
    """The rows of a new member. For actions of this app only."""
    member = Member(created_at=timezone.now(), **fields)
    if member.kind != Member.Kind.HUMAN:
        member.set_unusable_password()
    member.save(force_insert=True)
    Handle.objects.create(handle=member.handle, skeleton=skeleton(member.handle), member=member)
    return member


@action(scope="profile:write")
def update_member(
    *,
    actor: Member,
    member: HandleText = "",
    name: Line | None = None,
    title: Line | None = None,
    charter: Charter | None = None,
    capabilities: Skills | None = None,
    handle: HandleText | None = None,
    authority: Literal["owner", "admin", "member", "observer"] | None = None,
    status: Literal["active", "paused"] | None = None,
) -> MemberOut:
    """Change a member's entry: your own without `member`; others' need the admin scope.

    Handle, authority and status can be changed by admins only, what concerns an owner by owners
    only. A renamed member keeps the old handle for ever. The last owner cannot be demoted or
    paused.
    """
    target = access_member(actor=actor, handle=member or actor.handle, lock=True)
    _check_may_update(actor, target, handle=handle, authority=authority, status=status)
    changes: dict[str, Any] = {
        "name": name if name is None else clean_line("name", name, required=True),
        "title": title if title is None else clean_line("title", title),
        "charter": charter if charter is None else clean_text("charter", charter),
        "capabilities": capabilities and [clean_line("capabilities", c) for c in capabilities],
        "authority": authority,
        "status": status,
    }
    changes = {key: value for key, value in changes.items() if value is not None}
    if handle is not None and handle.strip().removeprefix("@").lower() != target.handle:
        changes["handle"] = _new_handle(target, handle)
    before = {key: getattr(target, key) for key in changes}
    changed = {key: value for key, value in changes.items() if before[key] != value}
    if changed:
        _apply(actor, target, before, changed)
    return MemberOut.of(target)


def _check_may_update(actor: Member, target: Member, **ruled: Any) -> None:
    own = actor.pk == target.pk and not any(ruled.values())
    if not actor.has_scope("admin") and not own:
        raise Forbidden(
            "Only an owner or admin can change this; you can edit your own name, title, charter"
            " and capabilities.",
            next="Ask an admin to do it.",
        )
    touches_owner = "owner" in (target.authority, ruled["authority"])
    if touches_owner and not own and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can change this about an owner.", next="Ask an owner.")
    if ruled["authority"] == "admin" and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can appoint admins.", next="Ask an owner.")
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired.", next="Register a new member instead.")
    loses = ruled["authority"] not in (None, "owner") or ruled["status"] == "paused"
    if target.authority == "owner" and loses:
        check_not_last_owner(target)


def check_not_last_owner(target: Member) -> None:
    """A company never loses its last active owner."""
    others = Member.objects.filter(
        authority=Member.Authority.OWNER, status=Member.Status.ACTIVE
    ).exclude(pk=target.pk)
    if not others.exists():
        raise Conflict(
            f"@{target.handle} is the last owner.", next="Make somebody else an owner first."
        )


def _new_handle(target: Member, wanted: str) -> str:
    plain = wanted.strip().removeprefix("@").lower()
    if Handle.objects.filter(handle=plain, member=target).exists():
        return plain  # back to a handle that was theirs already
    new = checked_handle(wanted)
    Handle.objects.create(handle=new, skeleton=skeleton(new), member=target)
    return new


def _apply(actor: Member, target: Member, before: dict[str, Any], changed: dict[str, Any]) -> None:
    for key, value in changed.items():
        setattr(target, key, value)
    target.save(update_fields=list(changed))
    record(
        events.UPDATED,
        actor=actor,
        target=f"member:{target.pk}",
        topics=["company", f"member-{target.pk}"],
        data={
            "handle": target.handle,
            "changed": {key: [before[key], value] for key, value in changed.items()},
        },
    )


@action(scope="org:write")
def retire_member(*, actor: Member, member: HandleText) -> MemberOut:
    """Retire a member for good: its credentials end at once, its handle and history stay."""
    target = access_member(actor=actor, handle=member, lock=True)
    if target.authority == "owner":
        if not actor.has_scope("owner"):
            raise Forbidden("Only an owner can retire an owner.", next="Ask an owner.")
        check_not_last_owner(target)
    if target.status == Member.Status.RETIRED:
        raise Conflict(f"@{target.handle} is retired already.", next="Nothing is left to do.")
    target.status = Member.Status.RETIRED
    target.save(update_fields=["status"])
    Credential.objects.filter(member=target, revoked_at=None).update(revoked_at=timezone.now())
    record(
        events.RETIRED,
        actor=actor,
        target=f"member:{target.pk}",
        topics=["company", f"member-{target.pk}"],
        data={"handle": target.handle},
    )
    return MemberOut.of(target)


@action(scope="owner")
def finish_welcome(*, actor: Member, name: Line, password: Password) -> MemberOut:
    """The owner's first steps: a name and a password. Possible once."""
    if actor.welcomed_at is not None:
        raise Conflict("The first steps are done already.", next="Sign in and go on.")
    _check_password(actor, password)
    actor.name = clean_line("name", name, required=True)
    actor.set_password(password)
    actor.welcomed_at = timezone.now()
    actor.save(update_fields=["name", "password", "welcomed_at"])
    record(events.WELCOMED, actor=actor, target=f"member:{actor.pk}", topics=[f"member-{actor.pk}"])
    return MemberOut.of(actor)


@action(scope="profile:write")
def set_password(*, actor: Member, current: Password, password: Password) -> MemberOut:
    """Change your password for the dashboard. For people."""
    if actor.kind != Member.Kind.HUMAN or not actor.check_password(current):
        raise Forbidden("The current password is not right.", next="Try again, or ask an owner.")
    _check_password(actor, password)
    actor.set_password(password)
    actor.save(update_fields=["password"])
    record(
        events.PASSWORD_SET, actor=actor, target=f"member:{actor.pk}", topics=[f"member-{actor.pk}"]
    )
    return MemberOut.of(actor)


def _check_password(member: Member, password: str) -> None:
    try:
        validate_password(password, member)
    except ValidationError as error:
        raise InvalidInput(
            " ".join(error.messages), fields={"password": "too weak"}, next="Choose a longer one."
        ) from None
