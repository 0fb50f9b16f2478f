"""The pre-commit hook, in real repositories, against a live server."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import MANAGE, Agent, Machine, call, join, post
from tests.live import LiveServer, free_port

pytestmark = pytest.mark.timeout(180)
PATIENT = {"TEAMMCP_HOOK_SECONDS": "20"}  # what is not about time has all that it needs


@dataclass
class Repository:
    """A repository on an agent's machine."""

    folder: Path
    machine: Machine
    env: dict[str, str] = field(default_factory=dict)

    def git(self, *command: str, ok: bool = True) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            ["git", "-c", "user.name=Lin", "-c", "user.email=lin@example.org", *command],
            cwd=self.folder,
            env=self.machine.environment | PATIENT | self.env,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (done.returncode == 0) is ok, done.stderr
        return done

    def write(self, path: str, text: str = "x") -> None:
        (self.folder / path).parent.mkdir(parents=True, exist_ok=True)
        (self.folder / path).write_text(text)

    def commit(self, *options: str, ok: bool = True) -> str:
        """What git and its hooks say."""
        self.git("add", "-A")
        return self.git("commit", "-qm", "A change", *options, ok=ok).stderr

    def connect(self, *options: str, ok: bool = True) -> str:
        done = subprocess.run(
            [sys.executable, MANAGE, "connect", "--git", str(self.folder), *options],
            env=self.machine.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            stdin=subprocess.DEVNULL,
        )
        assert (done.returncode == 0) is ok, done.stderr + done.stdout
        return done.stdout

    @property
    def log(self) -> list[str]:
        return self.git("log", "--format=%s").stdout.split("\n")[:-1]


