"""Deciding from a terminal: `manage.py approvals` against a real server."""

from __future__ import annotations

import secrets
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.client.conftest import MANAGE, Agent, Machine, call, join, post
from tests.live import LiveServer, http


@dataclass(frozen=True)
class Desk:
    """The owner's machine, and Lin, whose channels wait."""

    live: LiveServer
    machine: Machine
    owner: Agent
    lin: Agent

    def run(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, MANAGE, "approvals", *words],
            env=self.machine.environment | env,
            cwd=self.machine.home,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=60,
        )

    def hold(self, name: str) -> str:
        answer = http().post(
            f"{self.live.url}/api/channels/", json={"name": name},
            headers={"Authorization": f"Bearer {self.lin.token}"},
        )  # fmt: skip
        assert answer.status_code == 202, answer.text
        return str(answer.json()["state"]["request"])

    def request(self, name: str) -> Any:
        return call(self.live, "GET", "approvals/request/", self.lin, request=name)


@pytest.fixture
def desk(live: LiveServer, machine: Machine) -> Desk:
    owner = Agent("owner", live.owner_token())
    lin = join(live, "Lin", handle=f"lin-{secrets.token_hex(4)}")
    post(
        live, "approvals/policies/", owner, name=f"Rooms of {lin.handle}",
        pattern="create_channel", requesters=[f"@{lin.handle}"],
        stages=[{"approvers": ["authority:owner"]}],
    )  # fmt: skip
    return Desk(live, machine.use(live, owner), owner, lin)


def test_what_waits_is_listed_shown_and_approved(desk: Desk) -> None:
    name = desk.hold("moon")
    listed = desk.run()
    assert (listed.returncode, listed.stderr) == (0, "")
    assert f"{name}  @{desk.lin.handle}: create_channel(name='moon'" in listed.stdout
    shown = desk.run("show", name)
    assert 'name = "moon"' in shown.stdout
    assert [one["face"] for one in desk.request(name)["showings"]] == ["rest"]
    asked = desk.run("approve", name)
    assert (asked.returncode, desk.request(name)["status"]) == (1, "open")
    assert "say --yes" in asked.stderr
    done = desk.run("approve", name, "--yes", "--comment", "Fine.")
    assert done.stdout.startswith("Approved.")
    assert desk.request(name)["decisions"][0]["comment"] == "Fine."


def test_a_late_decision_and_another_digest_are_refused(desk: Desk) -> None:
    name = desk.hold("sun")
    other = desk.run("approve", name, "--yes", "--digest", "0" * 64)
    assert (other.returncode, other.stdout) == (1, "")
    assert "has moved on since you looked" in other.stderr
    assert desk.run("decline", name, "--reason", "No.", "--yes").returncode == 0
    late = desk.run("approve", name, "--yes")
    assert late.returncode == 1
    assert "is declined already" in late.stderr


def test_a_question_is_answered_by_an_option(desk: Desk) -> None:
    asked = post(
        desk.live, "approvals/questions/", desk.lin, question="Blue or green?",
        asked=["authority:owner"], options=["Blue", "Green"],
        details="Look:\n\ttwice", cost="high", cost_reason="Paint dries",
    )  # fmt: skip
    name = asked["id"]
    assert f"{name}  @{desk.lin.handle} asks [high]: Blue or green?" in desk.run("list").stdout
    assert "- Blue" in desk.run("show", name.lower()).stdout
    wrong = desk.run("answer", name, "Red")
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "'Blue', 'Green'" in wrong.stderr
    assert desk.run("answer", name, "green", "--comment", "As the door.").returncode == 0
    found = call(desk.live, "GET", f"approvals/questions/{name}/", desk.lin)
    assert (found["answer"], found["comment"]) == ("Green", "As the door.")
    assert "is a question" in desk.run("approve", name, "--yes").stderr


def test_without_an_account_it_says_how_to_get_one(desk: Desk) -> None:
    ran = desk.run("list", TEAMMCP_TOKEN="")
    assert ran.returncode == 1
    assert "manage.py connect" in ran.stderr


def test_what_is_hidden_is_absent(desk: Desk) -> None:
    name = desk.hold("mars")
    kay = join(desk.live, "Kay", handle="kay")
    env = {"TEAMMCP_TOKEN": kay.token}
    hidden = desk.run("approve", name, "--yes", **env)
    absent = desk.run("approve", "A-999999", "--yes", **env)
    assert hidden.returncode == absent.returncode == 1
    assert hidden.stderr.replace(name, "") == absent.stderr.replace("A-999999", "")


def test_a_credential_for_approvals_alone_decides_and_does_nothing_else(desk: Desk) -> None:
    """What a gateway of a chat gets: the person's own, and no more than it needs."""
    made = post(
        desk.live, "credentials/", desk.owner, label="gateway",
        scopes=["approvals:read", "approvals:write"],
    )  # fmt: skip
    gateway = Agent("owner", made["token"])
    name = desk.hold("venus")
    waiting = call(desk.live, "GET", "approvals/", gateway, which="waiting")
    assert name in [one["id"] for one in waiting["items"]]
    shown = call(desk.live, "GET", "approvals/request/", gateway, request=name)
    stamp = {key: shown[key] for key in ("digest", "stage", "round")}
    post(desk.live, "approvals/decide/", gateway, request=name, verdict="approve", **stamp)
    replayed = http().post(
        f"{desk.live.url}/api/approvals/decide/",
        json={"request": name, "verdict": "approve", **stamp},
        headers={"Authorization": f"Bearer {gateway.token}"},
    )
    assert replayed.status_code == 409
    assert [one["member"] for one in desk.request(name)["decisions"]] == ["owner"]
    for path, body in (
        ("messages/", {"to": "#general", "body": "Hello."}),
        ("credentials/", {"label": "more"}),
        ("approvals/break-glass/", {"request": name, "reason": "Because."}),
        ("approvals/policies/", {"name": "x", "pattern": "*", "stages": []}),
    ):
        refused = http().post(
            f"{desk.live.url}/api/{path}", json=body,
            headers={"Authorization": f"Bearer {gateway.token}"},
        )  # fmt: skip
        assert refused.status_code == 403, (path, refused.text)
