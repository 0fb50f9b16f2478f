"""Several processes on one SQLite file: none of them gets what overlaps."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.client.conftest import Agent, join
from tests.live import ROOT, LiveServer, http

pytestmark = pytest.mark.timeout(180)
GRAB = """
import json, sys, django
django.setup()
from orgchart.models import Member
from tasks.services import take_lease
from teammcp.core.errors import Conflict
actor, got = Member.objects.get(handle=sys.argv[1]), []
sys.stdin.readline()
for number in range(15):
    try:
        taken = take_lease(actor=actor, names=[f"src/{number}/*.py", f"x:{number}"])
        got.append([number, taken.token])
    except Conflict:
        pass
print(json.dumps(got))
"""


def test_processes_that_ask_at_once_get_each_name_once() -> None:
    with LiveServer() as server:
        agents = [join(server, name) for name in ("lin", "kay", "sam")]
        env = {**server.env, "DJANGO_SETTINGS_MODULE": "teammcp.settings"}
        processes = [
            subprocess.Popen(
                [sys.executable, "-c", GRAB, agent.handle],
                cwd=ROOT, env=env, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for agent in agents[:2]
        ]  # fmt: skip
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        third = [token for number in range(15) if (token := asked(server, agents[2], number))]
        got = [pair for process in processes for pair in json.loads(process.communicate()[0])]
        numbers = [number for number, _ in got]
        tokens = [token for _, token in got] + third
        assert len(numbers) + len(third) == 15
        assert len(set(numbers)) == len(numbers)
        assert len(set(tokens)) == 15
        server.manage("verify_audit")


def asked(server: LiveServer, agent: Agent, number: int) -> int | None:
    """The token, or nothing where somebody was faster."""
    headers = {"Authorization": f"Bearer {agent.token}"}
    names = [f"src/{number}/x.py"]
    answer = http().post(f"{server.url}/api/leases/", json={"names": names}, headers=headers)
    assert answer.status_code in {201, 409}, answer.text
    return int(answer.json()["token"]) if answer.status_code == 201 else None
