"""Two processes that move people at once never make a loop: neither sees half of the other."""

from __future__ import annotations

import random
import subprocess
import sys

import httpx2
import pytest

from tests.live import ROOT, LiveServer

pytestmark = [pytest.mark.timeout(180), pytest.mark.sqlite]
STAFF = ("ann", "bob", "cid", "dan")
ROUNDS = 60

OTHER = """
import random, sys, django
django.setup()
from orgchart.models import Member
from orgchart.services import set_manager
from teammcp.core.errors import AppError
owner, chance, outcomes = Member.objects.get(authority="owner"), random.Random(2), []
for _ in range(int(sys.argv[1])):
    member, manager = chance.sample(sys.argv[2:], 2)
    try:
        set_manager(actor=owner, member=member, manager=manager)
        outcomes.append("moved")
    except AppError as error:
        outcomes.append(error.code)
print(*outcomes)
"""


def test_a_server_and_a_command_move_people_at_once() -> None:
    with LiveServer() as server:
        headers = {"Authorization": f"Bearer {server.owner_token()}"}
        with httpx2.Client(base_url=f"{server.url}/api", headers=headers, timeout=30) as api:
            for name in STAFF:
                assert api.post("/register/", json={"name": name}).status_code == 201
            ours, theirs = _at_once(server, api)
            items = api.get("/members/").json()["items"]
    managers = {member["handle"]: member["manager"] for member in items}
    for handle, manager in managers.items():
        seen, above = [handle], manager
        while above is not None:
            assert above not in seen, managers
            seen.append(above)
            above = managers[above]
    assert set(ours) == {200, 409}
    assert set(theirs) == {"moved", "conflict"}


def _at_once(server: LiveServer, api: httpx2.Client) -> tuple[list[int], list[str]]:
    other = subprocess.Popen(
        [sys.executable, "-c", OTHER, str(ROUNDS), *STAFF],
        cwd=ROOT,
        env={**server.env, "DJANGO_SETTINGS_MODULE": "teammcp.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    chance, ours = random.Random(1), []
    while other.poll() is None:
        member, manager = chance.sample(STAFF, 2)
        answer = api.post(f"/members/{member}/manager/", json={"manager": manager})
        ours.append(answer.status_code)
    said, _ = other.communicate()
    assert other.returncode == 0
    return ours, said.split()
