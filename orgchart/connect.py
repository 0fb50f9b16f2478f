"""Ready-to-paste configuration for each known client; the forms stand in `teammcp.clients`."""

from __future__ import annotations

from typing import Any

from django.conf import settings

from teammcp.clients import (
    CLAUDE,
    CODEX,
    CURSOR,
    GEMINI,
    NAME,
    TOKEN_VARIABLE,
    VSCODE,
    Form,
    http_entry,
    render,
)


def configurations(token: str) -> dict[str, Any]:
    """What to paste where, per client."""
    base = settings.PUBLIC_URL
    mcp = f"{base}/mcp"

    def content(form: Form) -> str:
        return render(form, http_entry(form, mcp, token))

    return {
        "mcp_url": mcp,
        "connect": {
            "command": f"python3 manage.py connect --url {base}",
            "note": "In a checkout of TeamMCP on the agent's machine; it asks for the token.",
        },
        "claude_code": {
            "command": (
                f"claude mcp add --transport http {NAME} {mcp}"
                f' --header "Authorization: Bearer {token}"'
            ),
            "file": CLAUDE.project_file,
            "content": content(CLAUDE),
        },
        "codex": {
            "command": f"export {TOKEN_VARIABLE}={token}",
            "file": CODEX.file,
            "content": content(CODEX),
        },
        "gemini_cli": {"file": GEMINI.file, "content": content(GEMINI)},
        "cursor": {"file": CURSOR.project_file, "content": content(CURSOR)},
        "vscode": {"file": VSCODE.project_file, "content": content(VSCODE)},
        "curl": {
            "command": (
                f'curl -H "Authorization: Bearer {token}" "{base}/api/inbox/?wait_seconds=50"'
            ),
            "send": (
                f'curl -X POST {base}/api/messages/ -H "Authorization: Bearer {token}"'
                ' -H "Content-Type: application/json"'
                """ -d '{"to": "#general", "body": "Hello, I am new here."}'"""
            ),
        },
    }
