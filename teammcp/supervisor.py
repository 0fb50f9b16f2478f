"""One process that starts the others, starts them again when they die, and stops them together.

Every child holds a lifeline: its standard input, a pipe from here. A byte on it asks the child to
stop; when this process is killed, the kernel closes it and the child ends at once. That works on
every platform, and needs neither signals to the group nor a grace period for orphans.

All decisions are taken in the main thread. Other threads and signal handlers only leave something
to do in `_inbox`.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
STDERR = 2  # the descriptor, whatever became of sys.stderr
FIRST_DELAY, LONGEST_DELAY = 0.2, 30.0
STEADY_SECONDS = 60.0  # a child that ran this long starts with the first delay again
START_SECONDS = 60.0  # the first answer may take this long
STOP_SECONDS = 8.0  # then a child that was asked to stop is killed
ATTEMPTS = 3  # of a web server that never answered
IMPATIENCE_SECONDS = 0.5  # between two Ctrl-C that are meant as two
WAKE_SECONDS = 1.0  # Windows does not interrupt a wait for Ctrl-C


class Child:
    """A process under supervision, and the delay before its next start."""

    def __init__(self, name: str, *, listener: socket.socket | None = None) -> None:
        self.name = name
        self.process: subprocess.Popen[bytes] | None = None
        self.due: float | None = None  # when to start it again
        self.ends = 0
        self._delay = FIRST_DELAY
        self._started = 0.0
        self._descriptors = _inheritable(listener)

    @property
    def command(self) -> list[str]:
        return [sys.executable, "-m", "teammcp.child", self.name]

    def start(self) -> subprocess.Popen[bytes]:
        """Start it; what it prints goes to stderr, for stdout is the command's own."""
        self.due = None
        self._started = time.monotonic()
        self.process = subprocess.Popen(
            self.command,
            cwd=ROOT,
            env=os.environ | {"TEAMMCP_LISTEN_FD": "".join(map(str, self._descriptors))},
            stdin=subprocess.PIPE,
            stdout=STDERR,
            pass_fds=self._descriptors,
        )
        return self.process

    def ended(self) -> None:
        """Note that it ended, and let go of its lifeline."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):
                self.process.stdin.close()
        self.process = None
        self.ends += 1

    def postpone(self) -> float:
        """Plan the next start; the delay doubles while it keeps dying young."""
        now = time.monotonic()
        if now - self._started >= STEADY_SECONDS:
            self._delay = FIRST_DELAY
        delay = self._delay
        self.due = now + delay
        self._delay = min(delay * 2, LONGEST_DELAY)
        return delay

    def ask_to_stop(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError):  # it ended by itself just now
                self.process.stdin.write(b".")
                self.process.stdin.flush()

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.ended()


class Supervisor:
    """Runs the web server, then the others, until it is told to stop."""

    def __init__(
        self, web: Child, others: Sequence[Child], *, url: str, on_ready: Callable[[], None]
    ) -> None:
        self._web = web
        self._others = others
        self._url = url
        self._on_ready = on_ready
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._answered = False
        self._asked_at: float | None = None
        self._stopping = False
        self._forced = False
        self._exit_code = 0

    def run(self) -> int:
        """Serve until a signal; the exit code."""
        with self._signals_to_inbox():
            try:
                self._start(self._web)
                self._in_thread(self._await_answer)
                while not self._stopping:
                    self._do_next(self._next_due())
                    self._start_due()
            finally:
                self._end_all()
        return self._exit_code

    # What happens

    def _answers(self) -> None:
        self._answered = True
        self._on_ready()
        for child in self._others:
            self._start(child)

    def _ended(self, child: Child, process: subprocess.Popen[bytes]) -> None:
        child.ended()
        if self._stopping:
            return
        how = _how_it_ended(process.returncode)
        if child is self._web and not self._answered and child.ends >= ATTEMPTS:
            self._fail(f"The web server did not start: it ended {ATTEMPTS} times ({how}).")
            return
        say(f"{child.name} ended ({how}); starting it again in {child.postpone():g} s.")

    def _fail(self, reason: str) -> None:
        say(reason)
        self._exit_code = 1
        self._stopping = True

    def _stop(self) -> None:
        self._stopping = True

    # Starting and stopping

    def _start(self, child: Child) -> None:
        process = child.start()

        def report_end() -> None:
            process.wait()
            self._inbox.put(functools.partial(self._ended, child, process))

        self._in_thread(report_end)

    def _start_due(self) -> None:
        now = time.monotonic()
        for child in self._children:
            if child.due is not None and child.due <= now and not self._stopping:
                self._start(child)

    def _end_all(self) -> None:
        """Ask all of them, wait for a while, then insist."""
        for child in self._running():
            child.ask_to_stop()
        deadline = time.monotonic() + STOP_SECONDS
        while self._running() and not self._forced and time.monotonic() < deadline:
            self._do_next(deadline)
        for child in self._running():
            child.kill()

    @property
    def _children(self) -> list[Child]:
        return [self._web, *self._others]

    def _running(self) -> list[Child]:
        return [child for child in self._children if child.process is not None]

    # The inbox

    def _do_next(self, deadline: float) -> None:
        """Do what comes in next, if anything does before the deadline."""
        seconds = min(max(deadline - time.monotonic(), 0), WAKE_SECONDS)
        with contextlib.suppress(queue.Empty):
            self._inbox.get(timeout=seconds)()

    def _next_due(self) -> float:
        planned = [child.due for child in self._children if child.due is not None]
        return min(planned, default=time.monotonic() + WAKE_SECONDS)

    def _in_thread(self, work: Callable[[], None]) -> None:
        threading.Thread(target=work, daemon=True).start()

    def _await_answer(self) -> None:
        if answers(self._url + "/healthz", seconds=START_SECONDS):
            self._inbox.put(self._answers)
        else:
            reason = f"The web server did not answer {self._url}/healthz in {START_SECONDS:g} s."
            self._inbox.put(functools.partial(self._fail, reason))

    @contextmanager
    def _signals_to_inbox(self) -> Iterator[None]:
        names = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")
        numbers = [getattr(signal, name) for name in names if hasattr(signal, name)]
        wanted = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]
        before = {number: signal.signal(number, self._on_signal) for number in wanted}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """The first signal asks for an orderly end, a second one for an immediate end."""
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif now - self._asked_at > IMPATIENCE_SECONDS:
            self._forced = True
        self._inbox.put(self._stop)


def answers(url: str, *, seconds: float) -> bool:
    """Whether a GET is answered with 200 in time. A server that starts again is waited for."""
    place = urlsplit(url)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        connection = http.client.HTTPConnection(place.hostname or "", place.port, timeout=left)
        with contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", place.path)
            if connection.getresponse().status == http.client.OK:
                return True
        connection.close()
        time.sleep(0.1)
    return False


def _inheritable(listener: socket.socket | None) -> tuple[int, ...]:
    """The descriptors that a child gets. Windows hands none on, so its web server binds itself."""
    if listener is None:
        return ()
    if sys.platform == "win32":
        listener.close()
        return ()
    return (listener.fileno(),)


def _how_it_ended(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    with contextlib.suppress(ValueError):
        return f"killed by {signal.Signals(-code).name}"
    return f"killed by signal {-code}"


def say(text: str) -> None:
    """One line per event, for whoever watches."""
    print(text, file=sys.stderr, flush=True)
