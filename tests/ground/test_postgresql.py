"""On PostgreSQL: the rules of every day, and two servers that are one company.

The whole suite runs there too: `DATABASE_URL=postgres://... python3 manage.py test tests`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx2
import psutil
import psycopg
import pytest

from tests.live import ROOT, LiveServer, clean_environment, wait_until
from tests.postgresql import fresh_database

pytestmark = pytest.mark.timeout(960)

CLAIMING = "tests/tasks/test_claiming.py"
REVIEWING = "tests/tasks/test_blocking_and_reviewing.py"
REMINDING = "tests/tasks/test_reminding.py"
RULES = [
    "tests/core/test_client_keys.py",
    "tests/audit/test_ledger.py",
    "tests/orgchart/test_chart.py",
    "tests/orgchart/test_directory.py",
    "tests/messaging/test_handing_over.py",
    "tests/messaging/test_search.py",
    "tests/messaging/test_search_postgresql.py",
    f"{CLAIMING}::test_a_second_claim_hears_who_holds_it_until_when_and_what_else_is_free",
    f"{CLAIMING}::test_claiming_what_ran_out_frees_it_first_and_tells_its_former_holder_once",
    f"{CLAIMING}::test_what_is_assigned_to_one_comes_first_and_what_others_wait_for_before_the_rest",
    f"{CLAIMING}::test_with_nothing_that_fits_it_says_what_is_missing",
    f"{REVIEWING}::test_a_block_tells_who_has_to_act_and_its_end_wakes_who_waits",
    f"{REVIEWING}::test_a_task_with_a_reviewer_is_done_by_their_approval_alone",
    "tests/tasks/test_similar.py::test_work_that_looks_like_live_work_is_named_with_its_holder_and_why",
    "tests/tasks/test_leases.py",
    "tests/tasks/test_goals.py",
    "tests/approvals/test_concurrency.py",
    f"{REMINDING}::test_who_has_it_hears_before_it_is_due_and_then_those_above_step_by_step",
    f"{REMINDING}::test_many_processes_at_once_take_each_step_once",
    "tests/dashboard/test_tasks.py::test_cards_stand_in_the_column_of_their_status",
]


def test_the_rules_hold_on_postgresql() -> None:
    """The tests of client keys, the ledger, search and work, and with them of sending, run once
    more."""
    with fresh_database() as url:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *RULES],
            cwd=ROOT,
            env={**clean_environment(), "DATABASE_URL": url},
            check=False,
            capture_output=True,
            text=True,
            timeout=900,
        )
    assert done.returncode == 0, done.stdout[-4_000:]


# Two servers, one company


class Company:
    """Two servers on one database, and an agent who may call either."""

    def __init__(self, first: LiveServer, second: LiveServer, url: str) -> None:
        self.first, self.second, self.url = first, second, url
        no_rest = httpx2.Limits(max_keepalive_connections=0)  # a connection is a call in progress
        self.http = httpx2.Client(timeout=60, trust_env=False, limits=no_rest)
        self.lin, self.kay = self.hire("lin"), self.hire("kay")

    def hire(self, handle: str) -> dict[str, str]:
        body = {"join_code": self.second.join_code, "name": handle.title(), "handle": handle}
        answer = self.http.post(f"{self.first.url}/api/register/", json=body)
        return {"Authorization": f"Bearer {answer.json()['token']}"}

    def send(self, server: LiveServer, body: str, *, to: str = "@kay", key: str = "") -> Any:
        call = {"to": to, "body": body, **({"client_key": key} if key else {})}
        url = f"{server.url}/api/messages/"
        answer = self.http.post(url, json=call, headers=self.lin)
        assert answer.status_code == 201, answer.text
        return answer.json()

    def inbox(self, server: LiveServer, *, wait: int = 0) -> list[str]:
        url = f"{server.url}/api/inbox/"
        answer = self.http.get(url, params={"wait_seconds": wait}, headers=self.kay)
        return [item["message"]["body"] for item in answer.json()["items"]]

    def rows(self, statement: str) -> Any:
        with psycopg.connect(self.url) as database:
            return database.execute(statement).fetchall()


@pytest.fixture(scope="module")
def company() -> Iterator[Company]:
    with fresh_database() as url:
        env = {"DATABASE_URL": url}
        with LiveServer(env=env) as first, LiveServer(env=env) as second:
            company = Company(first, second, url)
            yield company
            company.http.close()


def test_what_is_posted_at_one_server_wakes_who_waits_at_the_other(company: Company) -> None:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(company.inbox, company.second, wait=30)
        wait_until(lambda: _waits(company, company.second), "Kay waits")
        company.send(company.first, "Over there?")
        assert waiting.result(timeout=60) == ["Over there?"]


def _waits(company: Company, server: LiveServer) -> bool:
    """Whether somebody's call is open at this server: it has a connection that is not ours."""
    answer = company.http.get(f"{server.url}/api/me/", headers=company.kay)
    open_calls = server.child("web").net_connections(kind="tcp")
    busy = [one for one in open_calls if one.status == psutil.CONN_ESTABLISHED]
    return answer.status_code == 200 and any(one.laddr.port == server.port for one in busy)


