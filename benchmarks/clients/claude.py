"""Claude Code itself, with hooks and connector: `python -m benchmarks.clients.claude [PROGRAM]`.

`manage.py connect` sets it up on an empty home; then it runs in print mode against a model that
follows a script. What is checked is what reached the model: who it is when the session begins, a
message that came while a tool ran, and a question that keeps it from stopping until it answers.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from typing import Any

from benchmarks.clients.model import Block, Model, run_scripted, say, serving, use
from tests.live import ROOT, LiveServer

PREFIX = "mcp__teammcp__"
QUESTION = "May I deploy?"


class Colleagues:
    """Lin, who is Claude Code, and Kay, who writes."""

    def __init__(self, live: LiveServer) -> None:
        self._live = live
        self.lin = self._register("Lin", title="Backend engineer")
        self.kay = self._register("Kay")

    def _register(self, name: str, **fields: str) -> str:
        answer = self.post("register/", "", join_code=self._live.join_code, name=name, **fields)
        return str(answer["token"])

    def post(self, path: str, token: str, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self._live.url}/api/{path}", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def facts(self, message: int) -> Any:
        """What became of a message."""
        request = urllib.request.Request(  # noqa: S310
            f"{self._live.url}/api/messages/{message}/deliveries/",
            headers={"Authorization": f"Bearer {self.kay}"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)["items"][0]


def script(colleagues: Colleagues, sent: list[int]) -> Any:
    """The model's part: look, try to stop, answer, acknowledge, stop."""

    def turn(number: int, request: dict[str, Any]) -> Block:
        if number == 1:
            body = {"to": "@lin", "body": QUESTION, "expects_reply": True}
            sent.append(colleagues.post("messages/", colleagues.kay, **body)["id"])
            return use(f"{PREFIX}find_people", query="kay")
        if number == 2:
            return say("I stop now.")
        if number == 3:
            return use(f"{PREFIX}send", to="@kay", body="Yes, go.")
        if number == 4:
            return use(f"{PREFIX}ack", deliveries=[_delivery(request)])
        return say("Done.")

    return turn


def _delivery(request: dict[str, Any]) -> int:
    """The delivery that the model was told of."""
    text = json.dumps(request["messages"])
    return int(text.partition("ack(deliveries=[")[2].partition("]")[0].split(",")[-1])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", nargs="?", default="claude", help="Claude Code (claude)")
    program = shutil.which(parser.parse_args().program)
    if program is None:
        parser.error("there is no such program; npm install @anthropic-ai/claude-code")
    with LiveServer() as live, tempfile.TemporaryDirectory() as home:
        colleagues, sent = Colleagues(live), list[int]()
        environment = {"HOME": home, "PATH": os.environ["PATH"], "TEAMMCP_HOOK_SECONDS": "5"}
        command = [sys.executable, str(ROOT / "manage.py"), "connect", "--url", live.url]
        command += ["--client", "claude-code", "--hooks", "--yes"]
        subprocess.run(command, env=environment, input=f"{colleagues.lin}\n", text=True, check=True)
        model = Model(script(colleagues, sent), tools=PREFIX)
        with serving(model) as address:
            run_claude(program, environment, home, address)
        return report(model, colleagues.facts(sent[0]) if sent else {})


def run_claude(program: str, environment: dict[str, str], home: str, address: str) -> None:
    command = [program, "-p", "Begin.", "--allowedTools", "mcp__teammcp", "--output-format", "json"]
    run_scripted(command, environment, home, address)


def report(model: Model, facts: dict[str, Any]) -> int:
    """Print what was seen; 1 where something is missing."""
    turns = len(model.requests)
    seen = {
        "the session began with who it is": turns > 0 and "you are @lin" in model.heard(1),
        "a message came between tool calls": turns > 1 and QUESTION in model.heard(2),
        "it was kept from stopping": turns > 2 and "Before you stop" in model.heard(3),
        "a tool call was answered": turns > 3 and "stored" in model.heard(4),
        "the message was offered by the hook": facts.get("offered_route") == "hook",
        "only the agent acknowledged it": bool(facts.get("acknowledged_at")),
        "it stopped then": turns == 5,
    }
    for what, yes in seen.items():
        print(f"{'yes' if yes else 'NO ':3}  {what}")
    return int(not all(seen.values()))


if __name__ == "__main__":
    sys.exit(main())
