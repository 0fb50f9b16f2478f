"""Who counts: the groups that rules name, worked out from the company as it is now.

A company is small beside its ledger, so it is read whole, in two statements, and everything else is
looked up in memory: any number of requests and stages costs no more.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from fnmatch import fnmatchcase

from django.utils import timezone
from django.utils.text import slugify

from approvals.models import ApprovalRequest, StandIn
from approvals.schemas import Stage
from orgchart.models import Handle, Member

SCOPE = "approvals:write"
PROMPT = "use_tool"  # a client's permission prompt
ANSWERING = "answer_question"
MOST_LEVELS = 9  # "manager+9"


@dataclass(frozen=True, slots=True)
class Seat:
    """A right to decide: one's own, or that of somebody whom one stands in for."""

    member: int
    """who decides"""
    owner: int
    """whose right it is"""


@dataclass
class Company:
    """Everybody, and who stands in for whom at this time."""

    members: Mapping[int, Member]
    stand_ins: Sequence[StandIn]
    now: datetime
    registered: dict[int, list[int]] = field(default_factory=dict)
    """by a member, the agents that they registered"""
    by_handle: dict[str, Member] = field(default_factory=dict)

    @classmethod
    def load(cls, now: datetime | None = None) -> Company:
        """As it is now. Two statements."""
        now = now or timezone.now()
        rows = Member.objects.select_related("department").defer("charter", "password")
        running = StandIn.objects.filter(begins_at__lte=now, ends_at__gt=now, ended_at=None)
        company = cls({row.pk: row for row in rows}, list(running.order_by("pk")), now)
        for member in company.members.values():
            company.by_handle[member.handle] = member
            # A person whom somebody invited is nobody's: only agents belong to who registered them.
            if member.registered_by_id is not None and member.kind == Member.Kind.AGENT:
                company.registered.setdefault(member.registered_by_id, []).append(member.pk)
        return company

    # The chart

    def above(self, member: Member) -> list[Member]:
        """The managers, the nearest first."""
        line: list[Member] = []
        seen = {member.pk}
        while (pk := member.manager_id) is not None and pk not in seen:
            seen.add(pk)
            member = self.members[pk]
            line.append(member)
        return line

    def at_work_above(self, member: Member) -> list[Member]:
        """The managers who are active: paused and retired ones are passed over."""
        return [one for one in self.above(member) if one.status == Member.Status.ACTIVE]

    def agents_of(self, pk: int) -> set[int]:
        """The agents that a member registered, and those that these registered, and so on."""
        found: set[int] = set()
        waiting = [pk]
        while waiting:
            for one in self.registered.get(waiting.pop(), ()):
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found

    def registrars_of(self, member: Member) -> set[int]:
        """Who registered this agent, and who registered those, and so on."""
        found: set[int] = set()
        while member.kind == Member.Kind.AGENT:
            pk = member.registered_by_id
            if pk is None or pk in found:
                break
            found.add(pk)
            member = self.members[pk]
        return found

    def agents_among_registrars(self, askers: Iterable[int]) -> set[int]:
        """Agents that registered one of these: an agent does not answer for its own helpers."""
        found = set[int]().union(*(self.registrars_of(self.members[pk]) for pk in askers))
        return {pk for pk in found if self.members[pk].kind == Member.Kind.AGENT}

    # Groups

    def named(self, group: str) -> Member | None:
        """The member that a group names by handle, also by one from before they were renamed: else
        a rule about somebody would end with their name."""
        handle = group.removeprefix("@")
        if not group.startswith("@"):
            return None
        if handle not in self.by_handle:
            known = Handle.objects.filter(handle=handle).values_list("member", flat=True).first()
            if known is None or known not in self.members:
                return None
            self.by_handle[handle] = self.members[known]
        return self.by_handle[handle]

    def belongs(self, member: Member, group: str) -> bool:
        """Whether a member is in a group that does not depend on who asks."""
        kind, colon, name = group.partition(":")
        if not colon:
            return member == self.named(group)
        match kind:
            case "authority":
                return member.authority == name
            case "kind":
                return member.kind == name
            case "department":
                return member.department is not None and member.department.slug == name
            case "role":
                return bool(member.title) and slugify(member.title) == name
            case "skill":
                return name in {str(one).casefold() for one in member.capabilities}
            case "below":
                return any(one == self.named(name) for one in self.above(member))
        return False

    def asks_under(self, member: Member, requesters: Sequence[str], but: Sequence[str]) -> bool:
        """Whether a rule with these groups is about what this member asks for."""
        if any(self.belongs(member, group) for group in but):
            return False
        return not requesters or any(self.belongs(member, group) for group in requesters)

    # Who may decide

    def present(self, member: Member) -> bool:
        """Whether somebody could decide anything today."""
        return (
            member.status == Member.Status.ACTIVE
            and member.kind != Member.Kind.SYSTEM
            and member.has_scope(SCOPE)
        )

    def barred(self, askers: Iterable[int], *, without_registrar: bool) -> set[int]:
        """Who never counts for what these ask for: they themselves, the agents that they
        registered, and where the policy says so whoever registered them."""
        askers = set(askers)
        found = set(askers)
        for pk in askers:
            found |= self.agents_of(pk)
            if without_registrar:
                found |= self.registrars_of(self.members[pk])
        return found

    def approvers(self, stage: Stage, requester: Member, *, levels: int = 0) -> list[Member]:
        """Whom a stage means for this requester, `levels` of their managers included, whether or
        not they may decide on it."""
        found: dict[int, Member] = {}
        for group in stage.approvers:
            for member in self._group(group, requester):
                if group.startswith("@") or stage.agents or member.kind == Member.Kind.HUMAN:
                    found.setdefault(member.pk, member)
        for member in list(found.values()) if levels else ():
            for above in self.at_work_above(member)[:levels]:
                if stage.agents or above.kind == Member.Kind.HUMAN:
                    found.setdefault(above.pk, above)
        return list(found.values())

    def _group(self, group: str, requester: Member) -> list[Member]:
        if group == "manager" or group.startswith("manager+"):
            level = int(group.partition("+")[2] or 0)
            return self.above(requester)[level : level + 1]
        return [one for one in self.members.values() if self.belongs(one, group)]

    def seats(
        self, request: ApprovalRequest, stage: Stage, *, action: str = "", levels: int = 0
    ) -> list[Seat]:
        """All rights to decide on this stage of a request: those of the approvers who are here, and
        those whom somebody stands in for. Nobody who is barred has one."""
        askers = {request.requester_id, *([request.on_behalf_of_id or request.requester_id])}
        barred = self.barred(askers, without_registrar=request.without_registrar)
        if request.action == PROMPT:
            barred |= self.agents_among_registrars(askers)
        requester = self.members[request.on_behalf_of_id or request.requester_id]
        means = self.approvers(stage, requester, levels=levels)
        return self._seats(means, barred, action or request.action, agents=stage.agents)

    def answering(self, asker: int, asked: list[str]) -> list[Seat]:
        """All rights to answer a question that these groups were asked. It consents to nothing, so
        that only the asker does not count."""
        means = self.approvers(Stage(approvers=asked), self.members[asker])
        return self._seats(means, {asker}, ANSWERING, agents=False)

    def _seats(
        self, means: Sequence[Member], barred: set[int], action: str, *, agents: bool
    ) -> list[Seat]:
        own = [Seat(one.pk, one.pk) for one in means if self._counts(one, barred)]
        owners = {one.pk for one in means} - barred
        standing = [
            Seat(row.member_id, row.absent_id)
            for row in self.stand_ins
            if row.absent_id in owners
            and fnmatchcase(action, row.pattern)
            and self._counts(self.members[row.member_id], barred)
            and (agents or self.members[row.member_id].kind == Member.Kind.HUMAN)
        ]
        return own + standing

    def _counts(self, member: Member, barred: set[int]) -> bool:
        return member.pk not in barred and self.present(member)

    def handles(self, pks: Iterable[int]) -> list[str]:
        return sorted(f"@{self.members[pk].handle}" for pk in set(pks))
