"""What goes into a Python environment, and when. Standard library only.

A lock file names every distribution with its version and hashes. An environment that holds one in
full carries a stamp with the lock's hash: later starts are instant, and a new lock installs itself.
A lock file of the other kind keeps two starts apart, and a mark shows that an installation began
and did not end, so that the next one trusts nothing that lies there.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from teammcp.filelock import FileLock

STAMP = "teammcp-installed"
UNFINISHED = "teammcp-installing"
PIP_ENVIRONMENT = {"PIP_USER": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1", "PIP_NO_INPUT": "1"}
WIDTH = 78


def is_current(environment: Path, lock: Path) -> bool:
    """Whether the lock is installed: going by our stamp, or by what its maker put there."""
    if (environment / UNFINISHED).exists():
        return False
    if installed := stamps(environment):
        return digest(lock) in installed
    return not missing(lock)


def stamps(environment: Path) -> list[str]:
    """The hashes of the lock files that we installed there in full."""
    with contextlib.suppress(OSError):
        return (environment / STAMP).read_text(encoding="utf-8").split()
    return []


def digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def missing(lock: Path) -> list[str]:
    """The distributions of the lock that this Python does not have, in any version."""
    return [name for name in names_in(lock) if not _is_installed(name)]


def names_in(lock: Path, *, conditional: bool = False) -> list[str]:
    """What the lock wants on every platform; with `conditional`, on any."""
    end = r"" if conditional else r" \\$"
    found = re.findall(rf"^([\w.-]+)==\S+{end}", lock.read_text(encoding="utf-8"), re.MULTILINE)
    return sorted(set(found))


def _is_installed(name: str) -> bool:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


def install(environment: Path, locks: Sequence[Path]) -> None:
    """Install the first lock, which holds the others, unless another start does so just now."""
    guard = FileLock(environment / "teammcp-install.lock")
    try:
        if not guard.acquire():
            say("Waiting for another start to finish installing.")
            guard.acquire(wait=True)
    except OSError as error:
        sys.exit(f"Dependencies are missing in {environment}, which is closed: {error.strerror}.")
    try:
        if not is_current(environment, locks[0]):
            _install(environment, locks)
    finally:
        guard.release()


def _install(environment: Path, locks: Sequence[Path]) -> None:
    unfinished = environment / UNFINISHED
    repair = unfinished.exists()
    unfinished.touch()
    (environment / STAMP).unlink(missing_ok=True)
    command = installer(locks[0], repair=repair)
    say(f"Installing the dependencies in {locks[0].name} (again only when they change).")
    run_installer(command, Progress(len(names_in(locks[0], conditional=True))))
    installed = "\n".join(digest(lock) for lock in locks)
    (environment / STAMP).write_text(installed, encoding="utf-8")
    unfinished.unlink()


def installer(lock: Path, *, repair: bool) -> list[str]:
    """The command that installs with what this machine has."""
    wanted = ["--require-hashes", "-r", str(lock)]
    if uv := shutil.which("uv"):
        anew = ["--reinstall"] if repair else []
        compiled = "--compile-bytecode"  # as pip does; a start without it takes seconds longer
        return [uv, "pip", "install", "--python", sys.executable, compiled, *anew, *wanted]
    if repair or not has_module("pip"):
        _provide_pip()
    anew = ["--ignore-installed"] if repair else []
    return [sys.executable, "-m", "pip", "install", "--progress-bar", "off", *anew, *wanted]


def _provide_pip() -> None:
    """An interrupted environment, or one that uv made, may have no pip."""
    command = [sys.executable, "-m", "ensurepip", "--upgrade", "--default-pip"]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        sys.exit(f"There is no pip in {sys.prefix}. {advice_for_pip()}")


def advice_for_pip() -> str:
    """How to get Python's missing parts, in the words of this machine."""
    if shutil.which("apt-get"):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"Install what is missing: apt-get install python{version}-venv"
    return "Install Python's venv and ensurepip modules, or uv (https://docs.astral.sh/uv)."


def has_module(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def run_installer(command: Sequence[str], progress: Progress) -> None:
    """Run it with a line of progress; on failure show the end of what it said, and stop."""
    said: list[str] = []
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | PIP_ENVIRONMENT,
        text=True,
        errors="replace",
    ) as process:
        for line in process.stdout or ():
            said.append(line)
            progress.follow(line.strip())
    progress.end()
    if process.returncode:
        sys.stderr.writelines(said[-8:])
        sys.exit("The dependencies could not be installed. The next start tries again.")


class Progress:
    """One line that changes while packages arrive; in a file, a line for every tenth package."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._count = 0
        self._changes_in_place = sys.stderr.isatty()

    def follow(self, line: str) -> None:
        """Take a line that pip or uv wrote."""
        if line.startswith("Collecting "):
            self._count += 1
            self._show(f"{self._count}/{self._total} {line.split()[1]}", self._count % 10 == 0)
        elif line.startswith(("Installing collected", "Prepared ")):
            self._show("installing ...", worth_a_line=True)

    def end(self) -> None:
        if self._changes_in_place:
            print(" " * WIDTH, end="\r", file=sys.stderr, flush=True)

    def _show(self, text: str, worth_a_line: bool) -> None:  # noqa: FBT001
        if self._changes_in_place:
            print(f"  {text:{WIDTH - 2}.{WIDTH - 2}}", end="\r", file=sys.stderr, flush=True)
        elif worth_a_line:
            say(f"  {text}")


def say(text: str) -> None:
    """A line for the person who waits; stdout belongs to the command itself."""
    print(text, file=sys.stderr, flush=True)
