"""What fills the gate of `teammcp.core`: policies, consent given beforehand, and requests."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import orjson
from pydantic_core import PydanticSerializationError, to_jsonable_python

from approvals.chart import Company, Seat
from approvals.conditions import TOUCHES, all_hold
from approvals.models import ApprovalRequest, Policy
from approvals.rules import Rule, rules, why_not_held
from approvals.schemas import Stage
from audit.models import Event
from orgchart.models import Member
from teammcp.core.actions import Action
from teammcp.core.errors import AppError, Conflict, Unavailable
from teammcp.core.gate import Act, Need, Trial
from teammcp.core.touched import Touched, touched_by

GRANTING = "grant_standing"
"""To consent beforehand takes the same people as to consent."""
PREVIEWED = 40  # events of a trial run that are kept
Look = Callable[[], list[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Why:
    """The policies that hold an act."""

    rules: Sequence[Rule]
    digest: str
    beneficiary: Member | None = None
    """for whom it would be done, where that is not who does it"""


@dataclass(frozen=True, slots=True)
class Grant:
    """What people consented to: exactly these acts, whatever these policies say."""

    request: int
    acts: frozenset[tuple[str, str]]
    policies: frozenset[int] = field(default_factory=frozenset)
    all: bool = False
    """whether it holds against every policy: somebody broke the glass"""

    @classmethod
    def of(cls, request: ApprovalRequest, *, glass: bool) -> Grant:
        acts = frozenset((name, digest) for name, digest in request.acts)
        return cls(request.pk, acts, frozenset(pk for pk, *_ in request.policies), all=glass)


@dataclass(frozen=True, slots=True)
class PolicyGate:
    """The gate. What it writes is the business of services, which are handed in."""

    known: Callable[[Act], AppError | None]
    file: Callable[[Act, Trial], AppError]
    use_standing: Callable[[Act, Rule, Mapping[str, Any]], bool]

    def active(self) -> bool:
        return rules.any()

    def may_hold(self, action: Action[Any, Any]) -> bool:
        return bool(rules.for_action(action))

    def need_of(self, act: Act, grant: Any) -> Need | None:
        found = rules.for_action(act.action)
        granting = act.action.name == GRANTING
        if not found and not granting:
            return None
        if act.actor.kind == Member.Kind.SYSTEM:  # the house itself, which says what was decided
            return None
        arguments = plain_arguments(act.action, act.values)
        left = _about(act, found, arguments) if found else []
        digest = act_digest(act, arguments)
        if isinstance(grant, Grant) and (act.action.name, digest) in grant.acts:
            left = [] if grant.all else [rule for rule in left if rule.id not in grant.policies]
            granting = False
        if left:
            left = [rule for rule in left if not self.use_standing(act, rule, arguments)]
        beneficiary = None
        if granting and (rule := _own_rule(act, arguments)):
            beneficiary = _beneficiary(arguments)
            left = [*left, rule]
        return Need(act, Why(left, digest, beneficiary)) if left else None

    def look(self) -> Look:
        """What a trial run records from now on."""
        newest = Event.objects.order_by("-seq").values_list("seq", flat=True).first() or 0

        def seen() -> list[dict[str, Any]]:
            rows = Event.objects.filter(seq__gt=newest).select_related("actor").order_by("seq")
            return [_told(row) for row in rows[:PREVIEWED]]

        return seen

    def hold(self, act: Act, found: Trial) -> AppError:
        if not found.needs:
            return Unavailable(
                "The rules changed while this call was looked at; nothing was done.",
                next="Send the same call again.",
            )
        return self.file(act, found)


def _told(row: Event) -> dict[str, Any]:
    from audit.kinds import sentence

    return {
        "kind": row.kind,
        "sentence": sentence(row.kind, actor=row.actor.handle, target=row.target, data=row.data),
        "target": row.target,
        "changed": row.data.get("changed") or {},
    }


# Which rules hold an act


def _about(act: Act, found: Sequence[Rule], arguments: Mapping[str, Any]) -> list[Rule]:
    """The rules that are about this actor and these arguments."""
    company = Company.load() if any(rule.requesters or rule.but for rule in found) else None
    if company is not None:
        actor = company.members[act.actor.pk]
        found = [rule for rule in found if company.asks_under(actor, rule.requesters, rule.but)]
    touches = any(one.field == TOUCHES for rule in found for one in rule.conditions)
    touched = touched_of(act, arguments) if touches else []
    return [rule for rule in found if all_hold(rule.conditions, arguments, touched)]


def touched_of(act: Act, arguments: Mapping[str, Any]) -> list[Touched]:
    """What an act speaks of. What a call does as a side effect speaks of all that the call does."""
    own = touched_by(act.action.name, act.actor, arguments)
    if act.part_of is None:
        return own
    whole = touched_of(act.part_of, plain_arguments(act.part_of.action, act.part_of.values))
    return [*own, *whole]


def rules_about(act: Act) -> list[Rule]:
    """The rules that are about a call, whatever consent to it there may be."""
    return _about(act, rules.for_action(act.action), plain_arguments(act.action, act.values))


def _own_rule(act: Act, arguments: Mapping[str, Any]) -> Rule | None:
    """The policy that a standing approval speaks of, unless its giver alone is enough for it."""
    from approvals.access import find_policy

    row = find_policy(str(arguments.get("policy", "")))
    beneficiary = _beneficiary(arguments)
    if row is None or beneficiary is None:
        return None  # the action says so
    return None if alone_enough(row, act.actor, beneficiary) else Rule.of(row)


def alone_enough(row: Policy, member: Member, beneficiary: Member) -> bool:
    """Whether this member's own consent is all that the policy asks for."""
    rule = Rule.of(row)
    if len(rule.stages) != 1 or rule.stages[0].quorum != 1:
        return False
    request = ApprovalRequest(
        requester=beneficiary, without_registrar=rule.without_registrar, action=GRANTING
    )
    seats = Company.load().seats(request, rule.stages[0])
    return Seat(member.pk, member.pk) in seats


