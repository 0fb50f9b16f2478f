"""Who calls: from the bearer token to the member, and to nobody else. Behind REST and MCP alike.

The look-up in the database costs as much as a small write, so its answer is kept for a moment. It
is thrown away as soon as the ledger of this process has an event that changes anybody's access (a
revocation, a rotation, a retirement, a changed authority), before who caused it is answered.
"""

from __future__ import annotations

import functools
import hashlib
import time
from dataclasses import dataclass, replace

from audit.live import hub
from orgchart import activity
from orgchart.selectors import Authenticated, Confirm, authenticate, confirming_credential
from teammcp.core.instances import copy_of
from teammcp.core.reads import reads

KEPT_SECONDS = 1.0  # how much longer a token may live that runs out of its time
KEPT_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class _Known:
    caller: Authenticated
    access_seq: int
    until: float


class Callers:
    """The tokens that were used just now, by digest: the token itself is kept nowhere."""

    def __init__(self) -> None:
        self._known: dict[bytes, _Known] = {}

    async def of(self, token: str) -> Authenticated | None:
        """Whom the token speaks for; None for one that is unknown or no longer usable."""
        digest = hashlib.sha256(token.encode("utf-8", "replace")).digest()
        # Before the read: what happens while it runs must count.
        access_seq, now = hub.access_seq, time.monotonic()
        known = self._known.get(digest)
        if known is not None and known.access_seq == access_seq and now < known.until:
            return self._use(known.caller, confirming_credential(known.caller.digest))
        found = await reads.arun(functools.partial(authenticate, token))
        if found is None or access_seq is None:
            self._known.pop(digest, None)
            return found
        if len(self._known) >= KEPT_TOKENS:
            self._known.clear()
        self._known[digest] = _Known(found, access_seq, now + KEPT_SECONDS)
        return self._use(found, found.confirm)

    def forget(self) -> None:
        """Look everybody up again."""
        self._known.clear()

    def _use(self, caller: Authenticated, confirm: Confirm) -> Authenticated:
        """The caller with a member of its own, because an action may change the one it is given."""
        activity.touch(caller.member.pk, caller.credential_id)
        return replace(caller, member=copy_of(caller.member), confirm=confirm)


callers = Callers()
