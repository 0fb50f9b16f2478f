"""Which arguments of actions of the org chart do what another action is there for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from orgchart.models import Department, Member
from orgchart.selectors import access_member
from teammcp.core.touched import Arguments


def given_authority(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new member may begin with more authority than most, or less."""
    if values["authority"] != Member.Authority.MEMBER:
        yield {"member": values["handle"], "authority": values["authority"]}


def put_under(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new member reports to somebody."""
    if values["manager"]:
        yield {"member": values["handle"], "manager": values["manager"]}


def put_into(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new member begins in a department."""
    if values["department"]:
        yield {"member": values["handle"], "department": values["department"]}


def let_in(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new member begins behind the wall of a project."""
    if values["project"]:
        yield {"project": values["project"], "members": [values["handle"]]}


def placed(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new department has a head, or lies within another one."""
    named = {field: values[field] for field in ("head", "parent") if values[field]}
    if named:
        yield {"department": "", **named}


def led(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A new project has a lead."""
    if values["lead"]:
        yield {"project": "", "lead": values["lead"]}


def lead_let_in(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Whoever is named lead belongs to the project."""
    if values["lead"]:
        yield {"project": values.get("project") or "", "members": [values["lead"]]}


def reports_passed_on(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """Whoever reports to a member that retires reports to a successor that is named."""
    if values["successor"]:
        for report in _led_by(actor, values).order_by("handle"):
            yield {"member": report.handle, "manager": values["successor"]}


def departments_passed_on(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A successor that is named heads the departments of a member that retires."""
    if values["successor"]:
        member = access_member(actor=actor, handle=values["member"])
        for row in Department.objects.filter(head=member).order_by("slug"):
            yield {"department": row.slug, "head": values["successor"]}


def work_passed_on(actor: Any, values: Arguments) -> Iterator[Arguments]:
    """A successor that is named gets the tasks of a member that retires."""
    if values["successor"]:
        yield {"task": "", "to": values["successor"]}


def _led_by(actor: Any, values: Arguments) -> Any:
    member = access_member(actor=actor, handle=values["member"])
    rows = Member.objects.filter(manager=member).exclude(status=Member.Status.RETIRED)
    return rows.exclude(handle=values["successor"].strip().removeprefix("@").lower())