@pytest.fixture
def lin(live: LiveServer, request: pytest.FixtureRequest) -> Agent:
    return join(live, f"Lin {abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def kay(live: LiveServer, request: pytest.FixtureRequest) -> Agent:
    return join(live, f"Kay {abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def repository(live: LiveServer, machine: Machine, lin: Agent, tmp_path: Path) -> Repository:
    """Lin's, with one commit."""
    folder = tmp_path / "a repository"
    folder.mkdir()
    made = Repository(folder, machine.use(live, lin))
    made.git("init", "-q", "-b", "main")
    made.write("README.md")
    made.commit()
    return made


@pytest.fixture
def area(request: pytest.FixtureRequest) -> str:
    """A folder that no other test uses: the leases of a server are one for all repositories."""
    return f"area-{abs(hash(request.node.name)) % 10**8}"


def take(live: LiveServer, agent: Agent, *names: str, **fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = post(live, "leases/", agent, names=list(names), **fields)
    return answer


def test_a_commit_into_somebody_elses_lease_is_refused_with_who_until_when_and_what_to_do(
    live: LiveServer, repository: Repository, kay: Agent, lin: Agent, area: str
) -> None:
    assert "checks leases before each commit" in repository.connect()
    taken = take(live, kay, f"{area}/api/**", why="Rewriting the API")
    repository.write(f"{area}/api/x.py")
    repository.write(f"{area}/free.py")
    said = repository.commit(ok=False)
    assert f"{area}/api/x.py: @{kay.handle} until " in said
    assert f"{taken['id']} on {area}/api/**: Rewriting the API" in said
    assert f"git restore --staged '{area}/api/x.py'" in said
    assert "take_lease(" in said
    assert len(repository.log) == 1
    repository.git("restore", "--staged", f"{area}/api/x.py")
    repository.git("commit", "-qm", "Without it")
    post(live, f"leases/{taken['id']}/release/", kay)
    take(live, lin, f"{area}/api/**")
    repository.commit()
    assert len(repository.log) == 3


def test_renames_and_deletions_count_on_both_sides(
    live: LiveServer, repository: Repository, kay: Agent, area: str
) -> None:
    for name in ("old.py", "moved.py", "gone.py"):
        repository.write(f"{area}/{name}", f"the same text of {name}\n" * 20)
    repository.commit()
    repository.connect()
    take(live, kay, f"{area}/gone.py", f"{area}/moved.py", f"{area}/new/**")
    (repository.folder / area / "gone.py").unlink()
    assert f"{area}/gone.py: @{kay.handle}" in repository.commit(ok=False)
    repository.git("reset", "-q", "--hard")
    repository.git("mv", f"{area}/moved.py", f"{area}/elsewhere.py")
    assert f"{area}/moved.py: @{kay.handle}" in repository.commit(ok=False)
    repository.git("reset", "-q", "--hard")
    (repository.folder / area / "new").mkdir()
    repository.git("mv", f"{area}/old.py", f"{area}/new/old.py")
    assert f"{area}/new/old.py: @{kay.handle}" in repository.commit(ok=False)


def test_a_merge_brings_in_what_the_holder_committed(
    live: LiveServer, repository: Repository, kay: Agent, area: str
) -> None:
    repository.write(f"{area}/mine.py", "one")
    repository.write("shared.py", "one")
    repository.commit()
    repository.git("switch", "-qc", "theirs")
    repository.write(f"{area}/mine.py", "two")
    repository.write("shared.py", "theirs")
    repository.commit()
    repository.git("switch", "-q", "main")
    repository.write("shared.py", "ours")
    repository.commit()
    repository.connect()
    take(live, kay, f"{area}/**")
    repository.git("merge", "theirs", ok=False)  # a conflict in shared.py
    repository.write("shared.py", "both")
    repository.commit()
    assert len(repository.log) == 5


def test_names_of_all_kinds_and_the_first_commit_of_all(
    live: LiveServer, machine: Machine, lin: Agent, kay: Agent, tmp_path: Path, area: str
) -> None:
    new = Repository(tmp_path / "new", machine.use(live, lin))
    new.folder.mkdir()
    new.git("init", "-q")
    new.connect()
    take(live, kay, f"{area}/**/*.tsx")
    new.write(f"{area}/[id] ü\t“x”.tsx")
    new.write(f"{area}/*.py")
    assert f"@{kay.handle}" in new.commit(ok=False)
    new.git("rm", "-q", "--cached", f"{area}/[[]id*")
    new.git("commit", "-qm", "The first")


def test_another_repository_has_names_of_its_own(
    live: LiveServer, repository: Repository, kay: Agent, area: str
) -> None:
    repository.connect()
    take(live, kay, f"{area}/a.py")
    repository.git("config", "teammcp.repo", "Web")
    repository.write(f"{area}/a.py")
    repository.commit()
    take(live, kay, f"web:{area}/**")
    repository.write(f"{area}/a.py", "again")
    assert f"web:{area}/**" in repository.commit(ok=False)


# The server is away


def test_without_the_server_a_commit_goes_through_with_a_warning_unless_it_is_strict(
    repository: Repository,
) -> None:
    repository.connect()
    repository.env = {"TEAMMCP_URL": f"http://127.0.0.1:{free_port()}"}
    repository.write("a.py")
    said = repository.commit()
    assert "leases were not checked" in said
    assert "goes through" in said
    repository.git("config", "teammcp.strict", "yes")
    repository.write("b.py")
    assert "teammcp.strict false" in repository.commit(ok=False)


def test_a_server_that_is_silent_costs_a_second_and_no_more(repository: Repository) -> None:
    repository.connect()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        repository.env = {
            "TEAMMCP_URL": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "TEAMMCP_HOOK_SECONDS": "1",
        }
        repository.write("a.py")
        started = time.monotonic()
        assert "did not answer within 1 s" in repository.commit()
        assert time.monotonic() - started < 10  # a busy machine starts git and Python slowly


def test_a_token_that_does_not_hold_and_none_at_all_stop_nobody(repository: Repository) -> None:
    repository.connect()
    for number, token in enumerate(("tmcp_" + "x" * 40, "")):
        repository.env = {"TEAMMCP_TOKEN": token, "TEAMMCP_ACCOUNT": "nobody"}
        repository.write(f"{number}.py")
        assert "leases were not checked" in repository.commit()


# Putting it in, and taking it out


def kept(repository: Repository) -> dict[str, bytes]:
    hooks = repository.folder / ".git" / "hooks"
    return {path.name: path.read_bytes() for path in hooks.iterdir()} if hooks.exists() else {}


def test_it_is_put_in_once_and_leaves_nothing_behind(repository: Repository) -> None:
    before = kept(repository)
    repository.connect()
    after = kept(repository)
    assert after.keys() - before.keys() == {"pre-commit"}
    assert repository.machine.env["TEAMMCP_TOKEN"].encode() not in after["pre-commit"]
    assert "has it already" in repository.connect()
    assert "was ours and is removed" in repository.connect("--undo")
    assert kept(repository) == before
    assert "none of ours" in repository.connect("--undo")


def test_a_hook_that_is_there_runs_first_and_is_put_back(
    live: LiveServer, repository: Repository, kay: Agent, area: str
) -> None:
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\necho x > {area}.py && git add {area}.py && test ! -e bad\n")
    hook.chmod(0o755)
    before = kept(repository)
    repository.connect()
    repository.connect()
    take(live, kay, f"{area}.py")
    repository.write("a.py")
    assert f"{area}.py: @{kay.handle}" in repository.commit(ok=False)
    repository.write("bad")
    assert "teammcp" not in repository.commit(ok=False)
    assert "is as it was" in repository.connect("--undo")
    assert kept(repository) == before


def test_it_goes_where_git_looks_for_hooks(
    live: LiveServer, repository: Repository, kay: Agent, area: str
) -> None:
    repository.git("config", "core.hooksPath", ".githooks")
    repository.write("deep/er/x")
    repository.commit()
    Repository(repository.folder / "deep" / "er", repository.machine).connect()
    assert os.access(repository.folder / ".githooks" / "pre-commit", os.X_OK)
    take(live, kay, f"{area}.py")
    repository.write(f"{area}.py")
    assert f"@{kay.handle}" in repository.commit(ok=False)


def test_a_folder_without_a_repository_is_refused(
    machine: Machine, live: LiveServer, lin: Agent
) -> None:
    nowhere = Repository(machine.home, machine.use(live, lin))
    nowhere.connect(ok=False)


def test_a_hook_whose_teammcp_has_gone_stops_nobody(repository: Repository) -> None:
    repository.connect()
    hook = repository.folder / ".git" / "hooks" / "pre-commit"
    hook.write_text(hook.read_text().replace(MANAGE, "/nowhere/manage.py"))
    repository.write("a.py")
    assert "not at its place any more" in repository.commit()


def test_five_thousand_files_are_checked_in_time(
    live: LiveServer, lin: Agent, kay: Agent, area: str
) -> None:
    for number in range(15):
        take(live, kay, *[f"{area}/{number}/{name}/**/*x*" for name in range(20)])
    paths = [f"{area}/{number % 20}/{number % 7}/deep/file{number}.py" for number in range(5000)]
    started = time.monotonic()
    answer = call(live, "POST", "leases/check-files/", lin, paths=paths)
    took = time.monotonic() - started
    assert (answer["checked"], answer["held"]) == (5000, [])
    assert took < 5, took  # measured on a quiet machine: see docs/leases.md
