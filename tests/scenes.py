"""What a test finds in the database: made once by real actions, then restored as a file.

    @scene
    def lin(owner: Member) -> Member:
        return agent(owner, "lin")

A scene is a fixture whose whole effect lies in the database. The first test that asks for it has it
made; the file is kept, and the next test that asks for the same scenes finds it restored, which
costs a millisecond. Its value is copied for each test. A scene takes other scenes only, reads no
setting that a test changes, and its name is its own among all tests.

`db` and `transactional_db` stand for those of pytest-django, which empty every table after a test
that commits: `db` rolls back, `transactional_db` lets the next test restore the file. Databases
other than SQLite are emptied, and make their scenes anew each time.
"""

from __future__ import annotations

import copy
import inspect
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections, transaction
from pytest_django import DjangoDbBlocker

P = ParamSpec("P")
T = TypeVar("T")
Steps = tuple[str, ...]

FRESH_SECONDS = 60  # what happened "just now" in a scene has not become long ago
_makers: dict[str, Callable[..., Any]] = {}


def scene(make: Callable[P, T]) -> Callable[P, T]:
    """Make this function a fixture, and what it writes a part of the restored file."""
    name = make.__name__
    if name in _makers:
        raise ValueError(f"there are two scenes of the name {name!r}")
    _makers[name] = make

    def found(**others: Any) -> T:
        values: dict[str, Any] = others.pop("stage").values
        if name in values:
            value: T = values[name]
            return value
        return make(**others)  # type: ignore[call-arg]

    signature = inspect.signature(make)
    stage = inspect.Parameter("stage", inspect.Parameter.KEYWORD_ONLY)
    found.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[*signature.parameters.values(), stage]
    )
    return pytest.fixture(found, name=name)


@dataclass(frozen=True)
class _Kept:
    """The database after some scenes."""

    values: dict[str, Any]
    file: sqlite3.Connection
    bytes: dict[str, bytes]  # of uploaded files, by their path in the data folder
    made_at: float = field(default_factory=time.monotonic)


@dataclass
class Stage:
    """The database of this process, and what is in it."""

    holds: Steps | None = ()  # None: what a test left there
    values: dict[str, Any] = field(default_factory=dict)
    _kept: dict[Steps, _Kept] = field(default_factory=dict)

    def set(self, names: Iterable[str]) -> None:
        """Let the database hold these scenes and nothing else."""
        if connection.vendor != "sqlite":
            self._empty()
            return
        steps = _in_order(names)
        if not self._kept:
            self._keep((), {})
        kept = self._fresh(steps) or self._make(steps)
        if self.holds != steps:
            self._restore(steps)
        self.values = copy.deepcopy(kept.values)
        _put_back(kept.bytes)

    def _fresh(self, steps: Steps) -> _Kept | None:
        kept = self._kept.get(steps)
        if kept is not None and steps and time.monotonic() - kept.made_at > FRESH_SECONDS:
            self._kept.pop(steps).file.close()
            return None
        return kept

    def _make(self, steps: Steps) -> _Kept:
        """After the scenes before it, which are made first where they are not known."""
        before = self._fresh(steps[:-1]) or self._make(steps[:-1])
        self._restore(steps[:-1])
        values, name = copy.deepcopy(before.values), steps[-1]
        self.holds = None
        make = _makers[name]
        values[name] = make(
            **{need: values.get(need) for need in inspect.signature(make).parameters}
        )
        return self._keep(steps, values)

    def _keep(self, steps: Steps, values: dict[str, Any]) -> _Kept:
        file = sqlite3.connect(":memory:", check_same_thread=False)
        connection.ensure_connection()
        connection.connection.backup(file)
        self.holds, kept = steps, _Kept(values, file, _files())
        self._kept[steps] = kept
        return kept

    def _restore(self, steps: Steps) -> None:
        connection.ensure_connection()
        self._kept[steps].file.backup(connection.connection)
        self.holds = steps

    def _empty(self) -> None:
        if self.holds is None:
            call_command("flush", verbosity=0, interactive=False)
            self.holds = ()
        self.values = {}


def _files() -> dict[str, bytes]:
    folder = Path(settings.DATA_DIR)
    found = (path for path in (folder / "files").rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def _put_back(files: dict[str, bytes]) -> None:
    """Each test has a data folder of its own, and its rows speak of these files."""
    for name, content in files.items():
        path = Path(settings.DATA_DIR, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _needs(name: str) -> Iterable[str]:
    return inspect.signature(_makers[name]).parameters


def _in_order(names: Iterable[str]) -> Steps:
    """The scenes among these names, each after those that it needs."""
    steps: dict[str, None] = {}

    def take(name: str) -> None:
        if name in _makers and name not in steps:
            for need in _needs(name):
                take(need)
            steps[name] = None

    for name in names:
        take(name)
    return tuple(steps)


_stage = Stage()


@pytest.fixture
def stage(db: None) -> Stage:
    return _stage


@pytest.fixture
def db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The database with the scenes of this test, which is rolled back at its end."""
    if "transactional_db" in request.fixturenames:
        request.getfixturevalue("transactional_db")
        yield
        return
    with django_db_blocker.unblock():
        _stage.set(request.fixturenames)
        with transaction.atomic():
            yield
            if not connection.needs_rollback and connection.is_usable():
                connection.check_constraints()
            transaction.set_rollback(True)


@pytest.fixture
def transactional_db(
    request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """The same for a test that commits, or whose other threads and processes look on."""
    with django_db_blocker.unblock():
        _stage.set(request.fixturenames)
        _stage.holds = None
        yield
        connections.close_all()  # with it whatever the test set on its connection
