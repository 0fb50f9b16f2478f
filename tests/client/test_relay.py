"""Permission prompts that Claude Code relays over the connector, answered by people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from mcp_bridge.client import relay
from tests.client.conftest import Agent, Machine, call, join, post
from tests.client.pipe import Pipe
from tests.live import LiveServer, wait_until


class Queue:
    """The owner, who decides, and Lin, whose client asks."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        self.token = live.owner_token()
        self.lin = join(live, "Lin")
        stages = [{"approvers": ["authority:owner"]}]
        post(live, "approvals/policies/", self.token, name="Prompts", pattern="use_tool",
             requesters=["@lin"], stages=stages)  # fmt: skip

    def waiting(self) -> list[Any]:
        found = call(self.live, "GET", "approvals/", self.token, which="waiting", status="open")
        items: list[Any] = found["items"]
        return items

    def one(self) -> str:
        """The request that waits, as soon as there is one."""
        (found,) = wait_until(self.waiting, "a prompt in the queue")
        return str(found["id"])

    def decide(self, request: str, verdict: str, comment: str = "") -> None:
        said = {"request": request, "verdict": verdict, "comment": comment}
        post(self.live, "approvals/decide/", self.token, **said)

    def status(self, request: str) -> str:
        return str(
            call(self.live, "GET", "approvals/request/", self.token, request=request)["status"]
        )


@pytest.fixture(scope="module")
def queue() -> Iterator[Queue]:
    with LiveServer() as live:
        yield Queue(live)


def ask(pipe: Pipe, identity: str, **more: Any) -> None:
    """As Claude Code tells its channels of a prompt."""
    told = {
        "request_id": identity, "tool_name": "Bash", "description": "Push the branch",
        "input_preview": '{"command": "git push origin ma…',
    }  # fmt: skip
    pipe.send(relay.ASKED, **{**told, **more})


def verdicts(pipe: Pipe) -> list[dict[str, Any]]:
    return [one["params"] for one in list(pipe.received) if one.get("method") == relay.ANSWERED]


def client(queue: Queue, machine: Machine, agent: Agent | None = None, *options: str) -> Pipe:
    return Pipe(machine.use(queue.live, agent or queue.lin), *options, client="claude-code")


def test_only_claude_code_is_offered_the_relay(queue: Queue, machine: Machine) -> None:
    with client(queue, machine) as pipe:
        experimental = pipe.greet()["result"]["capabilities"]["experimental"]
    assert experimental["claude/channel/permission"] == experimental["claude/channel"] == {}
    with Pipe(machine.use(queue.live, queue.lin), client="codex") as pipe:
        assert relay.CAPABILITY not in str(pipe.greet())


def test_people_decide_on_a_preview_and_the_client_hears_it(queue: Queue, machine: Machine) -> None:
    with client(queue, machine) as pipe:
        pipe.greet()
        ask(pipe, "abcde")
        ask(pipe, "abcde")  # told twice, it is one prompt
        name = queue.one()
        assert pipe.call("find_people")["isError"] is False, "the client goes on meanwhile"
        shown = call(queue.live, "GET", "approvals/request/", queue.token, request=name)
        given = shown["arguments"]["input"]
        assert given["preview_only"] == '{"command": "git push origin ma…'
        assert given["description"] == "Push the branch"
        assert verdicts(pipe) == []
        queue.decide(name, "approve")
        pipe.until(lambda: verdicts(pipe), "the verdict")
        ask(pipe, "fghij")
        queue.decide(queue.one(), "decline", "Not on a Friday.")
        pipe.until(lambda: len(verdicts(pipe)) == 2, "the second verdict")
    assert verdicts(pipe) == [
        {"request_id": "abcde", "behavior": "allow"},
        {"request_id": "fghij", "behavior": "deny"},
    ]


def test_one_yes_is_for_one_prompt_however_alike_the_previews_are(
    queue: Queue, machine: Machine
) -> None:
    with client(queue, machine) as pipe:
        pipe.greet()
        ask(pipe, "aaaaa")
        queue.decide(queue.one(), "approve")
        pipe.until(lambda: verdicts(pipe), "the verdict")
        ask(pipe, "bbbbb")
        queue.decide(queue.one(), "decline")
        pipe.until(lambda: len(verdicts(pipe)) == 2, "the second verdict")


def test_what_is_no_prompt_is_not_asked(queue: Queue, machine: Machine) -> None:
    with client(queue, machine) as pipe:
        pipe.greet()
        for wrong in ({"request_id": 7}, {"tool_name": ""}, {"tool_name": None}):
            ask(pipe, "ccccc", **wrong)
        assert pipe.call("find_people")["isError"] is False
    assert queue.waiting() == []


def test_without_a_policy_the_prompt_on_the_screen_stays(queue: Queue, machine: Machine) -> None:
    kay = join(queue.live, "Kay")
    with client(queue, machine, kay) as pipe:
        pipe.greet()
        ask(pipe, "ddddd")
        pipe.call("find_people")
        feed = call(queue.live, "GET", "events/", kay, limit=50)["items"]
    assert not any(one["kind"].startswith("approval.") for one in feed)
    assert verdicts(pipe) == []


def test_what_still_waits_when_the_client_leaves_is_withdrawn(
    queue: Queue, machine: Machine
) -> None:
    with client(queue, machine) as pipe:
        pipe.greet()
        ask(pipe, "eeeee")
        name = queue.one()
        assert pipe.process.stdin is not None
        pipe.process.stdin.close()
        assert pipe.process.wait(60) == 0
    assert queue.status(name) == "withdrawn"
    assert verdicts(pipe) == []


def test_a_verdict_comes_over_a_restart_and_nothing_while_the_server_is_away(
    queue: Queue, machine: Machine
) -> None:
    with client(queue, machine) as pipe:
        pipe.greet()
        ask(pipe, "fffff")
        name = queue.one()
        queue.live.kill()
        ask(pipe, "ggggg")
        assert verdicts(pipe) == []
        queue.live.start()
        queue.decide(name, "approve")
        pipe.until(lambda: verdicts(pipe), "the verdict")
        assert verdicts(pipe) == [{"request_id": "fffff", "behavior": "allow"}]
        queue.decide(queue.one(), "decline")
        pipe.until(lambda: len(verdicts(pipe)) == 2, "the second verdict")
