"""What goes into an environment, and when."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from teammcp import installing
from teammcp.filelock import FileLock
from teammcp.installing import Progress

LOCK = """\
# a comment
pytest==9.2.0 \\
    --hash=sha256:00
    # via teammcp
colorama==0.4.6 ; sys_platform == 'win32' \\
    --hash=sha256:00
"""


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text(LOCK)
    return path


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "environment"
    place.mkdir()
    return place


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The installers that were started, instead of starting them."""
    commands: list[list[str]] = []
    monkeypatch.setattr(
        installing, "run_installer", lambda command, progress: commands.append(command)
    )
    return commands


def lacking(lock: Path) -> Path:
    """A lock with something that is not installed."""
    lock.write_text("teammcp-no-such-thing==1 \\\n    --hash=sha256:00\n")
    return lock


def test_what_only_other_platforms_need_is_not_missing(lock: Path) -> None:
    assert installing.names_in(lock) == ["pytest"]
    assert installing.names_in(lock, conditional=True) == ["colorama", "pytest"]
    assert installing.missing(lock) == []
    assert installing.missing(lacking(lock)) == ["teammcp-no-such-thing"]


def test_a_complete_environment_that_others_made_is_left_alone(place: Path, lock: Path) -> None:
    assert installing.is_current(place, lock)
    assert not installing.is_current(place, lacking(lock))


def test_an_installation_leaves_the_stamp_of_every_lock_it_covers(
    place: Path, lock: Path, tmp_path: Path, ran: list[list[str]]
) -> None:
    dev = tmp_path / "requirements-dev.lock"
    dev.write_text("teammcp-dev-thing==1 \\\n")
    installing.install(place, [dev, lock])
    assert [command[-1] for command in ran] == [str(dev)]
    assert installing.is_current(place, dev)
    assert installing.is_current(place, lock)
    installing.install(place, [dev, lock])
    assert len(ran) == 1


def test_a_new_lock_installs_itself_even_if_nothing_is_missing(
    place: Path, lock: Path, ran: list[list[str]]
) -> None:
    (place / installing.STAMP).write_text(installing.digest(lock))
    lock.write_text(LOCK.replace("9.2.0", "9.3.0"))
    assert not installing.is_current(place, lock)
    installing.install(place, [lock])
    assert len(ran) == 1
    assert installing.is_current(place, lock)


def test_after_an_interruption_nothing_that_lies_there_is_trusted(
    place: Path, lock: Path, ran: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(installing, "_provide_pip", lambda: None)
    (place / installing.UNFINISHED).touch()
    assert not installing.is_current(place, lock)
    installing.install(place, [lock])
    assert "--ignore-installed" in ran[0]
    assert installing.is_current(place, lock)


def test_a_failed_installation_leaves_its_mark_and_no_stamp(
    place: Path, lock: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        installing, "installer", lambda lock, repair: [sys.executable, "--nonsense"]
    )
    with pytest.raises(SystemExit, match="The next start tries again"):
        installing.install(place, [lacking(lock)])
    assert (place / installing.UNFINISHED).exists()
    assert installing.stamps(place) == []


def test_an_environment_that_cannot_be_changed_is_named(lock: Path) -> None:
    with pytest.raises(SystemExit, match=r"Dependencies are missing in .*: "):
        installing.install(Path("/no/such/environment"), [lock])


def test_uv_is_taken_where_it_is(lock: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/opt/uv")
    command = installing.installer(lock, repair=True)
    assert command[:3] == ["/opt/uv", "pip", "install"]
    assert {"--reinstall", "--require-hashes", sys.executable} <= set(command)


def test_progress_counts_packages_in_a_file_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    progress = Progress(total=20)
    for number in range(1, 21):
        progress.follow(f"Collecting thing{number}==1 (from -r lock)")
    progress.follow("Installing collected packages: many")
    progress.end()
    said = capsys.readouterr().err.splitlines()
    assert said == ["  10/20 thing10==1", "  20/20 thing20==1", "  installing ..."]


def test_progress_changes_one_line_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    progress = Progress(total=2)
    progress.follow("Collecting thing==1")
    progress.end()
    said = capsys.readouterr().err
    assert said.startswith("  1/2 thing==1 ")
    assert "\n" not in said


def test_a_lock_has_one_holder_and_says_who(tmp_path: Path) -> None:
    first, second = FileLock(tmp_path / "up.lock"), FileLock(tmp_path / "up.lock")
    assert first.acquire()
    first.write_note("process 1")
    assert not second.acquire()
    assert second.read_note() == "process 1"
    first.release()
    with second:
        assert not first.acquire()
    assert first.acquire()
    first.release()
