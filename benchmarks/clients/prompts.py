"""Claude Code that asks people first: `python -m benchmarks.clients.prompts [PROGRAM]`.

It runs in print mode with `--permission-prompt-tool`, against a model that follows a script and
wants three commands in turn. People allow the first once, deny the second with a reason, and have
allowed the third beforehand. What is checked is what ran on the disk, what the model was told,
and that the ledger knows each answer.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import urllib.request
from pathlib import Path
from typing import Any

from benchmarks.clients.model import Block, Model, run_scripted, say, serving, use
from tests.live import LiveServer, wait_until

TOOL = "mcp__teammcp__permission_prompt"
REASON = "Not on a Friday."
ALLOWED, DENIED, BEFOREHAND = "touch allowed", "touch denied", "touch beforehand"


class Company:
    """Lin, who is Claude Code, and the owner, who answers."""

    def __init__(self, live: LiveServer) -> None:
        self._live = live
        self._owner = live.owner_token()
        join = {"join_code": live.join_code, "name": "Lin", "handle": "lin"}
        self.lin = str(self.call("POST", "register/", "", **join)["token"])
        self.call("POST", "approvals/policies/", self._owner, name="Prompts", pattern="use_tool",
                  requesters=["@lin"], stages=[{"approvers": ["authority:owner"]}])  # fmt: skip
        bounds = [{"field": "input.command", "op": "eq", "value": BEFOREHAND}]
        self.call("POST", "approvals/standing/", self._owner, policy="Prompts", requester="lin",
                  count=1, until="2099-01-01T00:00:00Z", arguments=bounds)  # fmt: skip

    def call(self, method: str, path: str, token: str, **body: Any) -> Any:
        headers = {"Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        content = json.dumps(body).encode() if body else None
        request = urllib.request.Request(  # noqa: S310 - our own server
            f"{self._live.url}/api/{path}", content, headers, method=method
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            return json.load(answer)

    def waiting(self) -> list[Any]:
        path = "approvals/?which=waiting&status=open"
        items: list[Any] = self.call("GET", path, self._owner)["items"]
        return items

    def answer(self) -> None:
        """Allow the first prompt and deny the second, as they come."""
        for verdict, comment in (("approve", ""), ("decline", REASON)):
            (found,) = wait_until(self.waiting, "a prompt in the queue")
            said = {"request": found["id"], "verdict": verdict, "comment": comment}
            self.call("POST", "approvals/decide/", self._owner, **said)

    def recorded(self) -> list[str]:
        """What the ledger says of prompts, in order."""
        events = self.call("GET", "events/?limit=500&after=0", self.lin)["items"]
        return [one["kind"] for one in events if one["kind"].startswith("permission.")]


def script(number: int, _: dict[str, Any]) -> Block:
    """The model's part: three commands, then the end."""
    commands = (ALLOWED, DENIED, BEFOREHAND)
    if number <= len(commands):
        command = commands[number - 1]
        return use("Bash", command=command, description="Make a file")
    return say("Done.")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("program", nargs="?", default="claude", help="Claude Code (claude)")
    program = shutil.which(parser.parse_args().program)
    if program is None:
        parser.error("there is no such program; npm install @anthropic-ai/claude-code")
    with LiveServer() as live, tempfile.TemporaryDirectory() as home:
        company = Company(live)
        model = Model(script, tools="Bash")
        people = threading.Thread(target=company.answer, daemon=True)
        people.start()
        with serving(model) as address:
            run_claude(program, Path(home), address, live, company.lin)
        return report(model, Path(home) / "work", company.recorded())


def run_claude(program: str, home: Path, address: str, live: LiveServer, token: str) -> None:
    work = home / "work"
    work.mkdir()
    server = {
        "type": "http",
        "url": f"{live.mcp_url}?profile=prompts",
        "headers": {"Authorization": f"Bearer {token}"},
    }
    servers = home / "servers.json"
    servers.write_text(json.dumps({"mcpServers": {"teammcp": server}}))
    command = [program, "-p", "Begin.", "--permission-prompt-tool", TOOL]
    command += ["--mcp-config", str(servers), "--strict-mcp-config", "--output-format", "json"]
    environment = {"HOME": str(home), "PATH": os.environ["PATH"]}
    run_scripted(command, environment, str(work), address)


def report(model: Model, work: Path, recorded: list[str]) -> int:
    """Print what was seen; 1 where something is missing."""
    turns = len(model.requests)
    seen = {
        "what was allowed once ran": (work / "allowed").exists(),
        "what was denied did not run": turns > 2 and not (work / "denied").exists(),
        "the model was told why": turns > 2 and REASON in model.heard(3),
        "what was allowed beforehand ran unasked": (work / "beforehand").exists(),
        "each answer is in the ledger": recorded
        == ["permission.granted", "permission.used", "permission.refused", "permission.granted"],
        "it stopped then": turns == 4,
    }
    if not seen["each answer is in the ledger"]:
        print(recorded)
    for what, yes in seen.items():
        print(f"{'yes' if yes else 'NO ':3}  {what}")
    return int(not all(seen.values()))


if __name__ == "__main__":
    sys.exit(main())
