"""What was approved runs exactly once, although the server is killed between decision and run.

    python -m benchmarks.approvals_crash --kills 100

Each time an agent makes a few calls that a policy holds, a person approves all of them at once, and
the whole server is killed with SIGKILL some milliseconds after none, one or more of them was
answered: before the decisions, among them, between decision and run, among the runs, or after them
all. Then it starts again, whatever was not decided is decided anew, and at the end every act must
have happened once: counted from the messages in the database file, from the ledger, and from the
answers that clients got.
"""

from __future__ import annotations

import argparse
import random
import sqlite3
import sys
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.live import DATABASE, LiveServer, wait_until

ACTS = 6  # approved at once before each kill
LONGEST_MS = 40  # from the last answer that is waited for to the kill, drawn anew each time
LONGEST_WAIT = 30.0  # for answers, on a machine that has other things to do


@dataclass
class Proof:
    """What was found."""

    kills: int = 0
    acts: int = 0
    found: Counter[str] = field(default_factory=Counter)
    """how the requests stood in the file when the server was dead"""
    faults: list[str] = field(default_factory=list)


class Office:
    """A server, an agent who asks and an owner who decides."""

    def __init__(self, live: LiveServer) -> None:
        self.live = live
        self.owner = live.owner_token()
        join = {"join_code": live.join_code, "name": "Lin", "handle": "lin"}
        self.lin = self.call("POST", "register/", "", join)["token"]
        stage = {"approvers": [f"@{live.ready['owner']}"]}
        self.call("POST", "approvals/policies/", self.owner, {
            "name": "Words", "pattern": "send_message", "requesters": ["@lin"], "stages": [stage],
        })  # fmt: skip

    def call(self, method: str, path: str, token: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        with httpx2.Client(timeout=30, trust_env=False) as http:
            url = f"{self.live.url}/api/{path}"
            answer = http.request(method, url, headers=headers, json=body)
        if not answer.is_success:
            raise RuntimeError(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return answer.json()

    def ask(self, body: str) -> str:
        """The request of a held message; its key makes a repetition safe."""
        message = {"to": "#general", "body": body, "client_key": body}
        return str(self.call("POST", "messages/", self.lin, message)["state"]["request"])

    def approve(self, request: str) -> bool:
        """Whether the approval was answered: then it may not be lost."""
        try:
            body = {"request": request, "verdict": "approve"}
            self.call("POST", "approvals/decide/", self.owner, body)
        except (RuntimeError, httpx2.HTTPError):
            return False
        return True

    def status(self, request: str) -> str:
        found = self.call("GET", f"approvals/progress/?request={request}", self.lin)
        return str(found["status"])

    def in_the_file(self, statement: str) -> list[Any]:
        """Rows as a dead server left them."""
        path = self.live.data_dir / DATABASE
        with closing(sqlite3.connect(path)) as file:
            return file.execute(statement).fetchall()


def prove(kills: int, *, seed: int = 1) -> Proof:
    """Kill the server so often, and say what became of everything that was asked for."""
    chance, proof = random.Random(seed), Proof()
    with LiveServer() as live:
        office = Office(live)
        for number in range(kills):
            _one(office, proof, number, chance)
        _count(office, proof)
    return proof


def _one(office: Office, proof: Proof, number: int, chance: random.Random) -> None:
    bodies = [f"act {number}-{place}" for place in range(ACTS)]
    requests = [office.ask(body) for body in bodies]
    answered: dict[str, bool] = {}
    begun = threading.Barrier(ACTS + 1)
    moved = threading.Condition()

    def approve(request: str) -> None:
        begun.wait()
        said = office.approve(request)
        with moved:
            answered[request] = said
            moved.notify_all()

    threads = [threading.Thread(target=approve, args=[request]) for request in requests]
    for thread in threads:
        thread.start()
    begun.wait()
    after = chance.randrange(ACTS + 1)
    with moved:
        moved.wait_for(lambda: len(answered) >= after, LONGEST_WAIT)
    threading.Event().wait(chance.random() * LONGEST_MS / 1000)
    office.live.kill()
    for thread in threads:
        thread.join()
    proof.kills += 1
    proof.acts += ACTS
    _look(office, proof, requests, answered)
    office.live.start()
    for request in requests:
        if office.status(request) == "open":
            office.approve(request)
        wait_until(lambda r=request: office.status(r) == "executed", f"{request} has run")  # type: ignore[misc]


def _look(office: Office, proof: Proof, requests: list[str], answered: dict[str, bool]) -> None:
    rows = dict(office.in_the_file("SELECT id, status FROM approvals_approvalrequest"))
    for request in requests:
        status = rows[int(request[2:])]
        proof.found[status] += 1
        if answered[request] and status == "open":
            proof.faults.append(f"{request} was answered as approved, and is open after the kill")


def _count(office: Office, proof: Proof) -> None:
    """Each act once: as messages, in the ledger, and in what a repeated call answers."""
    office.live.stop()
    sent = Counter(
        body for (body,) in office.in_the_file(
            "SELECT body FROM messaging_message WHERE body LIKE 'act %'"
        )
    )  # fmt: skip
    ran = office.in_the_file("SELECT target FROM audit_event WHERE kind = 'approval.executed'")
    targets = Counter(target for (target,) in ran)
    proof.faults += [f"{body} was sent {n} times" for body, n in sent.items() if n != 1]
    proof.faults += [f"{target} ran {n} times" for target, n in targets.items() if n != 1]
    if not len(sent) == len(targets) == proof.acts:
        proof.faults.append(f"{proof.acts} approved, {len(sent)} sent, {len(targets)} recorded")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    proof = prove(asked.kills, seed=asked.seed)
    print(f"{proof.kills} kills, {proof.acts} acts, as the dead server left them: {proof.found}")
    print("\n".join(proof.faults) or "each ran exactly once")
    return bool(proof.faults)


if __name__ == "__main__":
    sys.exit(main())
