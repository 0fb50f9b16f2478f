"""What `up` takes hold of before it changes anything: the port, the data directory and its lock.

A claim is whole or not made at all, and a refused one leaves nothing behind. The operating system
gives everything back when the process ends, however it ends.
"""

from __future__ import annotations

import errno
import os
import socket
from dataclasses import dataclass
from pathlib import Path

from teammcp.filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
BACKLOG = 2048  # connections that wait while the web server starts again


class Refusal(Exception):
    """Why the server can't start, and what to do about it."""


@dataclass(frozen=True, slots=True)
class Claim:
    """This process may serve this data directory on this address."""

    listener: socket.socket
    lock: FileLock
    data_dir: Path
    port: int
    url: str
    """Where this machine reaches the server."""

    def release(self) -> None:
        self.listener.close()
        self.lock.release()


_held: Claim | None = None


def claim_for_up() -> Claim:
    """The claim of this process, made at the first call from what the environment says.

    manage.py asks for it before it loads the settings, which may already write to the data
    directory; the command asks for it again.
    """
    global _held  # noqa: PLW0603 - a process is one server or none
    if _held is None:
        _held = claim(
            Path(os.environ.get("TEAMMCP_DATA_DIR", "").strip() or ROOT / "data"),
            os.environ.get("TEAMMCP_HOST", "").strip() or "127.0.0.1",
            os.environ.get("TEAMMCP_PORT", "").strip() or "8420",
        )
        os.environ["TEAMMCP_PORT"] = str(_held.port)  # which differs if any port was asked for
    return _held


def claim(data_dir: Path, host: str, port: str) -> Claim:
    """Claim all that a server needs, or refuse."""
    _refuse_if_running(data_dir)
    listener = listen(host, _port_number(port))
    try:
        lock = _own_directory(data_dir)
    except BaseException:
        listener.close()
        raise
    address = listener.getsockname()
    url = _url(address[0], address[1])
    lock.write_note(f"process {os.getpid()}, {url}")
    return Claim(listener, lock, data_dir, address[1], url)


def _url(host: str, port: int) -> str:
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"http://[{reachable}]:{port}" if ":" in reachable else f"http://{reachable}:{port}"


def _refuse_if_running(data_dir: Path) -> None:
    """The usual mistake, so it is looked for first: the port is taken then as well."""
    lock = _lock_of(data_dir)
    try:
        free = not lock.path.exists() or lock.acquire()
    except OSError as error:
        raise _closed(data_dir, error) from None
    if not free:
        raise _running(data_dir, lock)
    lock.release()


def _own_directory(data_dir: Path) -> FileLock:
    """Make the directory, private to this user, and lock it."""
    lock = _lock_of(data_dir)
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        free = lock.acquire()
    except OSError as error:
        raise _closed(data_dir, error) from None
    if not free:
        raise _running(data_dir, lock)
    return lock


def _lock_of(data_dir: Path) -> FileLock:
    return FileLock(data_dir / "up.lock")


def _running(data_dir: Path, lock: FileLock) -> Refusal:
    return Refusal(f"TeamMCP already runs on {data_dir} ({lock.read_note()}).")


def _closed(data_dir: Path, error: OSError) -> Refusal:
    return Refusal(
        f"The data directory {data_dir} cannot be used: {error.strerror}. "
        "Choose another with --data-dir."
    )


def _port_number(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text) < 1 << 16:
        return int(text)
    raise Refusal(f"A port is a number from 0 to 65535, not {text!r}.")


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. The web server inherits it, so that clients wait while it restarts."""
    try:
        family, address = _resolve(host, port)
        return socket.create_server(address, family=family, backlog=BACKLOG)
    except OSError as error:
        raise Refusal(_why_not(host, port, error)) from None


def _resolve(host: str, port: int) -> tuple[socket.AddressFamily, tuple[str, int]]:
    """The first address of a host; IPv4 if it has both, as clients mean with "localhost"."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, *_, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    return family, (str(address[0]), port)


def _why_not(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} on {host} is taken. Choose another with --port, or stop its user."
    if error.errno == errno.EACCES:
        return f"Port {port} is reserved for administrators. Choose one above 1023 with --port."
    return f"{host} is not an address of this machine. Choose another with --host."
