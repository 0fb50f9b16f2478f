"""`manage.py up` as a whole: what it says, what it refuses, and what survives what."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.live import (
    ROOT,
    START_SECONDS,
    LiveServer,
    clean_environment,
    processes_of_group,
    wait_until,
)


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    with LiveServer(from_nothing=True) as server:
        yield server


@pytest.fixture
def own_server() -> Iterator[LiveServer]:
    """For a test that ends it."""
    with LiveServer() as server:
        yield server


def up(*options: str) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to refuse."""
    return subprocess.run(
        [sys.executable, "manage.py", "up", *options],
        cwd=ROOT,
        env=clean_environment(),
        check=False,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
    )


def status(url: str) -> int:
    return httpx2.get(url, timeout=START_SECONDS, trust_env=False).status_code


def identity(process: psutil.Process) -> tuple[int, float]:
    return process.pid, process.create_time()


# What it says


def test_it_answers_when_it_says_so(server: LiveServer) -> None:
    assert server.ready["url"] == server.url
    assert server.ready["mcp_url"] == server.mcp_url
    assert server.ready["pid"] == server.pid
    assert server.sign_in_url.startswith(f"{server.url}/sign-in/")
    assert server.join_code
    assert status(f"{server.url}/healthz") == 200


def test_the_data_is_for_its_own_user_alone(server: LiveServer) -> None:
    assert server.data_dir.stat().st_mode & 0o777 == 0o700
    for path in server.data_dir.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path


def test_people_get_a_block_to_read(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "up", "--port=0", f"--data-dir={tmp_path / 'data'}"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        lines: list[str] = []
        for line in process.stdout:
            lines.append(line)
            if "Ctrl-C" in line:
                break
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        assert process.wait(START_SECONDS) == 0
    said = "".join(lines)
    assert ":0/" not in said
    for label in ("is running", "Dashboard", "Sign in", "MCP", "Join code", "/api/register/"):
        assert label in said
    assert processes_of_group(process.pid) == []


# What it refuses: one line each, and nothing left behind


def test_a_second_server_on_the_same_data_is_refused(server: LiveServer) -> None:
    done = up(f"--data-dir={server.data_dir}", "--port=0")
    assert done.returncode == 1
    assert done.stderr == (
        f"TeamMCP already runs on {server.data_dir} (process {server.pid}, {server.url}).\n"
    )
    assert status(f"{server.url}/healthz") == 200


def test_a_taken_port_is_refused(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = up(f"--data-dir={tmp_path / 'data'}", f"--port={port}")
    assert done.returncode == 1
    assert done.stderr == (
        f"Port {port} on 127.0.0.1 is taken. Choose another with --port, or stop its user.\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_a_data_directory_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    done = up(f"--data-dir={tmp_path / 'file' / 'data'}", "--port=0")
    assert done.returncode == 1
    assert done.stderr == (
        f"The data directory {tmp_path}/file/data cannot be used: Not a directory. "
        "Choose another with --data-dir.\n"
    )


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--port=web", "A port is a number from 0 to 65535, not 'web'."),
        ("--port=65536", "A port is a number from 0 to 65535, not '65536'."),
        ("--host=256.1.1.1", "256.1.1.1 is not an address of this machine."),
    ],
)
def test_an_address_that_is_none_is_refused(tmp_path: Path, option: str, said: str) -> None:
    done = up(f"--data-dir={tmp_path / 'data'}", option)
    assert done.returncode == 1
    assert done.stderr.startswith(said)
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_web_server_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = clean_environment() | {"TEAMMCP_SERVER": "apache"}
    monkeypatch.setattr("tests.ground.test_up.clean_environment", lambda: environment)
    done = up(f"--data-dir={tmp_path / 'data'}", "--port=0")
    assert done.returncode == 1
    assert done.stderr == "TEAMMCP_SERVER must be uvicorn or daphne, not 'apache'.\n"


# What it survives


def test_a_killed_web_server_comes_back_and_nobody_is_turned_away(server: LiveServer) -> None:
    first = server.child("web")
    before = identity(first)
    first.kill()
    with ThreadPoolExecutor(8) as pool:  # the connections wait in the socket that is kept open
        answers = list(pool.map(status, [f"{server.url}/healthz"] * 8))
    assert answers == [200] * 8
    assert identity(server.child("web")) != before
    assert "web ended (killed by SIGKILL); starting it again in 0.2 s." in server.log


def test_a_killed_job_cluster_comes_back_and_leaves_no_worker(server: LiveServer) -> None:
    first = server.child("jobs")
    cluster = [first, *wait_until(lambda: first.children(recursive=True), "workers")]
    first.kill()
    wait_until(lambda: not any(is_alive(process) for process in cluster), "the cluster is gone")
    wait_until(lambda: server.child("jobs") not in cluster, "another cluster")


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.mark.parametrize("web_server", ["uvicorn", "daphne"])
def test_sigterm_ends_everything_in_order_within_seconds(web_server: str) -> None:
    with LiveServer(env={"TEAMMCP_SERVER": web_server}) as server:
        wait_until(lambda: server.child("jobs").children(), "the job cluster")
        with listening_agent(server) as stream:
            assert server.stop() == 0
            assert "retry: " in "".join(stream.iter_text())  # and it ends as a stream should
        assert server.processes() == []
        assert server.log == ""


@contextmanager
def listening_agent(server: LiveServer) -> Iterator[httpx2.Response]:
    """An agent that follows the events; its stream."""
    with httpx2.Client(base_url=server.url, timeout=START_SECONDS, trust_env=False) as client:
        joining = {"join_code": server.join_code, "name": "Lin"}
        token = client.post("/api/register/", json=joining).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        with client.stream("GET", "/api/events/stream/", headers=headers) as stream:
            yield stream


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_is_normal(
    own_server: LiveServer,
) -> None:
    wait_until(lambda: own_server.child("jobs").children(recursive=True), "the job cluster")
    psutil.Process(own_server.pid).kill()
    wait_until(lambda: not own_server.processes(), "no orphans")
    own_server.start()
    assert status(f"{own_server.url}/healthz") == 200
    assert own_server.ready["first_start"] is False
