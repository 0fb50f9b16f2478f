"""What each known client wants in its configuration: one source for what registering answers, for
`manage.py connect` and for the pages in docs/connect/. Standard library only.

The forms were seen with the real clients: Claude Code needs `type`, Codex reads a token from the
environment only, and both must be told a time limit that covers a waiting `check_inbox`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

NAME = "teammcp"
TOKEN_VARIABLE = "TEAMMCP_TOKEN"  # noqa: S105 - the name of a variable, no secret
Entry = dict[str, Any]


class Form(NamedTuple):
    """How one client is configured."""

    key: str
    title: str
    table: str
    """the object that holds its servers by name"""
    file: str
    """where a user has it; `connect` knows the places of each platform"""
    project_file: str
    reference: str
    """how its configuration speaks of the token in the environment"""
    toml: bool = False
    comments: bool = False
    """whether it reads JSON with comments"""
    after: str = ""
    """what a person does then"""


CLAUDE = Form(
    "claude-code", "Claude Code", "mcpServers", "~/.claude.json", ".mcp.json",
    f"${{{TOKEN_VARIABLE}}}", after="Start `claude` anew and say: call resume.",
)  # fmt: skip
CODEX = Form(
    "codex", "Codex", "mcp_servers", "~/.codex/config.toml", ".codex/config.toml",
    TOKEN_VARIABLE, toml=True, after="Start `codex` anew and say: call resume.",
)  # fmt: skip
GEMINI = Form(
    "gemini-cli", "Gemini CLI", "mcpServers", "~/.gemini/settings.json", ".gemini/settings.json",
    f"${TOKEN_VARIABLE}", comments=True, after="Start `gemini` anew and say: call resume.",
)  # fmt: skip
CURSOR = Form(
    "cursor", "Cursor", "mcpServers", "~/.cursor/mcp.json", ".cursor/mcp.json",
    f"${{env:{TOKEN_VARIABLE}}}", comments=True,
    after="Switch the server on in Cursor's MCP settings and say: call resume.",
)  # fmt: skip
VSCODE = Form(
    "vs-code", "VS Code", "servers", "mcp.json of the user profile", ".vscode/mcp.json",
    f"${{env:{TOKEN_VARIABLE}}}", comments=True,
    after="Run `MCP: List Servers`, start teammcp, and say: call resume.",
)  # fmt: skip
FORMS = {form.key: form for form in (CLAUDE, CODEX, GEMINI, CURSOR, VSCODE)}


def http_entry(form: Form, url: str, token: str) -> Entry:
    """The entry for a client that connects over HTTP. `token` is a token or a reference to one."""
    headers = {"Authorization": f"Bearer {token}"}
    if form is CODEX:
        return {"url": url, "bearer_token_env_var": TOKEN_VARIABLE, **_limits(form)}
    if form is GEMINI:
        return {"httpUrl": url, "headers": headers}
    if form is CURSOR:
        return {"url": url, "headers": headers}
    return {"type": "http", "url": url, "headers": headers}


def stdio_entry(form: Form, command: str, arguments: Sequence[str]) -> Entry:
    """The entry for a client that starts the connector."""
    typed = {} if form in {CODEX, GEMINI} else {"type": "stdio"}
    return {**typed, "command": command, "args": list(arguments), **_limits(form)}


def _limits(form: Form) -> Entry:
    """Codex cuts a call at a minute, and asks a person before each one, unless told otherwise."""
    if form is not CODEX:
        return {}
    return {"tool_timeout_sec": 120, "default_tools_approval_mode": "approve"}


def render(form: Form, entry: Entry) -> str:
    """The entry as a whole file."""
    if not form.toml:
        return json.dumps({form.table: {NAME: entry}}, indent=2)
    lines = [f"{key} = {json.dumps(value)}" for key, value in entry.items()]
    return "\n".join([f"[{form.table}.{NAME}]", *lines, ""])
