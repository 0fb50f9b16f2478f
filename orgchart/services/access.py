"""The ways in: credentials, join codes, one-time sign-in links."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen
from django.utils import timezone

from audit.ledger import record
from orgchart import events, tokens
from orgchart.authority import ALL_SCOPES
from orgchart.models import Credential, JoinCode, Member, SignInLink
from orgchart.schemas import CredentialOut, JoinCodeOut, NewCredential
from orgchart.selectors import access_credential, access_own_or_administered
from teammcp.core.actions import action
from teammcp.core.context import current_call
from teammcp.core.errors import Conflict, Forbidden, InvalidInput
from teammcp.core.lane import run_write
from teammcp.core.texts import Line, clean_line, shortened

SIGN_IN_LINK_FOR = timedelta(minutes=30)


def make_credential(
    member: Member,
    *,
    label: str,
    scopes: list[str] | None = None,
    expires_in_days: int | None = None,
) -> tuple[str, Credential]:
    """The row of a new credential and its token. For actions of this app only."""
    token = tokens.new_token(tokens.CREDENTIAL)
    now = timezone.now()
    row = Credential.objects.create(
        member=member,
        label=label,
        hint=tokens.hint_of(token),
        digest=tokens.digest_of(token),
        scopes=scopes,
        created_at=now,
        expires_at=now + timedelta(days=expires_in_days) if expires_in_days else None,
    )
    return token, row


@action(scope="profile:write")
def issue_credential(
    *,
    actor: Member,
    member: Annotated[str, MaxLen(60)] = "",
    label: Line = "",
    scopes: Annotated[list[str], MaxLen(20)] | None = None,
    expires_in_days: Annotated[int, Ge(1), Le(3650)] | None = None,
) -> NewCredential:
    """A further credential for yourself, or with the admin scope for another member; shown once.

    `scopes` narrows what it may do; without it, all that the member's authority grants.
    """
    owner = access_own_or_administered(actor=actor, handle=member)
    _check_may_hold(actor, owner, scopes)
    _check_outlives(timezone.now() + timedelta(days=expires_in_days) if expires_in_days else None)
    token, row = make_credential(
        owner, label=clean_line("label", label), scopes=scopes, expires_in_days=expires_in_days
    )
    _record(events.CREDENTIAL_ISSUED, actor, row)
    return NewCredential(credential=CredentialOut.of(row), token=token)


def _check_may_hold(actor: Member, owner: Member, scopes: list[str] | None) -> None:
    if owner.status == Member.Status.RETIRED:
        raise Conflict(f"@{owner.handle} is retired.", next="Register a new member instead.")
    if owner.authority == "owner" and owner.pk != actor.pk and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can issue a credential for an owner.", next="Ask an owner.")
    if actor.credential_scopes is not None:
        beyond = set(ALL_SCOPES if scopes is None else scopes) - actor.credential_scopes
        if beyond:
            raise Forbidden(
                "A narrowed credential cannot issue a wider one.",
                next="Pass `scopes` within those of the credential in use.",
                yours=sorted(actor.credential_scopes),
            )
    unknown = set(scopes or ()) - ALL_SCOPES
    if unknown:
        raise InvalidInput(
            f"There is no scope {shortened(min(unknown))!r}.",
            fields={"scopes": "unknown"},
            next=f"Choose among {', '.join(sorted(ALL_SCOPES))}.",
        )


def _check_outlives(end: datetime | None) -> None:
    """A credential that ends must not make one that ends later, or never."""
    in_use = Credential.objects.filter(pk=current_call().credential_id or 0).first()
    if in_use is None or in_use.expires_at is None:
        return
    if end is None or end > in_use.expires_at:
        raise Forbidden(
            "The credential in use ends, so it cannot make one that ends later.",
            next="Pass a shorter expires_in_days, or use a credential without an end.",
            ends_at=in_use.expires_at.isoformat(),
        )


@action(scope="profile:write")
def rotate_credential(
    *,
    actor: Member,
    credential_id: int,
    overlap_minutes: Annotated[int, Ge(0), Le(10_080)] = 0,
) -> NewCredential:
    """Replace a credential by a fresh one, shown once. The old one works for the overlap."""
    old = access_credential(actor=actor, credential_id=credential_id)
    if not old.usable:
        raise Conflict("This credential has ended already.", next="Call issue_credential instead.")
    _check_may_hold(actor, old.member, old.scopes)
    _check_outlives(old.expires_at)
    token, row = make_credential(old.member, label=old.label, scopes=old.scopes)
    row.expires_at = old.expires_at
    row.save(update_fields=["expires_at"])
    end = timezone.now() + timedelta(minutes=overlap_minutes)
    if overlap_minutes:
        old.expires_at = min(end, old.expires_at or end)
        old.save(update_fields=["expires_at"])
    else:
        old.revoked_at = end
        old.save(update_fields=["revoked_at"])
    _record(events.CREDENTIAL_ROTATED, actor, row, replaces=old.pk)
    return NewCredential(credential=CredentialOut.of(row), token=token)


@action(scope="profile:write")
def revoke_credential(*, actor: Member, credential_id: int) -> CredentialOut:
    """End a credential: its next call fails, its open streams end within seconds."""
    row = access_credential(actor=actor, credential_id=credential_id)
    if row.revoked_at is not None:
        raise Conflict("This credential was revoked already.", next="Nothing is left to do.")
    foreign_owner = row.member.authority == "owner" and row.member_id != actor.pk
    if foreign_owner and not actor.has_scope("owner"):
        raise Forbidden("Only an owner can revoke an owner's credential.", next="Ask an owner.")
    row.revoked_at = timezone.now()
    row.save(update_fields=["revoked_at"])
    _record(events.CREDENTIAL_REVOKED, actor, row)
    return CredentialOut.of(row)


def _record(kind: str, actor: Member, row: Credential, **more: int) -> None:
    record(
        kind,
        actor=actor,
        target=f"credential:{row.pk}",
        topics=["admin", f"member-{row.member_id}"],
        data={"handle": row.member.handle, "hint": row.hint, "label": row.label, **more},
    )


@action(scope="org:write")
def create_join_code(
    *,
    actor: Member,
    uses: Annotated[int, Ge(1), Le(10_000)] = 1,
    days: Annotated[int, Ge(1), Le(365)] = 1,
    authority: Literal["member", "observer"] = "member",
) -> JoinCodeOut:
    """A code with which agents register themselves: so many uses, for so many days; shown once."""
    return make_join_code(actor, uses=uses, days=days, authority=authority)


def make_join_code(
    actor: Member, *, uses: int, days: int, authority: str = "member", opening: bool = False
) -> JoinCodeOut:
    """The row of a join code, and the code. For actions of this app only."""
    code = tokens.new_token(tokens.JOIN_CODE)
    now = timezone.now()
    row = JoinCode.objects.create(
        digest=tokens.digest_of(code),
        hint=tokens.hint_of(code),
        authority=authority,
        uses_left=uses,
        expires_at=now + timedelta(days=days),
        created_by=actor,
        created_at=now,
        opening=opening,
    )
    record(
        events.JOIN_CODE_CREATED,
        actor=actor,
        target=f"join_code:{row.pk}",
        topics=["admin"],
        data={"uses": uses, "authority": authority, "hint": row.hint},
    )
    return JoinCodeOut(
        join_code=code, authority=authority, uses_left=uses, expires_at=row.expires_at
    )


def make_sign_in_link(
    member: Member,
    *,
    actor: Member,
    lasting: timedelta = SIGN_IN_LINK_FOR,
    opening: bool = False,
) -> str:
    """The token of a one-time way into the dashboard."""

    def make() -> str:
        token = tokens.new_token(tokens.SIGN_IN)
        SignInLink.objects.create(
            member=member,
            digest=tokens.digest_of(token),
            expires_at=timezone.now() + lasting,
            opening=opening,
        )
        record(
            events.SIGN_IN_LINK_CREATED,
            actor=actor,
            target=f"member:{member.pk}",
            topics=["admin"],
            data={"handle": member.handle},
        )
        return token

    return run_write(make)


def void_openings() -> None:
    """End the ways in that earlier starts of the server printed."""
    now = timezone.now()
    JoinCode.objects.filter(opening=True, expires_at__gt=now).update(expires_at=now)
    SignInLink.objects.filter(opening=True, used_at=None, expires_at__gt=now).update(expires_at=now)


def redeem_sign_in_link(token: str) -> Member | None:
    """The member whom this link signs in, once; None for a wrong, used or expired one."""

    def redeem() -> Member | None:
        links = SignInLink.objects.filter(
            digest=tokens.digest_of(token), used_at=None, expires_at__gt=timezone.now()
        ).exclude(member__status=Member.Status.RETIRED)
        if links.update(used_at=timezone.now()) != 1:
            return None
        link = SignInLink.objects.select_related("member").get(digest=tokens.digest_of(token))
        record(
            events.SIGNED_IN,
            actor=link.member,
            target=f"member:{link.member_id}",
            topics=["admin", f"member-{link.member_id}"],
            data={"handle": link.member.handle},
        )
        return link.member

    return run_write(redeem)
