"""From a checkout to a process with its dependencies: the decisions, one by one."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from teammcp import bootstrap, installing


def test_python_3_6_can_read_manage_py() -> None:
    source = (bootstrap.ROOT / "manage.py").read_text()
    ast.parse(source, feature_version=(3, 6))


def test_an_old_python_is_told_in_one_line() -> None:
    source = (bootstrap.ROOT / "manage.py").read_text()
    pretend = "import sys; sys.version_info = (3, 9, 2)\n" + source
    command = [sys.executable, "-c", pretend]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("TeamMCP needs Python 3.11 or newer; this is Python 3.9 (")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """No option is set yet, and none stays set."""
    for name in ("TEAMMCP_DATA_DIR", "TEAMMCP_HOST", "TEAMMCP_PORT"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return monkeypatch


@pytest.mark.usefixtures("environment")
def test_options_go_to_the_environment_in_both_spellings() -> None:
    kept = bootstrap.options_to_environment(
        ["manage.py", "up", "--port=81", "--json", "--host", "::1", "--data-dir", "/srv/company"]
    )
    assert kept == ["manage.py", "up", "--json"]
    assert os.environ["TEAMMCP_PORT"] == "81"
    assert os.environ["TEAMMCP_HOST"] == "::1"
    assert os.environ["TEAMMCP_DATA_DIR"] == "/srv/company"


@pytest.mark.usefixtures("environment")
def test_the_data_dir_goes_for_every_command_but_the_address_only_for_up() -> None:
    kept = bootstrap.options_to_environment(
        ["manage.py", "token", "--data-dir=here", "--port", "81"]
    )
    assert kept == ["manage.py", "token", "--port", "81"]
    assert os.environ["TEAMMCP_DATA_DIR"] == str(Path.cwd() / "here")
    assert "TEAMMCP_PORT" not in os.environ


def test_an_option_without_its_value_is_refused() -> None:
    with pytest.raises(SystemExit, match="--data-dir needs a value"):
        bootstrap.options_to_environment(["manage.py", "up", "--data-dir"])


def test_only_the_tests_need_the_tools_of_development() -> None:
    assert bootstrap.lock_for(["manage.py", "test"]).name == "requirements-dev.lock"
    assert bootstrap.lock_for(["manage.py", "up"]).name == "requirements.lock"
    assert bootstrap.lock_for(["manage.py"]).name == "requirements.lock"


def test_a_virtualenv_is_an_environment_and_the_system_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    assert bootstrap.in_environment() == (sys.prefix != sys.base_prefix)
    monkeypatch.setattr(sys, "prefix", sys.base_prefix)
    assert not bootstrap.in_environment()


def test_a_conda_environment_is_one_but_not_conda_s_base(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path))
    assert bootstrap.in_environment()
    (tmp_path / "condabin").mkdir()
    assert not bootstrap.in_environment()


def fake_environment(place: Path) -> Path:
    python = bootstrap.python_in(place)
    python.parent.mkdir(parents=True)
    python.touch()
    (place / "pyvenv.cfg").touch()
    return place


def test_the_active_environment_comes_before_our_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    active = fake_environment(tmp_path / "active")
    monkeypatch.setenv("VIRTUAL_ENV", str(active))
    assert bootstrap.environment_python() == bootstrap.python_in(active)


def test_an_active_environment_that_is_gone_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own = fake_environment(tmp_path / ".venv")
    (own / installing.STAMP).write_text("done")
    monkeypatch.setattr(bootstrap, "OWN", own)
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "gone"))
    assert bootstrap.environment_python() == bootstrap.python_in(own)


def test_a_half_made_environment_is_made_anew(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / ".venv"
    place.mkdir()
    (place / "pyvenv.cfg").touch()
    (place / "rest").touch()
    monkeypatch.setattr(bootstrap, "creator", lambda place: ["mkdir", str(place)])
    bootstrap.make_environment(place)
    assert list(place.iterdir()) == []


def test_a_folder_that_is_no_environment_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "diary.txt").touch()
    with pytest.raises(SystemExit, match="is not a Python environment"):
        bootstrap.make_environment(tmp_path)
    assert (tmp_path / "diary.txt").exists()


def test_an_environment_that_cannot_be_made_leaves_nothing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    place = tmp_path / ".venv"
    monkeypatch.setattr(bootstrap, "creator", lambda place: ["ls", "/no/such/place"])
    with pytest.raises(SystemExit, match=r"could not be made: .*No such file"):
        bootstrap.make_environment(place)
    assert not place.exists()


def test_debian_without_venv_is_told_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    tools = {"apt-get": "/usr/bin/apt-get"}
    monkeypatch.setattr(shutil, "which", tools.get)
    monkeypatch.setattr(installing, "has_module", lambda name: name != "ensurepip")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    with pytest.raises(SystemExit, match=f"apt-get install python{version}-venv$"):
        bootstrap.creator(Path("place"))
    del tools["apt-get"]
    with pytest.raises(SystemExit, match="or uv"):
        bootstrap.creator(Path("place"))
    tools["uv"] = "/opt/uv"
    assert bootstrap.creator(Path("place"))[:2] == ["/opt/uv", "venv"]
