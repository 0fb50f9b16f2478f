"""Sessions of the session era, of which a process keeps nothing.

The id of a session is signed for the credential that began it, so that any process can tell a
valid one, also after a restart. What a session listens to is in the database; the streams of a
session hear of a change there through the ledger. Calls need no session and ask for none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta

from django.core import signing
from django.utils import timezone

from audit.ledger import record
from mcp_bridge import events
from mcp_bridge.models import Subscription
from mcp_bridge.resources import LONGEST_URI, address_of
from orgchart.models import Member
from teammcp.core.errors import Conflict, NotFound
from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads

LASTS = timedelta(days=30)
MOST_URIS = 50  # that one session, or one request to listen, may name


def begin(credential_id: int | None) -> str:
    """The id of a new session."""
    return _signer(credential_id).sign(secrets.token_urlsafe(12))


def find(identifier: str, credential_id: int | None) -> str:
    """The session of this id. Raises NotFound for one that was never begun with this credential,
    or too long ago; a client then begins anew."""
    try:
        return _signer(credential_id).unsign(identifier, max_age=LASTS)
    except signing.BadSignature:
        raise NotFound(
            "There is no such session.", next="Send `initialize` for a new one, then subscribe."
        ) from None


def _signer(credential_id: int | None) -> signing.TimestampSigner:
    return signing.TimestampSigner(salt=f"mcp-session-{credential_id}")


def addresses(session: str) -> list[str]:
    """What a session listens to, in the order in which it subscribed."""
    rows = Subscription.objects.filter(session=session).order_by("pk")
    return list(rows.values_list("uri", flat=True))


def subscribe(member: Member, credential_id: int, session: str, uri: str) -> None:
    """Let a session listen to an address. Raises AppError for what the member may not read."""
    run_write(lambda: _subscribe(member, credential_id, session, uri))


def unsubscribe(member: Member, session: str, uri: str = "") -> None:
    """Let a session listen to an address no longer, or to none where no address is given."""
    run_write(lambda: _unsubscribe(member, session, uri))


async def arun(job: Callable[[], None]) -> None:
    """Run one of these without holding a thread while it waits for its turn to write."""
    await (lane.arun(job) if lane.running else reads.arun(job))


def _subscribe(member: Member, credential_id: int, session: str, uri: str) -> None:
    address_of(uri).changes(member)
    known = addresses(session)
    if uri in known:
        return
    if len(known) >= MOST_URIS:
        raise Conflict(
            f"This session listens to {MOST_URIS} addresses already.",
            next="Unsubscribe from one of them, or follow /api/events/stream/.",
        )
    now = timezone.now()
    Subscription.objects.filter(expires_at__lt=now).delete()
    Subscription.objects.create(
        session=session, credential_id=credential_id, uri=uri, expires_at=now + LASTS
    )
    _record(events.SUBSCRIBED, member, session, uri)


def _unsubscribe(member: Member, session: str, uri: str) -> None:
    rows = Subscription.objects.filter(session=session)
    if uri:
        rows = rows.filter(uri=uri[:LONGEST_URI])
    ended = list(rows.values_list("uri", flat=True))
    if ended:
        rows.delete()
        _record(events.UNSUBSCRIBED, member, session, ", ".join(ended))


def _record(kind: str, member: Member, session: str, uri: str) -> None:
    topics = [f"member-{member.pk}"]
    record(kind, actor=member, topics=topics, data={"uri": uri, "session": session})