def test_many_writers_at_both_servers_make_one_chain_without_a_gap(company: Company) -> None:
    before = len(company.rows("SELECT id FROM messaging_message"))
    servers = [company.first, company.second] * 30
    with ThreadPoolExecutor(12) as pool:
        sent = list(pool.map(lambda n: company.send(servers[n], f"n{n}", to="#general"), range(60)))
    assert len({receipt["seq"] for receipt in sent}) == 60
    assert len(company.rows("SELECT id FROM messaging_message")) == before + 60
    assert company.rows("SELECT MAX(seq) - COUNT(*) FROM audit_event") == [(0,)]
    stamps = [at for (at,) in company.rows("SELECT at FROM audit_event ORDER BY seq")]
    assert stamps == sorted(stamps)
    assert "is sound" in company.first.manage("verify_audit")


def test_a_client_key_that_both_servers_get_at_once_is_run_once(company: Company) -> None:
    servers = [company.first, company.second] * 4
    for turn in range(5):
        with ThreadPoolExecutor(8) as pool:
            answers = list(
                pool.map(
                    lambda server: company.send(
                        server,
                        f"once {turn}",  # noqa: B023
                        to="#general",
                        key=f"k{turn}",  # noqa: B023
                    ),
                    servers,
                )
            )
        assert len({json.dumps(answer, sort_keys=True) for answer in answers}) == 1
    once = "SELECT COUNT(*), COUNT(DISTINCT body) FROM messaging_message WHERE body LIKE 'once %'"
    assert company.rows(once) == [(5, 5)]


def test_what_both_servers_lease_never_overlaps(company: Company) -> None:
    def take(number: int) -> str | None:
        server = (company.first, company.second)[number % 2]
        headers = (company.lin, company.kay)[number // 2 % 2]
        names = [f"src/{number // 8}/**", f"slot:{number // 8}"][:: 1 if number % 3 else -1]
        url = f"{server.url}/api/leases/"
        answer = httpx2.post(url, json={"names": names[:1]}, headers=headers, timeout=20)
        assert answer.status_code in {201, 409}, answer.text
        return answer.json()["id"] if answer.status_code == 201 else None

    with ThreadPoolExecutor(12) as pool:
        taken = {name for name in pool.map(take, range(96)) if name}
    held = company.rows("SELECT names::text FROM tasks_lease WHERE state = 'held'")
    assert len(taken) == len(held) == len(set(held)) == 24
    assert company.rows("SELECT COUNT(*) - COUNT(DISTINCT token) FROM tasks_lease") == [(0,)]


def test_a_connection_that_broke_is_made_anew(company: Company) -> None:
    """As after a restart of the database: a call may be told to come again, and then works."""
    for turn in range(5):
        company.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        wait_until(lambda: accepted(company, f"Still here {turn}."), "the message is accepted")  # noqa: B023
    once = "SELECT COUNT(*), COUNT(DISTINCT body) FROM messaging_message WHERE body LIKE 'Still%'"
    assert company.rows(once) == [(5, 5)]


def accepted(company: Company, body: str) -> bool:
    call = {"to": "#general", "body": body, "client_key": body}
    url = f"{company.first.url}/api/messages/"
    answer = company.http.post(url, json=call, headers=company.lin)
    assert answer.status_code in {201, 503}, answer.text
    assert answer.status_code == 201 or answer.json()["code"] == "unavailable"
    return answer.status_code == 201


def test_a_database_that_does_not_answer_is_said_in_one_line() -> None:
    env = clean_environment() | {"DATABASE_URL": "postgres://nobody@127.0.0.1:1/nothing"}
    done = subprocess.run(
        [sys.executable, "manage.py", "up", "--port", "0", "--data-dir", os.devnull + "-none"],
        cwd=ROOT,
        env=env,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_two_servers_never_make_a_loop_of_the_chart(company: Company) -> None:
    """Lin under Kay at one server, Kay under Lin at the other, again and again at once."""
    token = json.loads(company.first.manage("token", "owner", "--json"))["token"]
    headers = {"Authorization": f"Bearer {token}"}

    def put(server: LiveServer, member: str, manager: str) -> int:
        url = f"{server.url}/api/members/{member}/manager/"
        return httpx2.post(url, json={"manager": manager}, headers=headers, timeout=20).status_code

    for _ in range(15):
        with ThreadPoolExecutor(2) as pool:
            one = pool.submit(put, company.first, "lin", "kay")
            other = pool.submit(put, company.second, "kay", "lin")
        assert sorted([one.result(), other.result()]) == [200, 409]
        assert put(company.first, "lin", "") == put(company.second, "kay", "") == 200
