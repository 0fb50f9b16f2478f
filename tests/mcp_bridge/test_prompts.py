"""Permission prompts of a client: asked in the queue, answered by people, in the client's form."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from django.utils import timezone

from approvals.models import ApprovalRequest, Prompt
from approvals.services import create_policy, decide, grant_standing, withdraw_request
from approvals.services.stepping import step_requests
from audit.models import Event
from mcp_bridge.profiles import profiles
from orgchart.models import Member
from tests.mcp_bridge.conftest import (
    Connect,
    Staff,
    in_thread,
    request_of,
    text_of,
    tokens,
    until,
)
from tests.mcp_bridge.test_waiting import waiting
from tests.scenes import scene

TOOL = "permission_prompt"
PUSH = {"command": "git push origin main", "timeout": 60_000}


@scene
def prompts_held(owner: Member, staff: Staff) -> None:
    create_policy.call(
        owner,
        {
            "name": "Prompts", "pattern": "use_tool", "requesters": ["kind:agent"],
            "stages": [{"approvers": ["authority:admin", "authority:owner"]}],
            "expires_minutes": 60,
        },
    )  # fmt: skip


def asking(call: str = "toolu_1", **more: Any) -> dict[str, Any]:
    """As Claude Code calls it."""
    return {"tool_name": "Bash", "input": PUSH, "tool_use_id": call, **more}


def said(result: Any) -> dict[str, Any]:
    """What the client reads: exactly one block of text, and nothing structured."""
    assert result.structured_content is None
    assert not result.is_error
    answer: dict[str, Any] = json.loads(text_of(result))
    assert answer.keys() == (
        {"behavior", "updatedInput"} if answer["behavior"] == "allow" else {"behavior", "message"}
    )
    return answer


async def open_request() -> str:
    """The name of the one request that waits, as soon as there is one."""
    found: list[str] = []

    def look() -> list[str]:
        return [row.name for row in ApprovalRequest.objects.filter(status="open")]

    async with asyncio.timeout(20):
        while not found:
            found = await in_thread(look)
    (name,) = found
    return name


async def decided(staff: Staff, verdict: str, comment: str = "") -> str:
    name = await open_request()
    await until(waiting, "the prompt waits")
    await in_thread(
        lambda: decide(actor=staff.ada, request=name, verdict=verdict, comment=comment)  # type: ignore[arg-type]
    )
    return name


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_an_allowed_prompt_gives_the_input_back_as_it_came(
    staff: Staff, prompts_held: None, connect: Connect, mode: str
) -> None:
    async with connect("lin", mode=mode, profile="prompts") as client:
        call = asyncio.ensure_future(client.call_tool(TOOL, asking()))
        name = await decided(staff, "approve")
        assert said(await call) == {"behavior": "allow", "updatedInput": PUSH}
    row = await in_thread(ApprovalRequest.objects.get)
    assert row.name == name
    assert row.arguments == {"tool_name": "Bash", "input": PUSH}
    kinds = await in_thread(lambda: set(Event.objects.values_list("kind", flat=True)))
    assert {"approval.held", "permission.granted", "permission.used"} <= kinds


async def test_a_denied_prompt_tells_the_model_why(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        call = asyncio.ensure_future(client.call_tool(TOOL, asking()))
        await decided(staff, "decline", "Not on a Friday.")
        answer = said(await call)
    assert answer["behavior"] == "deny"
    assert "Not on a Friday." in answer["message"]


async def test_a_prompt_that_nobody_answers_is_denied_before_the_client_gives_up(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        answer = said(await client.call_tool(TOOL, asking(wait_seconds=1)))
        assert answer["behavior"] == "deny"
        assert "A-1 is still open" in answer["message"]
        assert "ask again with the same call" in answer["message"]
        again = said(await client.call_tool(TOOL, asking(wait_seconds=0)))
        other = said(await client.call_tool(TOOL, asking("toolu_2", wait_seconds=0)))
    assert again == other == answer
    assert await in_thread(ApprovalRequest.objects.count) == 1


async def test_a_late_yes_is_there_for_the_next_call_once(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        await client.call_tool(TOOL, asking(wait_seconds=0))
        await in_thread(lambda: decide(actor=staff.ada, request="A-1", verdict="approve"))
        second = asking("toolu_2", wait_seconds=0)
        assert said(await client.call_tool(TOOL, second))["behavior"] == "allow"
        assert said(await client.call_tool(TOOL, second))["behavior"] == "allow", "a repetition"
        assert "once already" in said(await client.call_tool(TOOL, asking()))["message"]
        third = said(await client.call_tool(TOOL, asking("toolu_3", wait_seconds=0)))
    assert "A-2 is still open" in third["message"]


async def test_a_yes_that_nobody_comes_for_does_not_last(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        await client.call_tool(TOOL, asking(wait_seconds=0))
        await in_thread(lambda: decide(actor=staff.ada, request="A-1", verdict="approve"))
        past = timezone.now() - timedelta(hours=2)
        await in_thread(lambda: ApprovalRequest.objects.update(closed_at=past))
        answer = said(await client.call_tool(TOOL, asking("toolu_2", wait_seconds=0)))
    assert "A-2 is still open" in answer["message"]


async def test_expiry_denies_and_tells_both_sides(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client, connect("ada") as ada:
        call = asyncio.ensure_future(client.call_tool(TOOL, asking()))
        await open_request()
        await until(waiting, "the prompt waits")
        past = timezone.now() - timedelta(seconds=1)

        def expire() -> None:
            ApprovalRequest.objects.update(deadline=past, due_at=past)
            step_requests(timezone.now())

        await in_thread(expire)
        answer = said(await call)
        assert answer["behavior"] == "deny"
        assert "ended unseen" in answer["message"]
        inbox = await ada.call_tool("check_inbox", {})
        assert "ended unseen" in text_of(inbox)
    told = await in_thread(
        lambda: list(
            Event.objects.filter(kind="approval.never_seen").values_list("data", flat=True)
        )
    )
    assert len(told) == 1


async def test_what_was_allowed_beforehand_passes_until_it_is_used_up(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    def grant() -> None:
        bounds = [{"field": "tool_name", "op": "eq", "value": "Bash"},
                  {"field": "input.command", "op": "matches", "value": "git push*"}]  # fmt: skip
        given = {"policy": "Prompts", "requester": "lin", "count": 1, "pattern": "use_tool",
                 "until": (timezone.now() + timedelta(hours=1)).isoformat(),
                 "arguments": bounds}  # fmt: skip
        grant_standing.call(staff.ada, given)

    await in_thread(grant)
    async with connect("lin", profile="prompts") as client:
        other = asking("toolu_9", wait_seconds=0) | {"input": {"command": "rm -rf /"}}
        assert said(await client.call_tool(TOOL, other))["behavior"] == "deny"
        assert said(await client.call_tool(TOOL, asking()))["behavior"] == "allow"
        assert said(await client.call_tool(TOOL, asking()))["behavior"] == "allow", "a repetition"
        third = said(await client.call_tool(TOOL, asking("toolu_2", wait_seconds=0)))
    assert third["behavior"] == "deny"


async def test_without_a_policy_nothing_is_allowed(staff: Staff, connect: Connect) -> None:
    async with connect("lin", profile="prompts") as client:
        answer = said(await client.call_tool(TOOL, asking()))
    assert answer["behavior"] == "deny"
    assert "No policy says who answers for Bash of @lin" in answer["message"]
    assert await in_thread(Prompt.objects.count) == 0


async def test_nobody_answers_their_own_prompt_nor_that_of_an_agent_of_theirs(
    owner: Member, staff: Staff, connect: Connect
) -> None:
    def prepare() -> None:
        Member.objects.filter(pk=staff.sam.pk).update(registered_by=staff.lin)
        stages = [{"approvers": ["@lin", "@sam", "authority:admin", "authority:owner"]}]
        create_policy.call(owner, {"name": "All", "pattern": "use_tool", "stages": stages})

    await in_thread(prepare)
    async with (
        connect("lin", profile="full") as lin,
        connect("sam", profile="full") as sam,
    ):
        await lin.call_tool(TOOL, asking(wait_seconds=0))
        await sam.call_tool(TOOL, asking(wait_seconds=0))
        for client, name in ((lin, "A-1"), (sam, "A-1"), (lin, "A-2"), (sam, "A-2")):
            answer = await client.call_tool("decide", {"request": name, "verdict": "approve"})
            assert answer.is_error, name
    rows = await in_thread(lambda: list(ApprovalRequest.objects.values_list("status", flat=True)))
    assert rows == ["open", "open"]


async def test_what_was_withdrawn_is_denied(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        await client.call_tool(TOOL, asking(wait_seconds=0))
        await in_thread(lambda: withdraw_request(actor=staff.lin, request="A-1"))
        answer = said(await client.call_tool(TOOL, asking(wait_seconds=0)))
    assert "was withdrawn" in answer["message"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"tool_use_id": ""},
        {"input": "git push"},
        {"input": {"n": 2**70}},
        {"input": {"text": "x" * 200_000}},
        {"wait_seconds": 51},
        {"more": 1},
    ],
)
async def test_what_makes_no_sense_is_denied_in_words(
    staff: Staff, prompts_held: None, connect: Connect, wrong: dict[str, Any]
) -> None:
    async with connect("lin", profile="prompts") as client:
        answer = said(await client.call_tool(TOOL, asking() | wrong))
    assert answer["behavior"] == "deny"
    assert len(answer["message"]) > 20
    assert await in_thread(ApprovalRequest.objects.count) == 0


async def test_the_same_id_for_another_call_is_denied(
    staff: Staff, prompts_held: None, connect: Connect
) -> None:
    async with connect("lin", profile="prompts") as client:
        await client.call_tool(TOOL, asking(wait_seconds=0))
        other = asking(wait_seconds=0) | {"tool_name": "Write"}
        assert "used for another call" in said(await client.call_tool(TOOL, other))["message"]


async def test_halves_of_surrogate_pairs_break_nothing(
    staff: Staff, prompts_held: None, http: httpx2.AsyncClient
) -> None:
    given = request_of(staff.token("lin"), TOOL, asking(wait_seconds=0))
    given["url"] += "?profile=prompts"
    body = json.dumps(given.pop("json")).replace("origin", "\\ud800")
    headers = {**given["headers"], "Content-Type": "application/json"}
    answer = await http.post(given["url"], headers=headers, content=body)
    assert answer.status_code < 500


def test_it_costs_the_default_list_nothing() -> None:
    assert TOOL not in profiles()["default"].tools
    assert list(profiles()["prompts"].tools) == [TOOL]
    (listed,) = profiles()["prompts"].listing
    assert "outputSchema" not in listed
    assert tokens(json.dumps(listed)) < 250