def _beneficiary(arguments: Mapping[str, Any]) -> Member | None:
    named = str(arguments.get("requester", "")).strip().removeprefix("@").lower()
    return Member.objects.filter(handles__handle=named).exclude(kind=Member.Kind.SYSTEM).first()


# What is kept of a call


def plain_arguments(action: Action[Any, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as JSON, defaults included; what JSON has no form for as text."""
    return _arguments(action, values, fallback=str)


def check_keepable(action: Action[Any, Any], values: Mapping[str, Any], found: Trial) -> None:
    """Raises Conflict for a held call that cannot wait: it has a secret, or bytes of a file."""
    why_not = why_not_held(action)
    if why_not is not None:
        needs = found.needs[0].act.action.name
        raise Conflict(
            f"{needs} needs approval, and {action.name} cannot wait for it: {why_not}."
            " Nothing was done.",
            next=f"Call {needs} itself: that can wait.",
        )
    kept_arguments(action, values)


def kept_arguments(action: Action[Any, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments as they can be kept and called with again. Raises Conflict."""
    try:
        kept = _arguments(action, values, fallback=None)
        action.validate(kept)
    except (PydanticSerializationError, orjson.JSONEncodeError, AppError):
        raise Conflict(
            f"{action.name} needs approval, and what was sent with it cannot be kept until then."
            " Nothing was done.",
            next="Send what needs approval by a call of its own: upload a file without `to`, then"
            " post it with send_message(files=[...]).",
        ) from None
    return kept


def _arguments(
    action: Action[Any, Any], values: Mapping[str, Any], fallback: Callable[[Any], Any] | None
) -> dict[str, Any]:
    plain: dict[str, Any] = to_jsonable_python(
        action.whole(values), fallback=fallback, inf_nan_mode="null"
    )
    return plain


def act_digest(act: Act, arguments: Mapping[str, Any]) -> str:
    """What is consented to. A moment that another action reckons from now, such as when the task of
    a blueprint is due, is another one by the time that it runs: it is bound by that action."""
    if act.inner:
        moments = {name for name, value in act.values.items() if isinstance(value, datetime)}
        arguments = {name: value for name, value in arguments.items() if name not in moments}
    return digest_of([act.action.name, act.actor.pk, arguments])


def digest_of(content: Any) -> str:
    """The hash of something that JSON can hold."""
    packed = orjson.dumps(content, option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(packed).hexdigest()


def request_digest(action: str, arguments: Mapping[str, Any], touched: Sequence[Touched]) -> str:
    """What people decide on: the action, its arguments, and what these speak of as it is."""
    return digest_of([action, arguments, [[thing.key, thing.version] for thing in touched]])


def stages_of(found: Sequence[Rule]) -> list[dict[str, Any]]:
    """The stages of all policies in order, each with the name of its policy."""
    return [
        {"policy": rule.name, **stage.model_dump(mode="json")}
        for rule in found
        for stage in rule.stages
    ]


def stage_at(request: ApprovalRequest, number: int) -> Stage:
    """A stage of a request, as it was when the call was held."""
    kept = dict(request.stages[number])
    kept.pop("policy", None)
    return Stage.model_validate(kept)
