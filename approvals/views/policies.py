"""The rules: a list, and a form in which one can be written without knowing JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from django.http import HttpResponse, QueryDict

from approvals import selectors, services
from approvals.rules import why_not_held
from approvals.schemas import Condition, PolicyOut, Stage
from approvals.templatetags.approvals import OPERATORS
from approvals.views.presets import PRESETS
from orgchart.models import Department, Member
from orgchart.selectors import visible_members
from teammcp.core.actions import Action, registry
from teammcp.core.errors import AppError, InvalidInput
from teammcp.core.web import (
    Refused,
    WebRequest,
    by_method,
    go,
    page,
    page_or_part,
    refused_by,
    signed_in,
)

UNITS = {"minutes": 1, "hours": 60, "days": 1440}
LISTS = ("requesters", "except_requesters")
ROWS = {"conditions": "condition", "stages": "stage"}
MOST = 20


@signed_in
def browse(request: WebRequest) -> HttpResponse:
    """All rules; for htmx the list alone."""
    context = {
        "found": selectors.list_policies(actor=request.user),
        "may_write": request.user.has_scope("admin"),
        "presets": PRESETS,
    }
    return page_or_part(request, "approvals/policies.html", context)


# What the form holds


def _of_policy(policy: PolicyOut) -> dict[str, Any]:
    """A policy in the words of the form."""
    count, unit = _in_units(policy.expires_minutes)
    return {
        "name": policy.name,
        "description": policy.description,
        "pattern": policy.pattern,
        "requesters": ", ".join(policy.requesters),
        "except_requesters": ", ".join(policy.except_requesters),
        "expires": count,
        "expires_unit": unit,
        "without_registrar": policy.without_registrar,
        "enabled": policy.enabled,
        "conditions": [_of_condition(one) for one in policy.arguments],
        "stages": [_of_stage(one) for one in policy.stages],
    }


def _of_condition(condition: Condition) -> dict[str, Any]:
    value = condition.value
    if isinstance(value, list):
        text = ", ".join(map(str, value))
    elif isinstance(value, bool):
        text = "yes" if value else "no"
    else:
        text = "" if value is None else str(value)
    return {"field": condition.field, "op": condition.op, "value": text}


def _of_stage(stage: Stage) -> dict[str, Any]:
    remind, remind_unit = _in_units(stage.remind_minutes)
    escalate, escalate_unit = _in_units(stage.escalate_minutes)
    return {
        "approvers": ", ".join(stage.approvers), "quorum": stage.quorum, "vetoes": stage.vetoes,
        "agents": stage.agents, "remind": remind, "remind_unit": remind_unit,
        "escalate": escalate, "escalate_unit": escalate_unit,
    }  # fmt: skip


def _in_units(minutes: int) -> tuple[int, str]:
    for unit in ("days", "hours"):
        if minutes and minutes % UNITS[unit] == 0:
            return minutes // UNITS[unit], unit
    return minutes, "minutes"


EMPTY_STAGE = _of_stage(Stage(approvers=["manager"])) | {"approvers": ""}
EMPTY_CONDITION = {"field": "", "op": "eq", "value": ""}
EMPTY = {
    "name": "", "description": "", "pattern": "", "requesters": "", "except_requesters": "",
    "expires": 7, "expires_unit": "days", "without_registrar": False, "enabled": True,
    "conditions": [], "stages": [EMPTY_STAGE],
}  # fmt: skip


def _typed(form: QueryDict) -> dict[str, Any]:
    """What was typed, to be drawn again. Stages and conditions are numbered."""
    plain = {name: form.get(name, "") for name in EMPTY if name not in {*ROWS}}
    flags = {name: name in form for name in ("without_registrar", "enabled")}
    conditions = [
        {name: form.get(f"condition-{row}-{name}", "") for name in EMPTY_CONDITION}
        for row in _rows(form, "condition")
    ]
    stages = [
        {name: form.get(f"stage-{row}-{name}", "") for name in EMPTY_STAGE}
        | {flag: f"stage-{row}-{flag}" in form for flag in ("vetoes", "agents")}
        for row in _rows(form, "stage")
    ]
    return {**plain, **flags, "conditions": conditions, "stages": stages}


def _rows(form: QueryDict, kind: str) -> list[int]:
    found = {int(hit[1]) for name in form if (hit := re.match(rf"{kind}-(\d{{1,2}})-", name))}
    return sorted(found)[:MOST]


def policy_values(typed: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, list[int]]]:
    """The arguments of create_policy, and which rows of the form its conditions and stages are.
    What is no number stays as it is, for the action to refuse."""
    kept = {
        "conditions": [n for n, row in enumerate(typed["conditions"]) if row["field"].strip()],
        "stages": [n for n, row in enumerate(typed["stages"]) if row["approvers"].strip()],
    }
    values = {
        **{name: typed[name] for name in ("name", "description", "pattern", "enabled",
                                          "without_registrar")},
        **{name: _list(typed[name]) for name in LISTS},
        "expires_minutes": _minutes(typed["expires"], typed["expires_unit"]),
        "arguments": [_condition(typed["conditions"][row]) for row in kept["conditions"]],
        "stages": [_stage(typed["stages"][row]) for row in kept["stages"]],
    }  # fmt: skip
    return values, kept


def _list(text: str) -> list[str]:
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def _minutes(count: Any, unit: str) -> Any:
    number = _number(str(count))
    return number * UNITS.get(unit, 1) if isinstance(number, int) else number


def _number(text: str) -> int | str:
    text = text.strip()
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else text


def _condition(row: Mapping[str, str]) -> dict[str, Any]:
    op, text = row["op"], row["value"].strip()
    value: Any = _plain(text)
    if op == "in":
        value = [_plain(part) for part in _list(text)]
    elif op == "matches":
        value = text
    elif op == "present":
        value = text.lower() not in {"no", "false", "0"}
    return {"field": row["field"].strip(), "op": op, "value": value}


def _plain(text: str) -> Any:
    """A number or a yes as such; everything else is text."""
    if text.lower() in {"yes", "true", "no", "false"}:
        return text.lower() in {"yes", "true"}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return found if isinstance(found, int | float) and abs(found) < 2**53 else text


def _stage(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "approvers": _list(row["approvers"]), "quorum": _number(str(row["quorum"])),
        "vetoes": bool(row["vetoes"]), "agents": bool(row["agents"]),
        "remind_minutes": _minutes(row["remind"], row["remind_unit"]),
        "escalate_minutes": _minutes(row["escalate"], row["escalate_unit"]),
    }  # fmt: skip


# The form


def _form(
    request: WebRequest,
    values: Mapping[str, Any],
    policy: PolicyOut | None,
    refused: Refused | None = None,
    fields: Mapping[str, str] | None = None,
    status: int = 200,
) -> HttpResponse:
    found = fields or {}
    context = {
        "values": values,
        "policy": policy,
        "refused": refused,
        "fields": found,
        "stages": [(n, row, _under(found, "stages", n)) for n, row in enumerate(values["stages"])],
        "conditions": [
            (n, row, _under(found, "arguments", n)) for n, row in enumerate(values["conditions"])
        ],
        "units": list(UNITS),
        "operators": {**OPERATORS, "present": "is given (yes or no)"},
        "actions": _actions(),
        "arguments": _arguments(str(values["pattern"])),
        "groups": _groups(request.user),
        "may_write": request.user.has_scope("admin"),
    }
    return page(request, "approvals/policy_form.html", context, status=status)


def _under(fields: Mapping[str, str], kind: str, row: int) -> str:
    start = f"{kind}.{row}"
    return "; ".join(
        said for name, said in fields.items() if name == start or name.startswith(f"{start}.")
    )


def _actions() -> list[tuple[str, str]]:
    """What can be held, each with the beginning of what it says of itself."""
    held = [action for action in registry.values() if why_not_held(action) is None]
    return [(a.name, a.description.split("\n")[0][:90]) for a in sorted(held, key=lambda a: a.name)]


def _arguments(pattern: str) -> list[str]:
    action = registry.get(pattern.strip())
    return ["touches", *(action.input.model_fields if action else ())]


def _groups(actor: Member) -> list[str]:
    members = visible_members(actor).exclude(status=Member.Status.RETIRED)
    handles = members.order_by("handle").values_list("handle", flat=True)[:200]
    departments = Department.objects.order_by("slug").values_list("slug", flat=True)[:100]
    return [
        "manager", "manager+1", "authority:owner", "authority:admin", "kind:human", "kind:agent",
        *(f"department:{slug}" for slug in departments), *(f"@{handle}" for handle in handles),
    ]  # fmt: skip


@signed_in
def new(request: WebRequest) -> HttpResponse:
    """An empty form, or one that begins with an example."""
    services.create_policy.check_scope(request.user)
    preset = PRESETS.get(request.GET.get("for", ""))
    return _form(request, {**EMPTY, **(preset.values if preset else {})}, None)


@signed_in
def edit(request: WebRequest, *, number: int) -> HttpResponse:
    """The form of one rule; for who may not change it, the rule in words."""
    policy = selectors.show_policy(actor=request.user, policy=str(number))
    return _form(request, _of_policy(policy), policy)


@signed_in
def create(request: WebRequest) -> HttpResponse:
    """Save a new rule, or draw the form with another row."""
    return _posted(request, services.create_policy, {}, None)


@signed_in
def update(request: WebRequest, *, number: int) -> HttpResponse:
    """Save a changed one."""
    policy = selectors.show_policy(actor=request.user, policy=str(number))
    fixed = {"policy": str(number), "version": request.POST.get("version") or None}
    return _posted(request, services.update_policy, fixed, policy)


def _posted(
    request: WebRequest, action: Action[Any, Any], fixed: dict[str, Any], policy: PolicyOut | None
) -> HttpResponse:
    action.check_scope(request.user)
    typed = _typed(request.POST)
    match request.POST.get("more", ""):
        case "stage":
            return _form(request, {**typed, "stages": [*typed["stages"], EMPTY_STAGE]}, policy)
        case "condition":
            more = [*typed["conditions"], EMPTY_CONDITION]
            return _form(request, {**typed, "conditions": more}, policy)
    values, kept = policy_values(typed)
    try:
        answer: PolicyOut = action.call(request.user, {**values, **fixed})
    except AppError as error:
        refused = refused_by(error, request.POST.dict())
        fields = _fields(refused, kept)
        status = 422 if isinstance(error, InvalidInput) else error.status
        return _form(request, typed, policy, refused, fields, status=status)
    return go(request, f"/approvals/policies/#policy-{answer.id}")


def _fields(refused: Refused, kept: Mapping[str, list[int]]) -> dict[str, str]:
    """What is wrong, by the box: rows that were left empty are counted in again."""
    found: dict[str, str] = {}
    for name, said in refused.fields.items():
        parts = name.split(".")
        rows = kept["stages" if parts[0] == "stages" else "conditions"]
        if parts[0] in {"stages", "arguments"} and len(parts) > 1 and parts[1].isdecimal():
            parts[1] = str(rows[int(parts[1])])
            found[".".join(parts)] = (
                f"{parts[2].replace('_', ' ')}: {said}" if len(parts) > 2 else said
            )
        else:
            found[name] = refused.message
    if "stage" in refused.state:
        found[f"stages.{kept['stages'][refused.state['stage'] - 1]}"] = refused.message
    return found


policies = by_method(get=browse, post=create)
policy = by_method(get=edit, post=update)
