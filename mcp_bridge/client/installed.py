"""Which clients this machine has, and where each keeps its configuration, on every platform."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from teammcp.clients import CLAUDE, CODEX, CURSOR, FORMS, GEMINI, VSCODE, Form


class Installed(NamedTuple):
    """A client on this machine."""

    form: Form
    file: Path
    found: bool

    @property
    def hooks_file(self) -> Path | None:
        """Where Claude Code keeps its hooks: beside the user's settings, or the project's own."""
        if self.form is not CLAUDE:
            return None
        if self.file.name == CLAUDE.project_file:
            return self.file.parent / ".claude" / "settings.local.json"
        return claude_home() / "settings.json"


def clients(project: Path | None = None) -> list[Installed]:
    """All known clients, with the file that a user's or a project's entry goes into."""
    return [
        Installed(form, project / form.project_file if project else user_file(form), has(form))
        for form in FORMS.values()
    ]


def user_file(form: Form) -> Path:
    """Where a user's own configuration lies."""
    home = Path.home()
    if form is CLAUDE:
        own = os.environ.get("CLAUDE_CONFIG_DIR")
        return Path(own) / ".claude.json" if own else home / ".claude.json"
    if form is CODEX:
        return codex_home() / "config.toml"
    if form is GEMINI:
        return home / ".gemini" / "settings.json"
    if form is CURSOR:
        return home / ".cursor" / "mcp.json"
    return vscode_home() / "mcp.json"


def has(form: Form) -> bool:
    """Whether a client has left its traces here."""
    traces = {
        CLAUDE: ("claude", [user_file(CLAUDE), claude_home()]),
        CODEX: ("codex", [codex_home()]),
        GEMINI: ("gemini", [Path.home() / ".gemini"]),
        CURSOR: ("cursor", [Path.home() / ".cursor"]),
        VSCODE: ("code", [vscode_home()]),
    }
    program, places = traces[form]
    return any(place.exists() for place in places) or shutil.which(program) is not None


def claude_home() -> Path:
    return Path(os.environ.get("CLAUDE_CONFIG_DIR") or Path.home() / ".claude")


def codex_home() -> Path:
    return Path(os.environ.get("CODEX_HOME") or Path.home() / ".codex")


def vscode_home() -> Path:
    """The folder of VS Code's default profile."""
    if sys.platform == "win32":
        roaming = os.environ.get("APPDATA") or Path.home() / "AppData" / "Roaming"
        return Path(roaming) / "Code" / "User"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Application Support" / "Code" / "User"
    return Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "Code" / "User"
