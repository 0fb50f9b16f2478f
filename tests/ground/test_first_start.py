"""The first start in a fresh checkout, with a real environment and a lock of one tiny package."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.live import ROOT

pytestmark = pytest.mark.timeout(960)
PATIENCE = 400  # pip makes a whole environment, on a machine that may be busy

MODULES = ("__init__", "bootstrap", "claims", "filelock", "installing")
FAKE_DJANGO = """
import sys, teammcp_thing
def execute_from_command_line(arguments):
    print(arguments[1:], teammcp_thing.VERSION, sys.prefix)
"""


class Checkout:
    """A copy of what runs before anything is installed, with a package index in a folder."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.wheels = place / "wheels"
        for folder in (place / "teammcp", place / "django/core/management", self.wheels):
            folder.mkdir(parents=True)
        shutil.copy(ROOT / "manage.py", place)
        for name in MODULES:
            shutil.copy(ROOT / f"teammcp/{name}.py", place / "teammcp")
        (place / "django/core/management/__init__.py").write_text(FAKE_DJANGO)
        exceptions = "class ImproperlyConfigured(Exception): ..."
        (place / "django/core/exceptions.py").write_text(exceptions)
        self.lock("1")

    def lock(self, version: str) -> None:
        """Publish a version of the package, and lock it."""
        wheel = make_wheel(self.wheels, version)
        digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
        line = f"teammcp-thing=={version} \\\n    --hash=sha256:{digest}\n"
        (self.place / "requirements.lock").write_text(line)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Run manage.py with the Python outside all environments."""
        outside = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("PIP_", "UV_", "VIRTUAL_ENV", "CONDA_", "COV_"))
        }
        index = {"NO_INDEX": "1", "FIND_LINKS": str(self.wheels)}
        outside |= {
            f"{tool}_{name}": value for tool in ("PIP", "UV") for name, value in index.items()
        }
        return subprocess.Popen(
            [sys._base_executable, "manage.py", *arguments],  # type: ignore[attr-defined]
            cwd=self.place,
            env=outside,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str) -> tuple[str, str]:
        """What a command said on stdout and stderr."""
        return self.start(*arguments).communicate(timeout=PATIENCE)


def make_wheel(folder: Path, version: str) -> Path:
    """The smallest wheel there is."""
    content = {
        "teammcp_thing.py": f"VERSION = {version!r}\n",
        f"teammcp_thing-{version}.dist-info/METADATA": (
            f"Metadata-Version: 2.1\nName: teammcp-thing\nVersion: {version}\n"
        ),
        f"teammcp_thing-{version}.dist-info/WHEEL": (
            "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        ),
    }
    record = "".join(f"{name},{checksum(text)},{len(text)}\n" for name, text in content.items())
    content[f"teammcp_thing-{version}.dist-info/RECORD"] = record
    wheel = folder / f"teammcp_thing-{version}-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return wheel


def checksum(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """Used by the tests in order: each finds what the one before it left."""
    return Checkout(tmp_path_factory.mktemp("checkout"))


def test_two_first_starts_at_once_make_one_environment(checkout: Checkout) -> None:
    first, second = checkout.start("info"), checkout.start("info")
    answers = [process.communicate(timeout=PATIENCE) for process in (first, second)]
    said = "".join(err for _, err in answers)
    assert said.count("Making a Python environment in .venv") == 1, said
    assert said.count("Installing the dependencies") == 1, said
    for out, _ in answers:
        assert out == f"['info'] 1 {checkout.place / '.venv'}\n"


def test_the_second_start_says_nothing(checkout: Checkout) -> None:
    out, err = checkout.run("info", "--data-dir", "elsewhere")
    assert (out, err) == (f"['info'] 1 {checkout.place / '.venv'}\n", "")


def test_a_changed_lock_installs_itself(checkout: Checkout) -> None:
    checkout.lock("2")
    out, err = checkout.run("info")
    assert out.startswith("['info'] 2 ")
    assert "Installing the dependencies" in err


def test_an_interrupted_installation_is_repaired(checkout: Checkout) -> None:
    (checkout.place / ".venv/teammcp-installing").touch()
    (installed,) = checkout.place.glob(".venv/lib/python*/site-packages/teammcp_thing.py")
    installed.write_text("")
    out, _ = checkout.run("info")
    assert out.startswith("['info'] 2 ")


def test_what_cannot_be_installed_is_said_and_not_remembered_as_done(checkout: Checkout) -> None:
    checkout.lock("3")
    (checkout.wheels / "teammcp_thing-3-py3-none-any.whl").unlink()
    out, err = checkout.run("info")
    assert out == ""
    assert err.rstrip().endswith("could not be installed. The next start tries again.")
    checkout.lock("3")
    out, _ = checkout.run("info")
    assert out.startswith("['info'] 3 ")
