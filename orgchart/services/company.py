"""Opening the company: what `up` does before it serves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from audit.ledger import record
from orgchart import events, registered
from orgchart.models import Member
from orgchart.selectors import system_member
from orgchart.services.access import make_join_code, make_sign_in_link, void_openings
from orgchart.services.entries import apply_changes
from orgchart.services.members import create_member
from teammcp.core.errors import Conflict
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
    """Create the owner and the house rules on the first start; make the ways in of this start,
    which void those of the starts before it."""
    first = found_company()
    return run_write(lambda: _open(first=first))


def _open(*, first: bool) -> OpenedCompany:
    void_openings()
    owner = _first_owner()
    link = make_sign_in_link(owner, actor=system_member(), opening=True)
    code = make_join_code(owner, uses=START_CODE_USES, days=7, opening=True)
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
    record(events.OPENED, actor=house, topics=["company"], data={"owner": owner.handle})
    registered.announce(owner)
    return True


def _first_owner() -> Member:
    """Whom the operator signs in as: the first owner, people before agents. Without any, the person
    who founded the company is its owner again."""
    owners = Member.objects.filter(authority=Member.Authority.OWNER, status=Member.Status.ACTIVE)
    people = owners.filter(kind=Member.Kind.HUMAN)
    return people.order_by("pk").first() or owners.order_by("pk").first() or _reinstated()


def _reinstated() -> Member:
    """Whoever can start the server has the data folder, so nobody is given more than they have."""
    founder = Member.objects.filter(kind=Member.Kind.HUMAN).order_by("pk").first()
    if founder is None:
        raise Conflict(
            "This company has no owner, and nobody who could be one.",
            next="Restore its data folder from a backup, or start with an empty one.",
        )
    before = {"authority": founder.authority, "status": founder.status}
    after = {"authority": Member.Authority.OWNER.value, "status": Member.Status.ACTIVE.value}
    changed = {name: value for name, value in after.items() if before[name] != value}
    apply_changes(system_member(), founder, before, changed)
    return founder
