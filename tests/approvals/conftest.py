"""People who decide, and short words for what they do.

Ada is an admin; Ben, Cleo and Dora are people: Lin reports to Ben, Ben to Cleo, Cleo to Dora. Lin,
Kay and Sam are agents that the owner registered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from approvals import services
from approvals.models import ApprovalRequest
from approvals.schemas import Condition, PolicyOut, Stage
from approvals.services.executing import run_approved
from messaging.models import Delivery, Message
from orgchart.models import Member
from teammcp.serving import Server
from tests.asgi import in_thread
from tests.conftest import held_call, person
from tests.scenes import scene


@dataclass(frozen=True)
class Court:
    """Everybody who has to do with approvals."""

    owner: Member
    ada: Member
    ben: Member
    cleo: Member
    dora: Member
    lin: Member
    kay: Member
    sam: Member
    olga: Member

    def __getitem__(self, handle: str) -> Member:
        found: Member = getattr(self, handle)
        return found


@scene
def court_of_approvers(
    owner: Member, ada: Member, lin: Member, kay: Member, sam: Member, olga: Member
) -> Court:
    ben, cleo, dora = person("ben"), person("cleo"), person("dora")
    for below, above in ((lin, ben), (ben, cleo), (cleo, dora)):
        Member.objects.filter(pk=below.pk).update(manager=above)
        below.refresh_from_db()
    return Court(owner, ada, ben, cleo, dora, lin, kay, sam, olga)


@pytest.fixture
def court(court_of_approvers: Court) -> Court:
    return court_of_approvers


Rule = Callable[..., PolicyOut]


@pytest.fixture
def rule(court: Court) -> Rule:
    """`rule("@ben", "@cleo", quorum=2)`: a policy over Lin's messages, with one stage."""

    def make(*approvers: str, name: str = "Words", **given: Any) -> PolicyOut:
        stage = {"remind_minutes": 0, "escalate_minutes": 0, **given.pop("stage", {})}
        stages = given.pop("stages", None) or [
            Stage(approvers=list(approvers), quorum=given.pop("quorum", 1), **stage)
        ]
        wanted = {"pattern": "send_message", "requesters": ["@lin"], **given}
        return services.create_policy(actor=court.owner, name=name, stages=stages, **wanted)

    return make


def ask(member: Member, body: str = "Hello.", to: str = "#general", **more: Any) -> str:
    """A message that is held, and the name of the request."""
    return held_call(member, "send_message", to=to, body=body, **more)


def decide(member: Member, request: str, verdict: str = "approve", **more: Any) -> str:
    """Decide; the status after it, and after what was approved has run."""
    services.decide.call(member, {"request": request, "verdict": verdict, **more})
    run_approved(timezone.now())
    return row(request).status


def row(request: str) -> ApprovalRequest:
    return ApprovalRequest.objects.get(pk=int(request[2:]))


def sent(body: str = "Hello.") -> int:
    """How often a message of somebody, and not of the server, was really sent."""
    return Message.objects.filter(body=body).exclude(author__kind="system").count()


def told(member: Member) -> list[str]:
    """What the server put into the inbox of a member, in order."""
    rows = Delivery.objects.filter(recipient=member, message__author__kind="system")
    return [delivery.message.body for delivery in rows.select_related("message").order_by("pk")]


def where(field: str, value: Any = None, op: Any = "eq") -> Condition:
    return Condition(field=field, op=op, value=value)


async def waited(server: Server, token: str, name: str, act: Callable[[], Any]) -> Any:
    """What a call that waits for this request or question is answered when somebody acts."""
    transport = httpx2.ASGITransport(server)
    async with httpx2.AsyncClient(
        transport=transport, base_url="http://localhost", timeout=60
    ) as http:
        waiting = asyncio.ensure_future(
            http.get(
                f"/api/approvals/progress/?request={name}&wait_seconds=50",
                headers={"Authorization": f"Bearer {token}"},
            )
        )
        await asyncio.sleep(0)
        await in_thread(act)
        return (await waiting).json()
