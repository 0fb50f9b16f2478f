"""Leases on names: who holds what, who waits for it, and which files they cover."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Literal

from annotated_types import Ge, Le, MaxLen, MinLen
from django.utils import timezone

from messaging.access import visible_places
from orgchart.models import Member
from orgchart.selectors import access_member
from tasks.access import LeaseRef, access_lease, visible_tasks
from tasks.book import Book
from tasks.lease_schemas import FilesChecked, HeldFile, LeasePage, NamedLease
from tasks.models import Lease
from tasks.names import Finder, kept, overlapping, scope_of
from tasks.selectors.showing import homes_of
from teammcp.core.actions import query
from teammcp.core.cursors import cursor_in

LONGEST_HOURS = 24  # from the beginning of a lease, however often it is extended
Which = Literal["live", "held", "waiting", "mine"]
Path = Annotated[str, MinLen(1), MaxLen(4096)]


@query(scope="tasks:read")
def list_leases(
    *,
    actor: Member,
    name: Annotated[str, MaxLen(300)] = "",
    holder: Annotated[str, MaxLen(60)] = "",
    which: Which = "live",
    limit: Annotated[int, Ge(1), Le(200)] = 20,
    after: Annotated[str, MaxLen(20)] = "",
) -> LeasePage:
    """Who holds what, and who waits for it, in the order in which they asked.

    `name` asks about one name or glob, such as "src/api/x.py" or "deploy:*": all that overlaps it.
    `holder` is a member. Leases that you may not see are left out; take_lease tells that a name is
    taken all the same.
    """
    wanted = kept([name]) if name else []
    member = (
        (actor if holder == "me" else access_member(actor=actor, handle=holder)).pk
        if (holder)
        else None
    )
    begin = cursor_in(after, "after", advice="Pass the cursor of the page before.") if after else 0
    book = Book.read()
    rows = [lease for lease in seen(actor, _of(book, actor, which)) if lease.pk > begin]
    rows = [
        lease
        for lease in rows
        if (member is None or lease.holder_id == member)
        and (not wanted or overlapping(lease.names, wanted))
    ]
    page, more = rows[:limit], len(rows) > limit
    return LeasePage(
        items=leases_out(actor, page, book),
        more=more,
        cursor=str(page[-1].pk) if more else None,
    )


def _of(book: Book, actor: Member, which: str) -> list[Lease]:
    if which == "held":
        return book.held
    if which == "mine":
        return [lease for lease in book.all if lease.holder_id == actor.pk]
    if which == "waiting":
        return [lease for lease in book.all if lease.state == Lease.State.WAITING]
    return book.all


def seen(actor: Member, leases: Iterable[Lease]) -> list[Lease]:
    """Those that the actor may see: the rule of `visible_leases`, for rows that are read already.
    One query."""
    leases = list(leases)
    hidden = {lease.home_id for lease in leases if lease.home_id and lease.holder_id != actor.pk}
    places = visible_places(actor).filter(pk__in=hidden) if hidden else None
    homes = {None, *(places.values_list("pk", flat=True) if places is not None else ())}
    return [one for one in leases if one.holder_id == actor.pk or one.home_id in homes]


@query(scope="tasks:read")
def show_lease(*, actor: Member, lease: LeaseRef) -> NamedLease:
    """One lease, or your place in the queue: who holds it until when, or how many are before
    you."""
    return lease_out(actor, access_lease(actor=actor, lease=lease))


def lease_out(actor: Member, lease: Lease, *, note: str | None = None) -> NamedLease:
    """A lease as this reader sees it."""
    return leases_out(actor, [lease], Book.read())[0].model_copy(update={"note": note})


def leases_out(actor: Member, leases: list[Lease], book: Book) -> list[NamedLease]:
    """The same for a list: two further queries for all."""
    homes = homes_of(actor, leases)
    linked = {lease.task_id for lease in leases if lease.task_id}
    rows = visible_tasks(actor).filter(pk__in=linked) if linked else None
    tasks = set(rows.values_list("pk", flat=True)) if rows is not None else set()
    return [_out(actor, lease, book, homes, tasks) for lease in leases]


def _out(
    actor: Member, lease: Lease, book: Book, homes: dict[int, str], tasks: set[int]
) -> NamedLease:
    waiting, held = lease.state == Lease.State.WAITING, lease.state == Lease.State.HELD
    longest = timedelta(hours=LONGEST_HOURS)
    return NamedLease(
        id=lease.name,
        state="over" if held and not lease.is_held() else lease.state,
        names=lease.names,
        holder=lease.holder.handle,
        why=lease.why,
        task=f"T-{lease.task_id}" if lease.task_id in tasks else None,
        home=homes.get(lease.home_id or 0),
        asked_at=lease.asked_at,
        since=lease.held_at,
        until=lease.ends_at,
        latest=lease.held_at + longest if held and lease.held_at else None,
        to_confirm=True if held and not lease.taken_up else None,
        position=book.position(lease) if waiting else None,
        minutes=lease.minutes,
        token=lease.token if held and lease.holder_id == actor.pk else None,
    )


@query(scope="tasks:read")
def check_files(
    *,
    actor: Member,
    paths: Annotated[list[Path], MaxLen(5000)],
    repo: Annotated[str, MaxLen(41)] = "",
) -> FilesChecked:
    """Which of these files are in a lease of somebody else now: what the git hook asks.

    `paths` are relative to the root of the repository; `repo` is the name before the colon in the
    names of leases, for all but the company's one repository.
    """
    now = timezone.now()
    scope = scope_of(repo)
    others = [lease for lease in Book.read(now).held if lease.holder_id != actor.pk]
    known = {lease.pk for lease in seen(actor, others)}
    by_name = {name: lease for lease in others for name in lease.names}
    finder = Finder(by_name, scope)
    held = [
        _held(path, name, by_name[name], hidden=by_name[name].pk not in known)
        for path in dict.fromkeys(paths)
        for name in finder.covering(path)[:1]
    ]
    return FilesChecked(checked=len(set(paths)), held=held)


def _held(path: str, name: str, lease: Lease, *, hidden: bool) -> HeldFile:
    assert lease.ends_at is not None
    return HeldFile(
        path=path,
        name=None if hidden else name,
        lease=None if hidden else lease.name,
        holder=None if hidden else lease.holder.handle,
        why=None if hidden else lease.why,
        until=lease.ends_at,
    )
