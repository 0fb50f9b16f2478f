"""What an agent should know about working in a team, as files that clients read by themselves:
rules for AGENTS.md and its like, and skills (agentskills.io). `connect --rules --skills` asks for
them.

Where each client looks: Claude Code reads CLAUDE.md and .claude/skills, Gemini CLI GEMINI.md, the
others AGENTS.md; Codex takes skills from .agents/skills, of a project or of the home folder.
"""

from __future__ import annotations

from pathlib import Path

from mcp_bridge.client.edits import Put
from mcp_bridge.client.installed import Installed, claude_home, codex_home
from teammcp.clients import CLAUDE, CODEX, GEMINI

TEXTS = Path(__file__).parent / "texts"


def rules(client: Installed, project: Path | None) -> list[Put]:
    """The block of rules in the file that this client reads; none where it reads none."""
    file = _project_rules(client, project) if project else _user_rules(client)
    text = (TEXTS / "rules.md").read_text()
    return [Put(file, "block", (), text, shared=project is not None)] if file else []


def skills(client: Installed, project: Path | None) -> list[Put]:
    """One file for each skill; none for a client that has no skills."""
    folder = _skills_folder(client, project)
    if folder is None:
        return []
    texts = sorted((TEXTS / "skills").glob("*/SKILL.md"))
    return [
        Put(folder / path.parent.name / path.name, "whole", (), path.read_text(), shared=True)
        for path in texts
    ]


def _project_rules(client: Installed, project: Path) -> Path:
    names = {CLAUDE: "CLAUDE.md", GEMINI: "GEMINI.md"}
    return project / names.get(client.form, "AGENTS.md")


def _user_rules(client: Installed) -> Path | None:
    """For all projects of a user. Cursor and VS Code read a project's only."""
    files = {
        CLAUDE: claude_home() / "CLAUDE.md",
        CODEX: codex_home() / "AGENTS.md",
        GEMINI: Path.home() / ".gemini" / "GEMINI.md",
    }
    return files.get(client.form)


def _skills_folder(client: Installed, project: Path | None) -> Path | None:
    if client.form is CLAUDE:
        return (project / ".claude" if project else claude_home()) / "skills"
    if client.form is CODEX:
        return (project or Path.home()) / ".agents" / "skills"
    return None
