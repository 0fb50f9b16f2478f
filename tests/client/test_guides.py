"""Rules and skills: put where each client reads them, and taken back without a trace."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_bridge.client import guides
from mcp_bridge.client.textedit import BEGIN, END, Foreign, put_block, put_whole, take_block
from mcp_bridge.profiles import DEFAULT_PROFILE, profiles
from tests.client.conftest import MANAGE, Agent, Machine, join
from tests.live import LiveServer

pytestmark = pytest.mark.timeout(180)

RULES = (guides.TEXTS / "rules.md").read_text()
SKILLS = sorted((guides.TEXTS / "skills").glob("*/SKILL.md"))


@pytest.fixture
def lin(live: LiveServer, request: pytest.FixtureRequest) -> Agent:
    return join(live, f"Lin {abs(hash(request.node.name)) % 10**8}")


def connect(machine: Machine, *options: str, stdin: str = "") -> str:
    done = subprocess.run(
        [sys.executable, MANAGE, "connect", *options],
        env=machine.environment | {"PATH": "/usr/bin:/bin"},
        cwd=machine.home,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def files(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*.md"))
        if "backups" not in path.parts
    }


def test_rules_and_skills_of_a_user_are_written_and_taken_back(
    live: LiveServer, machine: Machine, lin: Agent
) -> None:
    mine = "# Mine\n\nBe brief.\n"
    claude = machine.home / ".claude" / "CLAUDE.md"
    claude.parent.mkdir(parents=True)
    claude.write_text(mine)
    (machine.home / ".codex").mkdir()
    before = files(machine.home)
    options = ("--url", live.url, "--yes", "--rules", "--skills")
    said = connect(machine, *options, *CLIENTS, stdin=f"{lin.token}\n")
    assert "It reads rules from a project only" in said
    written = files(machine.home)
    assert written[".claude/CLAUDE.md"] == f"{mine}\n{BEGIN}\n{RULES}{END}\n"
    assert RULES in written[".codex/AGENTS.md"]
    for skill in SKILLS:
        name = f"{skill.parent.name}/SKILL.md"
        assert written[f".claude/skills/{name}"] == skill.read_text()
        assert written[f".agents/skills/{name}"] == skill.read_text()
    assert "has it already" in connect(machine, *options, *CLIENTS)
    assert files(machine.home) == written
    connect(machine, "--undo")
    assert files(machine.home) == before


CLIENTS = ("--client", "claude-code", "--client", "codex", "--client", "cursor")


def test_in_a_project_each_client_reads_its_own_file(
    live: LiveServer, machine: Machine, lin: Agent
) -> None:
    project = machine.home / "work"
    project.mkdir()
    options = ("--url", live.url, "--yes", "--rules", "--skills", "--project", str(project))
    connect(machine, *options, *CLIENTS, stdin=f"{lin.token}\n")
    written = files(project)
    assert {"CLAUDE.md", "AGENTS.md"} <= written.keys()
    assert written["AGENTS.md"].count(BEGIN) == 1, "two clients that read one file share the block"
    (project / "AGENTS.md").write_text(written["AGENTS.md"] + "\nOurs.\n")
    connect(machine, "--undo", "--project", str(project))
    assert files(project) == {"AGENTS.md": "\nOurs.\n"}, "what others wrote since stays"


def test_a_block_goes_to_its_old_place_and_leaves_all_else_alone() -> None:
    text = put_block("Above.", "Old.\n") + "Below.\n"
    assert put_block(text, "New.\n") == text.replace("Old.", "New.")
    assert take_block(text, "Old.\n") == "Above.\nBelow.\n"
    assert take_block(text.replace("Old.", "Mine."), "Old.\n") is None
    for broken in (text + BEGIN, text.replace(END, ""), text + text):
        with pytest.raises(Foreign):
            put_block(broken, "New.\n")


def test_a_skill_of_somebody_else_is_not_overwritten() -> None:
    with pytest.raises(Foreign):
        put_whole("---\nname: theirs\n---\n", SKILLS[0].read_text())


@pytest.mark.parametrize("text", [RULES, *(path.read_text() for path in SKILLS)])
def test_what_is_advised_exists(text: str) -> None:
    """Every call that the texts name is a tool of the default profile."""
    tools = profiles()[DEFAULT_PROFILE].tools
    named = set(re.findall(r"`(\w+)[(`]", text)) - {"remaining", "expects_reply", "client_key"}
    assert named - {"teammcp"} <= tools.keys()


def test_a_skill_is_named_as_its_folder_and_says_when_to_use_it() -> None:
    for path in SKILLS:
        head = path.read_text().split("---")[1]
        assert f"name: {path.parent.name}\n" in head
        description = re.search(r"description: (.+)", head)
        assert description
        assert "Use " in description[1]
        assert len(description[1]) < 1024
