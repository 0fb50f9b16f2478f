"""From a fresh checkout to a process that has every dependency, with the standard library alone.

`enter` runs before Django is imported. It returns in an environment that holds the locked
dependencies: the active one (virtualenv, conda, `uv run`), or else `.venv` beside manage.py, which
it makes first. What goes into an environment, and when, is the business of `installing`.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from teammcp import claims, installing
from teammcp.filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
OWN = ROOT / ".venv"
WINDOWS = sys.platform == "win32"


def enter(argv: Sequence[str]) -> list[str]:
    """The arguments for Django, in an environment that is complete; may replace this process."""
    arguments = options_to_environment(argv)
    lock = lock_for(arguments)
    prefix = Path(sys.prefix)
    try:
        if not in_environment():
            if installing.missing(lock):  # a container image may have it all without one
                run_again_with(environment_python())
        elif not installing.is_current(prefix, lock):
            installing.install(prefix, locks_within(lock))
            run_again_with(Path(sys.executable))
    except KeyboardInterrupt:
        sys.exit("Interrupted. The next start takes it up again.")
    return arguments


def lock_for(argv: Sequence[str]) -> Path:
    """The lock file with what a command needs; only `test` needs the tools of development."""
    return ROOT / ("requirements-dev.lock" if list(argv[1:2]) == ["test"] else "requirements.lock")


def locks_within(lock: Path) -> list[Path]:
    """This lock first, then those that it holds in full."""
    return [lock] if lock == lock_for([]) else [lock, lock_for([])]


def prepare(arguments: Sequence[str]) -> None:
    """What a command needs before Django loads the settings, which open the data directory."""
    command = list(arguments[1:2])
    if command == ["up"] and not {"-h", "--help"} & set(arguments):
        try:
            claims.claim_for_up()
        except claims.Refusal as refusal:
            sys.exit(str(refusal))
    elif command == ["test"]:  # which must not touch the company's data
        scratch = tempfile.TemporaryDirectory(prefix="teammcp-test-")
        atexit.register(scratch.cleanup)
        os.environ["TEAMMCP_DATA_DIR"] = scratch.name


# Options that settings need before they are imported


def options_to_environment(argv: Sequence[str]) -> list[str]:
    """Move --data-dir (of any command), --host and --port (of `up`) into the environment."""
    options = {"--data-dir": "TEAMMCP_DATA_DIR"}
    if list(argv[1:2]) == ["up"]:
        options |= {"--host": "TEAMMCP_HOST", "--port": "TEAMMCP_PORT"}
    kept: list[str] = []
    rest = iter(argv)
    for argument in rest:
        name, equals, value = argument.partition("=")
        if name not in options:
            kept.append(argument)
            continue
        value = value if equals else next(rest, "")
        if not value:
            sys.exit(f"{name} needs a value.")
        os.environ[options[name]] = value
    _make_data_dir_absolute()
    return kept


def _make_data_dir_absolute() -> None:
    """The server's processes run in another directory than the one it was called from."""
    if directory := os.environ.get("TEAMMCP_DATA_DIR"):
        os.environ["TEAMMCP_DATA_DIR"] = str(Path(directory).expanduser().absolute())


# Which environment


def in_environment() -> bool:
    """Whether this Python is an environment that we may install into."""
    if sys.prefix != sys.base_prefix:
        return True
    conda = os.environ.get("CONDA_PREFIX", "")
    is_active = bool(conda) and Path(conda).resolve() == Path(sys.prefix).resolve()
    return is_active and not Path(conda, "condabin").exists()  # conda's base belongs to conda


def environment_python() -> Path:
    """The Python of the environment that is active, else of our own, made now if need be."""
    active = os.environ.get("VIRTUAL_ENV")
    if active and is_environment(Path(active)):
        return python_in(Path(active))
    if not installing.stamps(OWN):
        with FileLock(ROOT / ".venv.lock"):  # another start may be making it
            if not is_environment(OWN):
                make_environment(OWN)
    return python_in(OWN)


def is_environment(place: Path) -> bool:
    return (place / "pyvenv.cfg").exists() and python_in(place).exists()


def python_in(environment: Path) -> Path:
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


# Making one


def make_environment(place: Path) -> None:
    """An empty environment; a half-made or broken one in its place is replaced."""
    if place.exists():
        if not (place / "pyvenv.cfg").exists() and any(place.iterdir()):
            sys.exit(f"{place} is not a Python environment. Move it away and start again.")
        shutil.rmtree(place)
    command = creator(place)
    installing.say(f"Making a Python environment in {place.name} (only at the first start).")
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        shutil.rmtree(place, ignore_errors=True)
        said = (done.stderr or done.stdout).strip() or f"exit code {done.returncode}"
        sys.exit(f"The environment could not be made: {said.splitlines()[-1]}")


def creator(place: Path) -> list[str]:
    """The command that makes an environment with what this machine has."""
    if uv := shutil.which("uv"):
        return [uv, "venv", "--quiet", "--python", sys.executable, str(place)]
    if not (installing.has_module("venv") and installing.has_module("ensurepip")):
        sys.exit(f"This Python cannot make environments. {installing.advice_for_pip()}")
    return [sys.executable, "-m", "venv", str(place)]


# Going there


def run_again_with(python: Path) -> None:
    """Replace this process by the same command under another Python."""
    command = [str(python), *sys.orig_argv[1:]]
    if not WINDOWS:
        os.execv(python, command)
    # Windows has no exec that keeps the console waiting, so this process waits in its place.
    with contextlib.suppress(KeyboardInterrupt):
        sys.exit(subprocess.call(command))
