"""A real server for tests and benchmarks: `manage.py up`, as a user starts it.

    with LiveServer() as server:         # temporary data directory, free port; waits until healthy
        server.url                       # "http://127.0.0.1:18123"; also .mcp_url, .port, .data_dir
        server.sign_in_url               # the owner's one-time sign-in link
        server.join_code                 # lets agents register
        server.ready                     # everything `up --json` announced, as a dict
        server.owner_token()             # an API token of the owner (`manage.py token`)
        server.manage("joincode", "--json")    # any command on the same data; returns its stdout
        server.kill()                    # SIGKILL for the whole group: as a power cut would end it
        server.start()                   # again, on the same data directory and port
        server.stop()                    # SIGTERM; waits, returns the exit code
        server.restart()                 # stop and start
        server.processes()               # all that live in its process group (psutil)
        server.child("web")              # one supervised child: "web" or "jobs"
        server.log                       # what it wrote to stderr, over all starts

`LiveServer(data_dir=..., port=..., env={"TEAMMCP_SERVER": "daphne"})` fixes what you care about.
Where a run of tests has a migrated database (`tests.migrated`), a server begins with a copy of it;
`from_nothing=True` makes its own.
The temporary directory goes when the block ends. Nothing here touches Django, so benchmarks and
tests in other processes can use it. As a fixture: `live_server_process` (one per test module).
`wait_until(condition, "what is awaited")` is the bounded wait that stands in for a sleep.
"""

from __future__ import annotations

import contextlib
import functools
import json
import os
import random
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self, TypeVar

import httpx2
import psutil
import pytest

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 120.0  # generous: a loaded machine with two cores
STOP_SECONDS = 20.0
WAIT_SECONDS = 60.0
PORTS = range(15000, 32000)  # below the ephemeral range, so no outgoing connection takes ours

DATABASE = "teammcp.sqlite3"

T = TypeVar("T")


class LiveServer:
    """One `manage.py up` in a process group of its own."""

    migrated: ClassVar[Path | None] = None
    """The folder of the run's migrated database, which may still be in the making."""

    def __init__(
        self,
        *,
        data_dir: Path | None = None,
        port: int | None = None,
        env: Mapping[str, str] | None = None,
        from_nothing: bool = False,
    ) -> None:
        self._home = Path(tempfile.mkdtemp(prefix="teammcp-live-"))
        self._log_path = self._home / "up.log"
        self._process: subprocess.Popen[bytes] | None = None
        self.data_dir = data_dir or self._home / "data"
        self.port = port or free_port()
        self.env = clean_environment() | {"TEAMMCP_DATA_DIR": str(self.data_dir)} | dict(env or {})
        self.ready: dict[str, Any] = {}
        self._from_nothing = from_nothing or "DATABASE_URL" in self.env

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.close()
            raise

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def mcp_url(self) -> str:
        return f"{self.url}/mcp"

    @property
    def sign_in_url(self) -> str:
        return str(self.ready["sign_in_url"])

    @property
    def join_code(self) -> str:
        return str(self.ready["join_code"])

    @property
    def log(self) -> str:
        return self._log_path.read_text() if self._log_path.exists() else ""

    @property
    def pid(self) -> int:
        """The supervisor, which leads the process group."""
        if self._process is None:
            raise RuntimeError("this server was not started")
        return self._process.pid

    def start(self) -> Self:
        """Start on the data directory and port that this server has; return once it is healthy."""
        self.kill()
        if not self._from_nothing and not self.data_dir.exists():
            copy_migrated(self.migrated, self.data_dir / DATABASE)
        command = [sys.executable, str(ROOT / "manage.py"), "up", "--json"]
        command += ["--host", "127.0.0.1", "--port", str(self.port)]
        with self._log_path.open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=self.env,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        self.ready = json.loads(self._first_line())
        return self

    def stop(self) -> int:
        """Ask it to stop as a service manager would; the exit code."""
        return self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End every process of it at once, with no chance to clean up."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.poll() is None or processes_of_group(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=STOP_SECONDS)
        wait_until(lambda: not processes_of_group(process.pid), "the whole group is gone")

    def restart(self) -> Self:
        self.stop()
        return self.start()

    def close(self) -> None:
        """Leave nothing behind: no process, no directory."""
        self.kill()
        shutil.rmtree(self._home, ignore_errors=True)

    def manage(self, *arguments: str) -> str:
        """Run another command on the same data; its stdout."""
        done = subprocess.run(
            [sys.executable, str(ROOT / "manage.py"), *arguments],
            cwd=ROOT,
            env=self.env,
            check=False,
            capture_output=True,
            text=True,
            timeout=START_SECONDS,
        )
        if done.returncode:
            raise RuntimeError(f"manage.py {' '.join(arguments)} failed:\n{done.stderr}")
        return done.stdout

    def owner_token(self) -> str:
        """A new API token of the owner."""
        answer = json.loads(self.manage("token", str(self.ready["owner"]), "--json"))
        return str(answer["token"])

    def processes(self) -> list[psutil.Process]:
        """All living processes of the group; a zombie is as good as gone."""
        return [] if self._process is None else processes_of_group(self._process.pid)

    def child(self, name: str) -> psutil.Process:
        """The supervised child of this name, as soon as there is one."""
        return wait_until(lambda: self._find_child(name), f"a child {name!r}")

    def _find_child(self, name: str) -> psutil.Process | None:
        for process in psutil.Process(self.pid).children():
            with contextlib.suppress(psutil.Error):
                if process.cmdline()[-2:] == ["teammcp.child", name]:
                    return process
        return None

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            raise RuntimeError("this server was not started")
        self._process.send_signal(number)
        return self._process.wait(STOP_SECONDS)

    def _first_line(self) -> bytes:
        assert self._process is not None
        assert self._process.stdout is not None
        readable, _, _ = select.select([self._process.stdout], [], [], START_SECONDS)
        line: bytes = self._process.stdout.readline() if readable else b""
        if not line:
            log = self.log
            self.kill()
            raise RuntimeError(f"the server did not get ready; it said:\n{log}")
        return line


def copy_migrated(folder: Path | None, target: Path) -> bool:
    """Put a copy of the run's migrated database there; False where there is none to copy."""
    if folder is None:
        return False
    wait_until(folder.exists, "the migrated database", seconds=START_SECONDS)
    if not (folder / DATABASE).exists():
        return False
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    shutil.copyfile(folder / DATABASE, target)
    target.chmod(0o600)
    return True


def clean_environment() -> dict[str, str]:
    """This environment without what would change the server: a test states what it wants."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TEAMMCP_", "DJANGO_", "DATABASE_URL"))
    }


@functools.cache
def http() -> httpx2.Client:
    """One client for all tests: making one costs more than most calls."""
    return httpx2.Client(timeout=30, trust_env=False)


def free_port() -> int:
    """A TCP port of the loopback interface that nothing uses now."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("found no free port")


def processes_of_group(group: int) -> list[psutil.Process]:
    """All living processes of a process group."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, ProcessLookupError):
            living = process.status() != psutil.STATUS_ZOMBIE
            if living and os.getpgid(process.pid) == group:
                found.append(process)
    return found


def wait_until(
    condition: Callable[[], T | None], awaited: str, *, seconds: float = WAIT_SECONDS
) -> T:
    """The first true answer of `condition`; fails after `seconds`, saying what was awaited."""
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds:g} s in vain: {awaited}")
        time.sleep(0.02)
    return answer


@pytest.fixture(scope="module")
def live_server_process() -> Iterator[LiveServer]:
    """One running server for the tests of a module."""
    with LiveServer() as server:
        yield server
