"""The lock files, the project file and the list of dependencies say the same."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from teammcp import __version__
from tests.live import ROOT

RUNTIME, DEV = ROOT / "requirements.lock", ROOT / "requirements-dev.lock"


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def wanted() -> list[Requirement]:
    return [Requirement(text) for text in project()["project"]["dependencies"]]


def wanted_for_development() -> list[Requirement]:
    return [Requirement(text) for text in project()["dependency-groups"]["dev"]]


def pins(lock: Path) -> set[tuple[str, str, str]]:
    """Name, version and marker of each pin."""
    found = re.findall(r"^([\w.-]+)==(\S+)(?: ; (.*?))? \\$", lock.read_text(), re.MULTILINE)
    return {(canonicalize_name(name), version, marker) for name, version, marker in found}


def unmet(requirements: list[Requirement], lock: Path) -> list[str]:
    have: dict[str, list[str]] = {}
    for name, version, _ in pins(lock):
        have.setdefault(name, []).append(version)
    return [
        str(requirement)
        for requirement in requirements
        if not any(map(requirement.specifier.contains, have.get(key(requirement), [])))
    ]


def key(requirement: Requirement) -> str:
    return canonicalize_name(requirement.name)


def test_each_lock_holds_what_the_project_asks_for() -> None:
    assert unmet(wanted(), RUNTIME) == []
    assert unmet(wanted_for_development(), DEV) == []


def test_the_lock_for_development_holds_all_of_the_other() -> None:
    assert pins(RUNTIME) <= pins(DEV)


@pytest.mark.parametrize("lock", [RUNTIME, DEV], ids=lambda lock: lock.name)
def test_a_lock_has_hashes_for_every_pin_and_no_place_of_its_maker(lock: Path) -> None:
    text = lock.read_text()
    blocks = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    assert blocks
    assert [block for block in blocks if "--hash=sha256:" not in block] == []
    assert re.findall(r"https?://|file:|--index|--find-links|(?<![\w.])/\w", text) == []


def test_the_version_is_the_same_everywhere() -> None:
    assert project()["project"]["version"] == __version__


def test_each_dependency_is_explained() -> None:
    explained = re.findall(
        r"^\| `([\w.-]+)", (ROOT / "docs/dependencies.md").read_text(), re.MULTILINE
    )
    names = {key(requirement) for requirement in wanted() + wanted_for_development()}
    assert {canonicalize_name(name) for name in explained} == names
