"""Errors teach: the call that an error suggests is made, and succeeds.

Each case makes a mistake, reads only what the error says, and goes on as told.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.access.conftest import MCP, Faces, said_by
from tests.asgi import in_thread

Json = Any


@dataclass
class Model:
    """What calls a tool, reads the error, and calls again: nothing else is known to it."""

    faces: Faces
    role: str
    met: list[str] = field(default_factory=list)

    async def fails(self, tool: str, **arguments: Json) -> Json:
        """The problem that this call ends in."""
        result = await self._call(tool, arguments)
        assert result["isError"], result
        problem = result["_meta"]["teammcp/problem"]
        assert problem["next"] in result["content"][0]["text"]
        self.met.append(problem["code"])
        return problem

    async def works(self, tool: str, **arguments: Json) -> Json:
        """The answer of this call."""
        result = await self._call(tool, arguments)
        assert not result["isError"], result["content"]
        return result["structuredContent"]

    async def _call(self, tool: str, arguments: Json) -> Json:
        params = {"name": tool, "arguments": arguments}
        answer = await self.faces.http.post(
            MCP,
            headers={
                "Authorization": f"Bearer {self.faces.office.tokens[self.role]}",
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
            },
            json={"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params},
        )
        return said_by(answer)["result"]


def named(problem: Json, pattern: str) -> str:
    """The first thing of this form in what the error suggests."""
    found = re.search(pattern, problem["next"])
    assert found is not None, problem
    return found[0]


CHANNEL, MEMBER, THREAD = r"#[\w-]+", r"@[\w.-]+", r"thread:\d+"


async def a_channel_with_a_slip_of_the_pen(model: Model) -> None:
    problem = await model.fails("send", to="#genral", body="Hello.")
    assert problem["state"]["near"] == ["#general"]
    await model.works("send", to=named(problem, CHANNEL), body="Hello.")


async def a_channel_like_nothing_there_is(model: Model) -> None:
    problem = await model.fails("read", where="#zzzzzz")
    listed = await model.works(named(problem, "list_channels"))
    await model.works("read", where=listed["items"][0]["name"])


async def a_member_with_a_slip_of_the_pen(model: Model) -> None:
    problem = await model.fails("send", to="@kya", body="Hello.")
    await model.works("send", to=named(problem, MEMBER), body="Hello.")


async def a_member_like_nobody_there_is(model: Model) -> None:
    problem = await model.fails("show_member", member="@zzzzzz")
    listed = await model.works(named(problem, "find_people"))
    await model.works("show_member", member=listed["items"][0]["handle"])


async def a_member_without_the_sign(model: Model) -> None:
    problem = await model.fails("send", to="kay", body="Hello.")
    await model.works("send", to=named(problem, MEMBER), body="Hello.")


async def a_channel_without_the_sign(model: Model) -> None:
    problem = await model.fails("send", to="general", body="Hello.")
    await model.works("send", to=named(problem, CHANNEL), body="Hello.")


async def a_message_id_as_the_target(model: Model) -> None:
    problem = await model.fails("send", to=str(model.faces.office.things["public"]), body="Yes.")
    await model.works("send", to=named(problem, THREAD), body="Yes.")


async def a_member_read_as_a_channel(model: Model) -> None:
    problem = await model.fails("read", where="kay")
    await model.works("read", where=named(problem, MEMBER))


async def a_conversation_that_has_not_begun(model: Model) -> None:
    problem = await model.fails("read", where="@olga")
    await model.works("send", to=named(problem, MEMBER), body="Hello.")
    await model.works("read", where="@olga")


async def a_message_that_is_not_there(model: Model) -> None:
    problem = await model.fails("show_message", message_id=999)
    inbox = await model.works(named(problem, "check_inbox"))
    await model.works("show_message", message_id=inbox["items"][0]["message"]["id"])


async def an_unknown_delivery(model: Model) -> None:
    problem = await model.fails("ack", deliveries=[999])
    inbox = await model.works(named(problem, "check_inbox"))
    given = [item["delivery"] for item in inbox["items"]]
    assert (await model.works("ack", deliveries=given))["open"] == 0


async def an_ack_of_nothing(model: Model) -> None:
    problem = await model.fails("ack")
    inbox = await model.works(named(problem, "check_inbox"))
    assert "up_to" in problem["next"]
    await model.works("ack", up_to=inbox["cursor"])


async def an_argument_that_is_not_known(model: Model) -> None:
    problem = await model.fails("send", too="#general", body="Hello.")
    takes = problem["next"].partition(": ")[2].rstrip(".").split(", ")
    await model.works("send", **dict(zip(takes, ("#general", "Hello."), strict=False)))


async def a_tool_that_is_not_known(model: Model) -> None:
    problem = await model.fails("send_message", to="#general", body="Hello.")
    assert "send" in problem["next"].partition(": ")[2].rstrip(".").split(", ")
    await model.works("send", to="#general", body="Hello.")


async def a_name_for_oneself(model: Model) -> None:
    arguments = {"to": "#general", "body": "Hello.", "from": "@ada"}
    problem = await model.fails("send", **arguments)
    del arguments[named(problem, "from")]
    sent = await model.works("send", **arguments)
    assert (await model.works("show_message", message_id=sent["id"]))["author"] == "lin"


async def a_wait_that_is_too_long(model: Model) -> None:
    problem = await model.fails("check_inbox", wait_seconds=51)
    limit = re.search(r"less than or equal to (\d+)", problem["state"]["fields"]["wait_seconds"])
    assert limit is not None
    assert (await model.works("check_inbox", wait_seconds=int(limit[1])))["items"]


async def a_damaged_cursor(model: Model) -> None:
    problem = await model.fails("read", where="#general", before="yesterday")
    assert "none for the newest" in problem["next"]
    page = await model.works("read", where="#general", limit=1)
    await model.works("read", where="#general", before=page["before"])


async def a_damaged_cursor_of_a_search(model: Model) -> None:
    problem = await model.fails("search", query="good", after="yesterday")
    assert "none for the newest" in problem["next"]
    assert (await model.works("search", query="good"))["items"]


async def both_cursors_at_once(model: Model) -> None:
    problem = await model.fails("read", where="#general", before="2", after="1")
    assert named(problem, r"\bbefore\b|\bafter\b")
    await model.works("read", where="#general", after="1")


async def a_cursor_beyond_the_ledger(model: Model) -> None:
    problem = await model.fails("list_events", after=10**9)
    await model.works(named(problem, "resume"))
    page = await model.works("list_events", after=int(named(problem, r"\d+")))
    assert page["cursor"] >= problem["state"]["head"]


async def a_restart_with_a_cursor_of_another_life(model: Model) -> None:
    problem = await model.fails("resume", since=10**9)
    resumed = await model.works(named(problem, "resume"))
    await model.works("resume", since=resumed["head"])


async def a_key_that_was_used_for_something_else(model: Model) -> None:
    await model.works("send", to="#general", body="One.", client_key="k")
    problem = await model.fails("send", to="#general", body="Two.", client_key="k")
    assert named(problem, "new client_key")
    await model.works("send", to="#general", body="Two.", client_key="k2")


async def a_key_that_is_no_key(model: Model) -> None:
    problem = await model.fails("send", to="#general", body="One.", client_key="a\nb")
    assert named(problem, "UUID")
    key = "7b0c2f0e-0d5c-4f61-8a2f-2d6a1f9f5d11"
    await model.works("send", to="#general", body="One.", client_key=key)


async def an_archived_channel(model: Model) -> None:
    problem = await model.fails("send", to="#attic", body="Hello.")
    listed = await model.works(named(problem, "list_channels"), joined=True)
    await model.works("send", to=listed["items"][0]["name"], body="Hello.")


async def a_name_that_a_channel_has(model: Model) -> None:
    problem = await model.fails("create_channel", name="plans")
    assert named(problem, "another name")
    await model.works("create_channel", name="plans-2")


async def a_name_that_no_channel_can_have(model: Model) -> None:
    problem = await model.fails("create_channel", name="release 2!")
    await model.works("create_channel", name=named(problem, r"(?<=')[\w-]+(?=')"))


async def an_urgency_that_is_not_for_agents(model: Model) -> None:
    problem = await model.fails("send", to="#general", body="Now!", priority="now")
    urgency = named(problem, r"(?<=priority ')\w+")
    await model.works("send", to="#general", body="Soon.", priority=urgency)


async def a_direct_conversation_that_others_should_join(model: Model) -> None:
    problem = await model.fails("invite_to_channel", channel="@kay", members=["sam"])
    assert named(problem, "private channel and invite")
    await model.works(
        "create_channel", name="us", kind="private", project="company", invite=["kay", "sam"]
    )


async def who_has_retired(model: Model) -> None:
    problem = await model.fails("invite_to_channel", channel="#general", members=["rex"])
    found = await model.works(named(problem, "find_people"))
    one = found["items"][0]["handle"]
    await model.works("invite_to_channel", channel="#general", members=[one])


async def text_with_a_control_character(model: Model) -> None:
    problem = await model.fails("send", to="#general", body="Ding\x07!")
    assert named(problem, "Remove control characters")
    await model.works("send", to="#general", body="Ding!")


async def a_read_cursor_beyond_the_end(model: Model) -> None:
    problem = await model.fails("mark_read", channel="#general", up_to=999)
    await model.works("mark_read", channel="#general", up_to=int(named(problem, r"\d+")))


async def outside_of_a_channel(model: Model) -> None:
    problem = await model.fails("invite_to_channel", channel="#plans", members=["kay"])
    await model.works(named(problem, "join_channel"), channel=named(problem, CHANNEL))
    await model.works("invite_to_channel", channel="#plans", members=["kay"])


async def a_cursor_where_one_is_not(model: Model) -> None:
    problem = await model.fails("mark_read", channel="#plans", up_to=1)
    await model.works(named(problem, "join_channel"), channel=named(problem, CHANNEL))
    await model.works("mark_read", channel="#plans", up_to=1)


async def a_handle_that_is_taken(model: Model) -> None:
    problem = await model.fails("update_member", member="kay", handle="lin")
    await model.works("update_member", member="kay", handle=named(problem, r"(?<=')[\w-]+(?=')"))


async def a_handle_that_is_none(model: Model) -> None:
    problem = await model.fails("update_member", member="kay", handle="Kay Müller")
    await model.works("update_member", member="kay", handle=named(problem, r"(?<=')[\w-]+(?=')"))


async def the_last_owner(model: Model) -> None:
    problem = await model.fails("update_member", authority="member")
    assert named(problem, "Make somebody else an owner first")
    await model.works("update_member", member="ada", authority="owner")
    await model.works("update_member", authority="member")


Case = Callable[[Model], Awaitable[None]]
BY_LIN: list[Case] = [
    a_channel_with_a_slip_of_the_pen, a_channel_like_nothing_there_is,
    a_member_with_a_slip_of_the_pen, a_member_like_nobody_there_is, a_member_without_the_sign,
    a_channel_without_the_sign, a_message_id_as_the_target, a_member_read_as_a_channel,
    a_conversation_that_has_not_begun, a_message_that_is_not_there, an_unknown_delivery,
    an_argument_that_is_not_known, a_tool_that_is_not_known, a_name_for_oneself,
    a_damaged_cursor, a_damaged_cursor_of_a_search, both_cursors_at_once,
    a_cursor_beyond_the_ledger, a_restart_with_a_cursor_of_another_life,
    a_key_that_was_used_for_something_else, a_key_that_is_no_key, an_archived_channel,
    a_name_that_a_channel_has, a_name_that_no_channel_can_have, an_urgency_that_is_not_for_agents,
    a_direct_conversation_that_others_should_join, who_has_retired, text_with_a_control_character,
    a_read_cursor_beyond_the_end,
]  # fmt: skip
BY_SAM: list[Case] = [
    a_wait_that_is_too_long, an_ack_of_nothing, outside_of_a_channel,
]  # fmt: skip
BY_ADA: list[Case] = [a_cursor_where_one_is_not]
BY_THE_OWNER: list[Case] = [a_handle_that_is_taken, a_handle_that_is_none, the_last_owner]
ROLES = {"member": BY_LIN, "outsider": BY_SAM, "admin": BY_ADA, "owner": BY_THE_OWNER}


@pytest.mark.parametrize("role", ROLES)
async def test_what_an_error_suggests_over_mcp_works(faces: Faces, role: str) -> None:
    for case in ROLES[role]:
        model = Model(faces, role)
        await case(model)
        assert model.met, case.__name__


# REST has the same errors; these are its own


async def test_who_has_no_token_is_told_how_to_get_one(faces: Faces) -> None:
    problem = (await faces.http.get("/api/me/")).json()
    assert problem["code"] == "not_authenticated"
    method, path = named(problem, r"POST /api/\S+").split()
    body = {"name": "Max", "join_code": faces.office.things["join_code"]}
    made = (await faces.http.request(method, path, json=body)).json()
    headers = {"Authorization": f"Bearer {made['token']}"}
    assert (await faces.http.get("/api/me/", headers=headers)).json()["handle"] == "max"


async def test_who_is_lost_is_told_where_the_addresses_are(faces: Faces) -> None:
    headers = {"Authorization": f"Bearer {faces.office.tokens['member']}"}
    problem = (await faces.http.get("/api/nothing/", headers=headers)).json()
    method, path = named(problem, r"GET /api/\S+").split()
    assert (await faces.http.request(method, path)).status_code == 200
    problem = (await faces.http.get("/api/me", headers=headers)).json()
    assert named(problem, "ends with a slash")
    assert (await faces.http.get("/api/me/", headers=headers)).status_code == 200


async def test_whose_join_code_is_used_up_is_told_the_command_for_a_new_one(faces: Faces) -> None:
    from django.core.management import call_command

    body = {"name": "Max", "join_code": "join_wrong"}
    problem = (await faces.http.post("/api/register/", json=body)).json()
    name = named(problem, r"(?<=manage\.py )\w+")
    code = await in_thread(lambda: output_of(call_command, name))
    answer = await faces.http.post("/api/register/", json={"name": "Max", "join_code": code})
    assert answer.status_code == 201


def output_of(call_command: Callable[..., Any], name: str) -> str:
    from io import StringIO

    out = StringIO()
    call_command(name, stdout=out, stderr=StringIO())
    return out.getvalue().strip()


async def test_a_second_answer_is_asked_for_with_the_same_key(faces: Faces) -> None:
    """What an error of the server suggests: the same call again does nothing twice."""
    headers = {"Authorization": f"Bearer {faces.office.tokens['member']}"}
    body = {"to": "#general", "body": "Once.", "client_key": "once"}
    first = (await faces.http.post("/api/messages/", headers=headers, json=body)).json()
    again = (await faces.http.post("/api/messages/", headers=headers, json=body)).json()
    assert first == again
