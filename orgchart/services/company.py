"""Opening the company: what `up` does before it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from audit.ledger import record
from orgchart import events, registered
from orgchart.models import Member
from orgchart.selectors import system_member
from orgchart.services.access import create_join_code, make_sign_in_link
from orgchart.services.members import create_member
from teammcp.core.lane import run_write

SYSTEM_HANDLE, OWNER_HANDLE = "teammcp", "owner"
START_CODE_USES = 50

Preparation = Callable[[], None]
_preparations: list[Preparation] = []


def on_open(preparation: Preparation) -> Preparation:
    """Call this function whenever the company opens, after its first members exist. For apps above;
    it must be harmless to repeat."""
    _preparations.append(preparation)
    return preparation


@dataclass(frozen=True, slots=True)
class OpenedCompany:
    """What the operator is shown at the start. The secrets are not kept."""

    owner_handle: str
    sign_in_token: str
    join_code: str
    first_start: bool


def open_company() -> OpenedCompany:
    """Create the owner and the house rules on the first start; make the ways in of this start."""
    first = found_company()
    owner = _first_owner()
    link = make_sign_in_link(owner, actor=system_member())
    code = create_join_code(actor=owner, uses=START_CODE_USES, days=7)
    return OpenedCompany(owner.handle, link, code.join_code or "", first)


def found_company() -> bool:
    """The founding alone, without ways in. True on the first call."""
    first = run_write(_found)
    for prepare in _preparations:
        prepare()
    return first


def _found() -> bool:
    if Member.objects.filter(kind=Member.Kind.SYSTEM).exists():
        return False
    house = create_member(
        handle=SYSTEM_HANDLE, name="TeamMCP", kind=Member.Kind.SYSTEM, title="The server itself"
    )
    owner = create_member(
        handle=OWNER_HANDLE,
        name="Owner",
        kind=Member.Kind.HUMAN,
        authority=Member.Authority.OWNER,
        title="Owner",
        last_active_at=timezone.now(),
    )
    owner.set_unusable_password()
    owner.save(update_fields=["password"])
    record(events.OPENED, actor=house, topics=["company"], data={"owner": owner.handle})
    registered.announce(owner)
    return True


def _first_owner() -> Member:
    owners = Member.objects.filter(
        authority=Member.Authority.OWNER, kind=Member.Kind.HUMAN, status=Member.Status.ACTIVE
    )
    return owners.order_by("pk").first() or Member.objects.get(handle=OWNER_HANDLE)
