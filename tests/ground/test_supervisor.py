"""The supervisor with small children of its own, in this process."""

from __future__ import annotations

import os
import signal
import socket
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from teammcp import claims, supervisor
from teammcp.supervisor import Child, Supervisor

OBEDIENT = "import os; os.read(0, 1)"
DEAF = "import time; time.sleep(60)"
WEB = """
import http.server, os, socket, threading
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *args): pass
server = http.server.HTTPServer(("127.0.0.1", 0), Handler, bind_and_activate=False)
server.socket = socket.socket(fileno=int(os.environ["TEAMMCP_LISTEN_FD"]))
threading.Thread(target=server.serve_forever, daemon=True).start()
os.read(0, 1)
"""


class Script(Child):
    """A child that runs a few lines of Python."""

    def __init__(self, name: str, code: str, listener: socket.socket | None = None) -> None:
        super().__init__(name, listener=listener)
        self.code = code

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-c", self.code]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with claims.listen("127.0.0.1", 0) as listener:
        yield listener


def supervise(
    web: Child, *others: Child, listener: socket.socket, on_ready: Callable[[], None]
) -> int:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    return Supervisor(web, others, url=url, on_ready=on_ready).run()


def interrupt() -> None:
    os.kill(os.getpid(), signal.SIGINT)


def test_the_others_start_when_the_web_server_answers_and_a_signal_ends_all(
    listener: socket.socket,
) -> None:
    web, jobs = Script("web", WEB, listener), Script("jobs", OBEDIENT)
    before = signal.getsignal(signal.SIGINT)

    def on_ready() -> None:
        assert web.process is not None
        assert jobs.process is None
        interrupt()

    assert supervise(web, jobs, listener=listener, on_ready=on_ready) == 0
    assert web.process is None
    assert jobs.process is None
    assert signal.getsignal(signal.SIGINT) is before


def test_a_web_server_that_never_starts_is_given_up(
    listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    web = Script("web", "raise SystemExit(3)", listener)
    assert supervise(web, listener=listener, on_ready=pytest.fail) == 1
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "web ended (exit code 3); starting it again in 0.2 s.",
        "web ended (exit code 3); starting it again in 0.4 s.",
        "The web server did not start: it ended 3 times (exit code 3).",
    ]


def test_a_web_server_that_never_answers_is_given_up(
    listener: socket.socket,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(supervisor, "START_SECONDS", 0.2)
    web = Script("web", OBEDIENT, listener)
    assert supervise(web, listener=listener, on_ready=pytest.fail) == 1
    assert "did not answer http://127.0.0.1:" in capsys.readouterr().err
    assert web.process is None


def test_a_child_that_dies_is_started_again(
    listener: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    class Mortal(Script):
        """Dies in its first life; in its second it asks for the end of the test."""

        @property
        def command(self) -> list[str]:
            second = f"import os; os.kill({os.getpid()}, {signal.SIGINT:d}); os.read(0, 1)"
            return [sys.executable, "-c", second if self.ends else "import os; os.abort()"]

    web, jobs = Script("web", WEB, listener), Mortal("jobs", "")
    assert supervise(web, jobs, listener=listener, on_ready=lambda: None) == 0
    assert "jobs ended (killed by SIGABRT); starting it again in 0.2 s." in capsys.readouterr().err
    assert jobs.ends == 2


def test_a_child_that_does_not_hear_is_killed_after_a_while(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 0.2)
    web, jobs = Script("web", WEB, listener), Script("jobs", DEAF)
    assert supervise(web, jobs, listener=listener, on_ready=interrupt) == 0
    assert jobs.process is None


def test_a_second_ctrl_c_does_not_wait(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "IMPATIENCE_SECONDS", 0)
    monkeypatch.setattr(supervisor, "STOP_SECONDS", 600)
    web, jobs = Script("web", WEB, listener), Script("jobs", DEAF)

    def twice() -> None:
        interrupt()
        interrupt()

    assert supervise(web, jobs, listener=listener, on_ready=twice) == 0


def test_the_delay_doubles_to_its_limit_and_starts_over_after_a_steady_minute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    child = Child("web")
    delays = [child.postpone() for _ in range(10)]
    assert delays == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 30, 30])
    now = supervisor.STEADY_SECONDS
    assert child.postpone() == pytest.approx(0.2)
