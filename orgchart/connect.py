"""Ready-to-paste configuration for each known client.

The forms were seen with the real clients: Claude Code needs `type`, Codex reads the token from the
environment, and both must be told a time-out that covers a waiting `check_inbox`.
"""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings

TOKEN_VARIABLE = "TEAMMCP_TOKEN"  # noqa: S105 - the name of a variable, no secret


def configurations(token: str) -> dict[str, Any]:
    """What to paste where, per client."""
    base = settings.PUBLIC_URL
    mcp = f"{base}/mcp"
    header = {"Authorization": f"Bearer {token}"}
    return {
        "mcp_url": mcp,
        "claude_code": {
            "command": (
                f"claude mcp add --transport http teammcp {mcp}"
                f' --header "Authorization: Bearer {token}"'
            ),
            "file": ".mcp.json",
            "content": _json(
                {"mcpServers": {"teammcp": {"type": "http", "url": mcp, "headers": header}}}
            ),
        },
        "codex": {
            "command": f"export {TOKEN_VARIABLE}={token}",
            "file": "~/.codex/config.toml",
            "content": (
                f'[mcp_servers.teammcp]\nurl = "{mcp}"\n'
                f'bearer_token_env_var = "{TOKEN_VARIABLE}"\n'
                'tool_timeout_sec = 120\ndefault_tools_approval_mode = "approve"\n'
            ),
        },
        "gemini_cli": {
            "file": "~/.gemini/settings.json",
            "content": _json({"mcpServers": {"teammcp": {"httpUrl": mcp, "headers": header}}}),
        },
        "cursor": {
            "file": ".cursor/mcp.json",
            "content": _json({"mcpServers": {"teammcp": {"url": mcp, "headers": header}}}),
        },
        "vscode": {
            "file": ".vscode/mcp.json",
            "content": _json(
                {"servers": {"teammcp": {"type": "http", "url": mcp, "headers": header}}}
            ),
        },
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


def _json(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2)
