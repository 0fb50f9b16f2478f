"""`manage.py connect` on machines of all kinds: what it finds, writes, refuses and takes back."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

from mcp_bridge.client import commands, edits, installed, journal
from mcp_bridge.client.edits import Put, Unusable
from teammcp.clients import CLAUDE, CODEX, CURSOR, FORMS, GEMINI, VSCODE, http_entry, stdio_entry
from tests.client.conftest import MANAGE, Agent, Machine, call, join, post
from tests.live import LiveServer, free_port

CLAUDE_JSON = """\
{
  "numStartups": 7,
  "mcpServers": {"other": {"command": "x"}},
  "z": "ü"
}
"""
CODEX_TOML = """\
# my model
model = "o9"   # the best

[mcp_servers.other]
command = "npx"
args = ["-y", "x"]

[profiles.fast]
model = "o9-mini"
"""
GEMINI_JSON = """\
{
  // colours
  "theme": "GitHub",
  "mcpServers": {
    "other": { "httpUrl": "http://x" } // mine
  }
}
"""
FILES = {
    ".claude.json": CLAUDE_JSON,
    ".codex/config.toml": CODEX_TOML,
    ".gemini/settings.json": GEMINI_JSON,
    ".cursor/mcp.json": '{"mcpServers": {}}',
    ".config/Code/User/mcp.json": '{\n\t// servers\n\t"servers": {},\n\t"inputs": [],\n}\n',
}


@pytest.fixture
def lin(live: LiveServer, request: pytest.FixtureRequest) -> Agent:
    return join(live, f"Lin {abs(hash(request.node.name)) % 10**8}")


@pytest.fixture
def desk(machine: Machine) -> Machine:
    """A machine with all five clients, each with a configuration that somebody has made."""
    for name, content in FILES.items():
        path = machine.home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    os.chmod(machine.home / ".claude.json", 0o640)
    return machine


def connect(
    machine: Machine, *options: str, stdin: str = "", **env: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, MANAGE, "connect", *options],
        env=machine.environment | {"PATH": "/usr/bin:/bin"} | env,
        cwd=machine.home,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def contents(machine: Machine) -> dict[str, str]:
    return {name: (machine.home / name).read_text() for name in FILES}


def entries(machine: Machine) -> dict[str, Any]:
    """Our entry in each configuration, as the client would read it."""

    def plain(name: str) -> Any:
        text = re.sub(r"(?<!:)//.*|,(?=\s*[}\]])", "", (machine.home / name).read_text())
        return json.loads(text)

    toml = tomllib.loads((machine.home / ".codex/config.toml").read_text())
    return {
        "claude-code": plain(".claude.json")["mcpServers"]["teammcp"],
        "codex": toml["mcp_servers"]["teammcp"],
        "gemini-cli": plain(".gemini/settings.json")["mcpServers"]["teammcp"],
        "cursor": plain(".cursor/mcp.json")["mcpServers"]["teammcp"],
        "vs-code": plain(".config/Code/User/mcp.json")["servers"]["teammcp"],
    }


def test_five_clients_are_connected_called_and_taken_back(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    before = contents(desk)
    done = connect(desk, "--url", live.url, "--yes", "--hooks", stdin=f"{lin.token}\n")
    assert done.returncode == 0, done.stderr
    contact = rf"First contact after \d+\.\d s: @{lin.handle}, \d+ tools\."
    assert re.search(contact, done.stdout)

    written = entries(desk)
    for key, entry in written.items():
        assert entry["command"] == commands.python(), key
        assert entry["args"] == [MANAGE, "stdio"], key
    assert (desk.home / ".claude.json").stat().st_mode & 0o777 == 0o640
    after = contents(desk)
    assert after[".codex/config.toml"].startswith(CODEX_TOML.partition("[profiles")[0])
    for line in ("  // colours", '  "theme": "GitHub",', '{ "httpUrl": "http://x" }, // mine'):
        assert line in after[".gemini/settings.json"]
    assert "\t// servers\n" in after[".config/Code/User/mcp.json"]
    assert after[".config/Code/User/mcp.json"].endswith('\t"inputs": [],\n}\n')
    assert json.loads(after[".claude.json"])["z"] == "ü"
    settings = json.loads((desk.home / ".claude/settings.json").read_text())
    assert list(settings["hooks"]) == list(commands.EVENTS)

    account = desk.home / ".config/teammcp/accounts/default.json"
    assert stat.S_IMODE(account.stat().st_mode) == 0o600
    everything = done.stdout + done.stderr + "".join(after.values())
    assert lin.token not in everything
    assert lin.token not in (desk.home / ".config/teammcp/connected.json").read_text()

    again = connect(desk, "--yes", "--hooks")
    assert again.stdout.count("has it already.") == 5
    assert contents(desk) == after

    undone = connect(desk, "--undo")
    assert undone.returncode == 0
    assert contents(desk) == before
    assert not (desk.home / ".claude/settings.json").exists()
    assert "nothing to take back" in connect(desk, "--undo").stdout


def test_a_hook_that_was_registered_runs_as_it_stands(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    connect(desk, "--url", live.url, "--yes", "--hooks", "--client", "claude-code", stdin=lin.token)
    settings = json.loads((desk.home / ".claude/settings.json").read_text())
    command = settings["hooks"]["SessionStart"][0]["hooks"][0]["command"]
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        input='{"hook_event_name": "SessionStart", "session_id": "s", "source": "startup"}',
        env=desk.environment | {"TEAMMCP_HOOK_SECONDS": "20"},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert f"you are @{lin.handle}" in done.stdout


def test_over_http_the_configuration_refers_to_the_token_in_the_environment(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    done = connect(desk, "--yes", "--http", TEAMMCP_URL=live.url, TEAMMCP_TOKEN=lin.token)
    assert done.returncode == 0, done.stderr
    for form in FORMS.values():
        assert entries(desk)[form.key] == http_entry(form, live.mcp_url, form.reference)
    assert lin.token not in "".join(contents(desk).values())


def test_a_new_agent_is_registered_with_a_join_code_that_is_asked_for(
    live: LiveServer, desk: Machine
) -> None:
    options = ["--url", live.url, "--join-code", "--name", "Newcomer", "--yes", "--json"]
    done = connect(desk, *options, "--client", "cursor", stdin=f"{live.join_code}\n")
    answer = json.loads(done.stdout)
    assert answer["handle"] == "newcomer"
    assert answer["first_contact_seconds"] > 0
    assert [one["state"] for one in answer["clients"]] == ["changes"]
    wrong = connect(desk, *options[:-2], "--account", "b", stdin="join_wrong\n")
    assert wrong.returncode == 1
    assert "join" in wrong.stdout.lower()


def test_the_second_agent_of_a_machine_gets_an_account_of_its_own(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    kay = join(live, f"Kay of {lin.handle[-8:]}")
    connect(desk, "--url", live.url, "--yes", "--client", "cursor", stdin=lin.token)
    project = desk.home / "project"
    project.mkdir()
    done = connect(
        desk, "--url", live.url, "--yes", "--client", "claude-code", "--project", str(project),
        TEAMMCP_TOKEN=kay.token,
    )  # fmt: skip
    assert f"@{kay.handle}" in done.stdout, done.stderr
    file = project / ".mcp.json"
    entry = json.loads(file.read_text())["mcpServers"]["teammcp"]
    assert entry["args"][-2:] == ["--account", kay.handle]
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    assert len(list((desk.home / ".config/teammcp/accounts").iterdir())) == 2


def test_a_dry_run_shows_the_change_and_touches_nothing(desk: Machine) -> None:
    before = contents(desk)
    done = connect(desk, "--dry-run", "--hooks")
    assert done.returncode == 0
    assert '+    "teammcp": {' in done.stdout
    assert "+[mcp_servers.teammcp]" in done.stdout
    assert contents(desk) == before
    assert not (desk.home / ".config/teammcp").exists()


def test_without_a_yes_nothing_is_written(live: LiveServer, desk: Machine, lin: Agent) -> None:
    before = contents(desk)
    done = connect(desk, "--url", live.url, stdin=f"{lin.token}\n")
    assert done.returncode == 1
    assert "Repeat with --yes" in done.stdout
    assert contents(desk) == before


def test_a_broken_file_is_left_and_named_with_the_place_and_the_others_are_served(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    (desk.home / ".claude.json").write_text('{\n  "a": 1,\n  "b" 2\n}')
    (desk.home / ".codex/config.toml").write_text("model = \n")
    (desk.home / ".gemini/settings.json").write_bytes(b'{"a": "\xff"}')
    before = {name: (desk.home / name).read_bytes() for name in list(FILES)[:3]}
    done = connect(desk, "--url", live.url, "--yes", "--hooks", stdin=lin.token)
    assert done.returncode == 1
    assert ".claude.json is broken: line 3, column 7" in done.stdout
    assert "config.toml is broken: line 1, column 8" in done.stdout
    assert "settings.json is not UTF-8, at byte 7" in done.stdout
    assert {name: (desk.home / name).read_bytes() for name in before} == before
    assert "teammcp" in (desk.home / ".cursor/mcp.json").read_text()


def test_a_wrong_token_and_a_server_that_is_away_change_nothing(
    live: LiveServer, desk: Machine
) -> None:
    before = contents(desk)
    wrong = connect(desk, "--url", live.url, "--yes", stdin="tmcp_wrong\n")
    assert (wrong.returncode, "not valid there" in wrong.stdout) == (1, True)
    away = connect(desk, "--url", f"http://127.0.0.1:{free_port()}", "--yes", stdin="tmcp_x\n")
    assert (away.returncode, "does not answer" in away.stdout) == (1, True)
    assert contents(desk) == before
    assert not (desk.home / ".config/teammcp/accounts").exists()


def test_a_machine_without_clients_is_told_how_to_choose(machine: Machine) -> None:
    done = connect(machine, "--yes")
    assert done.returncode == 1
    assert "--client" in done.stdout


# What is written, without a server


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    return tmp_path


def write(*puts: Put) -> None:
    for change in edits.plan(puts):
        journal.write(change, "test")


def put(file: Path, value: object = "ours", **fields: Any) -> Put:
    return Put(file, "jsonc", ("servers", "teammcp"), value, **fields)


def test_undo_keeps_what_others_changed_since(home: Path) -> None:
    file = home / "mcp.json"
    file.write_text('{\n  // servers\n  "servers": {\n    "a": 1\n  }\n}\n')
    write(put(file))
    file.write_text(file.read_text().replace('"a": 1', '"a": 2, "b": 3'))
    journal.undo(lambda entry: True)
    assert file.read_text() == '{\n  // servers\n  "servers": {\n    "a": 2, "b": 3\n  }\n}\n'


def test_undo_leaves_an_entry_that_is_no_longer_ours(home: Path) -> None:
    file = home / "mcp.json"
    write(put(file))
    file.write_text('{"servers": {"teammcp": "theirs"}}')
    (undone,) = journal.undo(lambda entry: True)
    assert "stays" in undone.said
    assert "theirs" in file.read_text()


def test_undo_brings_back_the_entry_that_was_there(home: Path) -> None:
    file = home / "mcp.json"
    file.write_text('{"servers": {"teammcp": "mine", "b": 1}}')
    write(put(file, "first"))
    write(put(file, "second"))
    file.write_text(file.read_text().replace('"b": 1', '"b": 2'))
    journal.undo(lambda entry: True)
    assert json.loads(file.read_text()) == {"servers": {"teammcp": "mine", "b": 2}}


def test_what_was_written_twice_is_undone_to_the_beginning(home: Path) -> None:
    file, other = home / "mcp.json", home / "other.json"
    file.write_text('{ "odd":   1 }')
    for value in ("first", "second"):
        write(put(file, value), put(other, value))
    journal.undo(lambda entry: True)
    assert file.read_text() == '{ "odd":   1 }'
    assert not other.exists()


def test_undo_removes_a_file_that_was_ours_and_survives_one_that_is_gone(home: Path) -> None:
    ours, gone = home / "a" / "mcp.json", home / "gone.json"
    write(put(ours), put(gone))
    assert stat.S_IMODE(ours.stat().st_mode) == 0o600
    gone.unlink()
    journal.undo(lambda entry: True)
    assert not ours.exists()


def test_toml_is_undone_entry_by_entry_too(home: Path) -> None:
    file = home / "config.toml"
    file.write_text(CODEX_TOML)
    entry = stdio_entry(CODEX, "C:\\Python\\python.exe", ["C:\\team mcp\\manage.py", "stdio"])
    write(Put(file, "toml", ("mcp_servers", "teammcp"), entry))
    assert tomllib.loads(file.read_text())["mcp_servers"]["teammcp"] == entry
    file.write_text(file.read_text().replace("o9-mini", "o9-nano"))
    journal.undo(lambda entry: True)
    assert file.read_text().strip() == CODEX_TOML.replace("o9-mini", "o9-nano").strip()


def test_a_table_that_is_no_table_is_refused(home: Path) -> None:
    file = home / "config.toml"
    file.write_text("mcp_servers = 7\n")
    with pytest.raises(Unusable, match="should be a table"):
        edits.plan([Put(file, "toml", ("mcp_servers", "teammcp"), {"a": 1})])


def test_a_file_that_changed_between_plan_and_write_is_left(home: Path) -> None:
    file = home / "mcp.json"
    file.write_text("{}")
    (change,) = edits.plan([put(file)])
    file.write_text('{"servers": {}}')
    with pytest.raises(Unusable, match="changed by another program"):
        journal.write(change, "test")
    assert file.read_text() == '{"servers": {}}'


def test_a_linked_file_stays_a_link(home: Path) -> None:
    real, link = home / "dotfiles.json", home / "mcp.json"
    real.write_text("{}")
    link.symlink_to(real)
    write(put(link))
    assert link.is_symlink()
    assert "ours" in real.read_text()


def test_hooks_of_others_stay_and_an_older_one_of_ours_is_replaced(home: Path) -> None:
    file = home / "settings.json"
    theirs = {"matcher": "Bash", "hooks": [{"type": "command", "command": "their hook"}]}
    old = {"hooks": [commands.hook("old")]}
    file.write_text(json.dumps({"hooks": {"Stop": [theirs, old]}}, indent=2))
    new = {"hooks": [commands.hook("new")]}
    write(Put(file, "json", ("hooks", "Stop"), new, item=True, replaces=commands.is_our_hook))
    assert json.loads(file.read_text())["hooks"]["Stop"] == [theirs, new]


@pytest.mark.parametrize(
    ("platform", "account_file", "vscode"),
    [
        ("linux", ".config/teammcp/accounts/default.json", ".config/Code/User/mcp.json"),
        (
            "darwin",
            "Library/Application Support/teammcp/accounts/default.json",
            "Library/Application Support/Code/User/mcp.json",
        ),
        (
            "win32",
            "AppData/Roaming/teammcp/accounts/default.json",
            "AppData/Roaming/Code/User/mcp.json",
        ),
    ],
)
def test_each_platform_has_its_places(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str, account_file: str, vscode: str
) -> None:
    from mcp_bridge.client import account

    monkeypatch.delenv("APPDATA", raising=False)
    monkeypatch.setattr(sys, "platform", platform)
    assert account.path_of("default") == home / account_file
    assert installed.user_file(VSCODE) == home / vscode
    assert installed.user_file(CLAUDE) == home / ".claude.json"
    assert installed.user_file(CODEX) == home / ".codex/config.toml"
    assert installed.user_file(GEMINI) == home / ".gemini/settings.json"
    assert installed.user_file(CURSOR) == home / ".cursor/mcp.json"


def test_on_windows_a_hook_runs_without_a_shell(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    hook = commands.hook("default")
    assert hook["command"] == commands.python()
    assert hook["args"][-1] == "hook"
    assert commands.is_our_hook({"hooks": [hook]})


def test_what_the_client_was_asked_is_answered_by_nobody_else(
    live: LiveServer, desk: Machine, lin: Agent
) -> None:
    """The first contact offers nothing of the inbox: no agent would see it."""
    kay = join(live, f"Kay to {lin.handle[-8:]}")
    message = post(live, "messages/", kay, to=f"@{lin.handle}", body="Unseen.")
    connect(desk, "--url", live.url, "--yes", "--client", "codex", stdin=lin.token)
    facts = call(live, "GET", f"messages/{message['id']}/deliveries/", kay)
    assert facts["items"][0]["offered_at"] is None


def test_an_environment_of_another_home_is_named_by_its_file(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "elsewhere"))
    command = commands.stdio("default")
    assert command[-2:] == ["--account", str(home / "elsewhere/teammcp/accounts/default.json")]
