"""How a held call looks on each face, and how one waits for a decision without holding anything."""

from __future__ import annotations

import time

import httpx2
import pytest
from django.test import Client as Browser

from approvals import services
from approvals.models import ApprovalRequest
from approvals.schemas import Stage
from messaging.models import Channel
from teammcp.core.gate import set_gate
from teammcp.serving import Server
from tests.approvals.conftest import Court, Rule, ask, sent, waited
from tests.asgi import in_thread
from tests.conftest import ApiOf, token_of

MCP = {
    "Accept": "application/json, text/event-stream",
    "MCP-Protocol-Version": "2025-11-25",
}


def test_rest_answers_202_with_the_facts(court: Court, rule: Rule, api: ApiOf) -> None:
    rule("@ben")
    answer = api(court.lin).post("messages/", to="#general", body="Hello.")
    assert answer.status == 202
    assert answer.headers["Content-Type"] == "application/json"
    assert (answer.data["code"], answer.data["retry"]) == ("held", False)
    assert answer.data["state"]["waits_for"] == ["@ben"]
    assert answer.data["state"]["policies"] == ["Words"]
    assert sent() == 0
    request = answer.data["state"]["request"]
    shown = api(court.ben).get("approvals/request/", request=request).data
    done = api(court.ben).post(
        "approvals/decide/", request=request, verdict="approve", digest=shown["digest"]
    )
    assert (done.status, done.data["status"]) == (200, "approved")


def test_a_dashboard_form_says_that_it_waits(court: Court, rule: Rule) -> None:
    rule("@cleo", requesters=["@ben"])
    browser = Browser()
    browser.force_login(court.ben, backend="orgchart.backends.MemberBackend")
    form = {"to": "#general", "body": "Hello."}
    answer = browser.post("/channels/general/", form, headers={"HX-Request": "true"})
    assert answer.status_code == 202
    assert "waits for approval as A-" in answer.content.decode()
    assert "notice-bad" not in answer.content.decode()
    plain = browser.post("/channels/general/", form)
    assert plain.status_code == 202
    assert "waits for approval as A-" in plain.content.decode()
    assert (sent(), ApprovalRequest.objects.count()) == (0, 1)


def test_the_admin_keeps_what_waits_and_says_so(court: Court, rule: Rule) -> None:
    rule("@cleo", pattern="update_channel", requesters=["@ada"])
    browser = Browser()
    browser.force_login(court.ada, backend="orgchart.backends.MemberBackend")
    channel = Channel.objects.get(name="general")
    page = f"/admin/messaging/channel/{channel.pk}/change/"
    shown = browser.get(page).context["adminform"].form.initial
    form = {name: value or "" for name, value in shown.items() if not isinstance(value, bool)}
    answer = browser.post(page, {**form, "purpose": "Talk"}, follow=True)
    assert "waits for approval as A-" in answer.content.decode()
    assert "was changed successfully" not in answer.content.decode()
    channel.refresh_from_db()
    assert channel.purpose != "Talk"
    request = ApprovalRequest.objects.get()
    assert (request.face, request.requester) == ("admin", court.ada)


async def test_over_mcp_it_is_an_answer_and_no_error(court: Court, server: Server) -> None:
    token = await in_thread(lambda: prepared(court))
    transport = httpx2.ASGITransport(server)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        params = {"name": "send", "arguments": {"to": "#general", "body": "Hello."}}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}
        headers = {**MCP, "Authorization": f"Bearer {token}"}
        answer = await http.post("/mcp", json=body, headers=headers)
        result = answer.json()["result"]
    assert result["isError"] is False
    facts = result["structuredContent"]["held_for_approval"]
    assert facts["waits_for"] == ["@ben"]
    assert facts["request"] in result["content"][0]["text"]
    assert await in_thread(sent) == 0


def prepared(court: Court) -> str:
    services.create_policy(
        actor=court.owner, name="Words", pattern="send_message", requesters=["@lin"],
        stages=[Stage(approvers=["@ben"])],
    )  # fmt: skip
    return token_of(court.lin)


async def test_who_waits_is_answered_by_the_decision(
    court: Court, server: Server, addresses: None
) -> None:
    token = await in_thread(lambda: prepared(court))
    request = await in_thread(lambda: ask(court.lin))
    decision = {"request": request, "verdict": "approve"}
    begun = time.monotonic()
    answer = await waited(server, token, request, lambda: services.decide.call(court.ben, decision))
    assert answer["status"] == "executed"
    assert answer["result"]["where"] == "#general"
    assert time.monotonic() - begun < 45
    assert await in_thread(sent) == 1


def test_without_a_policy_the_gate_asks_nothing(
    court: Court, django_assert_num_queries: object
) -> None:
    """Whatever is behind it: an inactive gate is not asked what an act needs."""

    class Idle:
        def active(self) -> bool:
            return False

    before = set_gate(Idle())  # type: ignore[arg-type]
    try:
        from messaging.services import send_message

        send_message(actor=court.lin, to="#general", body="Hello.")
    finally:
        set_gate(before)
    assert sent() == 1


def test_the_admin_decides_by_the_same_rules(court: Court, rule: Rule) -> None:
    rule("@ada", "@owner")
    request = ask(court.lin)
    browser = Browser()
    browser.force_login(court.ada, backend="orgchart.backends.MemberBackend")
    pk = ApprovalRequest.objects.get().pk
    for page in ("approvalrequest", "policy", "decision", "showing", "standin", "standingapproval",
                 "standinguse", "breakglass", "asked", "comment"):  # fmt: skip
        assert browser.get(f"/admin/approvals/{page}/").status_code == 200
    browser.post(
        "/admin/approvals/approvalrequest/", {"action": "approve", "_selected_action": [pk]}
    )
    assert ApprovalRequest.objects.get().status == "approved"
    assert request == f"A-{pk}"


@pytest.mark.parametrize("path", ["approvals/", "approvals/policies/", "approvals/standing/"])
def test_lists_cost_the_same_for_few_and_many(
    court: Court, rule: Rule, api: ApiOf, path: str, django_assert_num_queries: object
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    rule("@ben", "@cleo", quorum=2)
    ask(court.lin, "One.")
    client = api(court.ben)
    with CaptureQueriesContext(connection) as few:
        client.get(path)
    for number in range(12):
        ask(court.lin, f"Number {number}.")
    with CaptureQueriesContext(connection) as many:
        client.get(path)
    assert len(many) == len(few)
    assert len(many) <= 12
