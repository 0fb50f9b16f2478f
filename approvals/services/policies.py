"""Writing the rules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from annotated_types import Ge, Le, MaxLen, MinLen
from django.utils import timezone

from approvals import events
from approvals.access import access_policy
from approvals.comparing import facts_of_policy
from approvals.conditions import TOUCHES
from approvals.fulfilling import check_fulfillable
from approvals.groups import check_approvers, check_group
from approvals.models import Policy
from approvals.rules import Rule, covered, why_not_held
from approvals.schemas import (
    Condition,
    Conditions,
    Groups,
    Minutes,
    Pattern,
    PolicyOut,
    PolicyRef,
    Stages,
)
from approvals.selectors.policies import policy_out
from approvals.services.standing import end_outdated
from audit.ledger import record
from orgchart.models import Member
from orgchart.selectors import near_words
from teammcp.core.actions import action, registry
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.texts import clean_line, clean_text

Name = Annotated[str, MinLen(1), MaxLen(80)]
Description = Annotated[str, MaxLen(500)]
Version = Annotated[int, Ge(1), Le(2**31 - 1)]
WEEK = 7 * 24 * 60
FIELDS = ("name", "description", "pattern", "requesters", "except_requesters", "arguments",
          "stages", "expires_minutes", "without_registrar", "enabled")  # fmt: skip


@action(scope="admin")
def create_policy(
    *,
    actor: Member,
    name: Name,
    pattern: Pattern,
    stages: Stages,
    requesters: Groups = [],  # noqa: B006
    except_requesters: Groups = [],  # noqa: B006
    arguments: Conditions = [],  # noqa: B006
    expires_minutes: Minutes = WEEK,
    without_registrar: bool = False,
    description: Description = "",
    enabled: bool = True,
) -> PolicyOut:
    """Hold every call of the actions that `pattern` names ("edit_task", "*_channel") until those
    whom `stages` name agree, in order. It holds on every face from now on.

    `requesters` and `arguments` narrow it. A call that is not decided in `expires_minutes` ends
    undone. Refused if somebody could ask whom not enough others could answer.
    """
    row = Policy(created_by=actor, created_at=timezone.now())
    _fill(row, {
        "name": name, "description": description, "pattern": pattern, "requesters": requesters,
        "except_requesters": except_requesters, "arguments": arguments, "stages": stages,
        "expires_minutes": expires_minutes, "without_registrar": without_registrar,
        "enabled": enabled,
    })  # fmt: skip
    _check(actor, row)
    row.updated_at = row.created_at
    row.save()
    _record(events.POLICY_CREATED, actor, row, **{"is": _facts(row)})
    return policy_out(actor, row)


@action(scope="admin")
def update_policy(
    *,
    actor: Member,
    policy: PolicyRef,
    version: Version | None = None,
    name: Name | None = None,
    pattern: Pattern | None = None,
    stages: Stages | None = None,
    requesters: Groups | None = None,
    except_requesters: Groups | None = None,
    arguments: Conditions | None = None,
    expires_minutes: Minutes | None = None,
    without_registrar: bool | None = None,
    description: Description | None = None,
    enabled: bool | None = None,
) -> PolicyOut:
    """Change a policy, or switch it off with enabled=false. What waits already goes on under the
    rules by which it was held; with other stages, what was approved beforehand ends."""
    row = access_policy(policy=policy, lock=True)
    if version is not None and version != row.version:
        raise Conflict(
            f"“{row.name}” is at version {row.version} by now.",
            next="Look at it again: show_policy.",
            version=row.version,
        )
    before = _facts(row)
    given = {
        "name": name, "description": description, "pattern": pattern, "requesters": requesters,
        "except_requesters": except_requesters, "arguments": arguments, "stages": stages,
        "expires_minutes": expires_minutes, "without_registrar": without_registrar,
        "enabled": enabled,
    }  # fmt: skip
    _fill(row, {field: value for field, value in given.items() if value is not None})
    after = _facts(row)
    changed = {name: [before[name], after[name]] for name in after if before[name] != after[name]}
    if changed:
        _check(actor, row)
        row.version, row.updated_at = row.version + 1, timezone.now()
        row.save()
        _record(events.POLICY_CHANGED, actor, row, changed=changed)
        if changed.keys() & {"stages", "without_registrar"}:
            end_outdated(actor, row)
    return policy_out(actor, row)


def _fill(row: Policy, given: dict[str, Any]) -> None:
    for field, value in given.items():
        setattr(row, field, _clean(field, value))


def _clean(field: str, value: Any) -> Any:
    if field == "name":
        return clean_line("name", value, required=True)
    if field == "description":
        return clean_text("description", value).strip()
    if field in {"stages", "arguments"}:
        return [one.model_dump(mode="json") for one in value]
    return value


def _facts(row: Policy) -> dict[str, Any]:
    return {field: getattr(row, field) for field in FIELDS}


def _record(kind: str, actor: Member, row: Policy, **data: Any) -> None:
    record(
        kind,
        actor=actor,
        target=f"policy:{row.pk}",
        topics=["approvals", "company"],
        data={
            "policy": row.name,
            "pattern": row.pattern,
            "version": row.version,
            "stands": facts_of_policy(row),
            **data,
        },
    )


# What is refused


def _check(actor: Member, row: Policy) -> None:
    """Raises InvalidInput or Conflict for a rule that makes no sense, or could not be fulfilled."""
    if Policy.objects.filter(name__iexact=row.name).exclude(pk=row.pk).exists():
        raise Conflict(
            f"There is a policy “{row.name}” already.", next="Choose another name, or change that."
        )
    _check_pattern(row.pattern)
    rule = Rule.of(row)
    for group in [*rule.requesters, *rule.but]:
        check_group(actor, group, "requesters")
    for stage in rule.stages:
        for group in stage.approvers:
            check_approvers(actor, group, "stages")
    _check_conditions(rule.pattern, rule.conditions)
    if row.enabled:
        check_fulfillable(rule)
    row.stuck_stage = None


def _check_pattern(pattern: str) -> None:
    held, others = covered(pattern)
    if held:
        return
    if pattern in registry:
        why = why_not_held(registry[pattern])
        raise InvalidInput(
            f"{pattern} cannot be held: {why}.",
            fields={"pattern": "cannot wait"},
            next="Hold another action, such as one that gives the right to it.",
        )
    near = near_words(pattern.strip("*"), (name for name in registry if registry[name].writes))
    raise InvalidInput(
        f"{pattern!r} names no action that can be held{f': {others[0]}' if others else ''}.",
        fields={"pattern": "no such action"},
        next=f"Did you mean {' or '.join(near)}?"
        if near
        else "GET /api/schema/ lists the actions by their operationId.",
    )


def _check_conditions(pattern: str, conditions: Sequence[Condition]) -> None:
    """Each condition speaks of an argument that every covered action has, or of `touches`."""
    names = covered(pattern)[0]
    for condition in conditions:
        field = condition.field.partition(".")[0]
        lacking = [name for name in names if field not in registry[name].input.model_fields]
        if field != TOUCHES and lacking:
            known = set.intersection(*(set(registry[n].input.model_fields) for n in names))
            raise InvalidInput(
                f"{lacking[0]} has no argument {field!r}.",
                fields={"arguments": f"{field}: unknown"},
                next=f"Use {', '.join(sorted(known | {TOUCHES}))}, or a narrower pattern.",
            )
        _check_value(condition)


def _check_value(condition: Condition) -> None:
    value, op = condition.value, condition.op
    fits = {
        "in": isinstance(value, list) and bool(value),
        "matches": isinstance(value, str),
        "present": value is None or isinstance(value, bool),
    }.get(op, value is not None and not isinstance(value, list))
    if not fits:
        raise InvalidInput(
            f"{condition.field}: {op!r} cannot be asked with {value!r}.",
            fields={"arguments": f"{condition.field}: wrong value for {op}"},
            next="'in' takes a list, 'matches' a text with * and ?, 'present' true or false; the"
            " others one value.",
        )
