"""An account: the address of a company and the token of one member of it.

It comes from the environment (`TEAMMCP_URL`, `TEAMMCP_TOKEN`) or from a file that only its owner
can read, never from a command line, which every process on the machine can see. Several agents on
one machine have an account each; `TEAMMCP_ACCOUNT` or `--account` names one.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from mcp_bridge.client.places import SECRET, config_home, make_private, write_whole

DEFAULT = "default"
DEFAULT_URL = "http://127.0.0.1:8420"
_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}")


class AccountError(Exception):
    """There is no usable account, and what to do about it."""


class Account(NamedTuple):
    """Who calls, and whom."""

    url: str
    token: str
    handle: str = ""

    def __repr__(self) -> str:
        """Without the token: this may end in a log."""
        return f"Account({self.url!r}, @{self.handle})"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def chosen(name: str | None = None) -> str:
    """The name of the account that is asked for."""
    return name or os.environ.get("TEAMMCP_ACCOUNT") or DEFAULT


def load(name: str | None = None) -> Account:
    """The account of this name; the environment wins over the file. Raises AccountError."""
    kept = _read(path_of(chosen(name)))
    url = os.environ.get("TEAMMCP_URL") or kept.get("url") or DEFAULT_URL
    token = (os.environ.get("TEAMMCP_TOKEN") or kept.get("token") or "").strip()
    if not token:
        raise AccountError(
            f"There is no token for the account {chosen(name)!r}. Run `manage.py connect`, or set"
            " TEAMMCP_TOKEN and TEAMMCP_URL."
        )
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise AccountError("The token has characters that no token has. Copy it again.")
    return Account(base_url(url), token, kept.get("handle", ""))


def save(name: str, account: Account) -> Path:
    """Keep an account, for its owner's eyes only."""
    path = path_of(name)
    make_private(path.parent)
    content = json.dumps(account._asdict(), indent=2) + "\n"
    write_whole(path, content.encode(), mode=SECRET)
    return path


def path_of(name: str) -> Path:
    """The file of an account, which may be named by its path. Raises AccountError."""
    if name.endswith(".json") and Path(name).is_absolute():
        return Path(name)
    if not _NAME.fullmatch(name):
        raise AccountError(
            f"{name[:60]!r} is no name for an account: use small letters, digits, '-', '_', '.'."
        )
    return config_home() / "accounts" / f"{name}.json"


def base_url(url: str) -> str:
    """The address of the server, also from that of its MCP endpoint. Raises AccountError."""
    try:
        parts = urlsplit(url.strip())
        usable = parts.scheme in {"http", "https"} and parts.hostname and (parts.port or 1)
    except ValueError:
        usable = False
    if not usable or parts.username or parts.password:
        raise AccountError(f"{url[:80]!r} is no address of a server. Give one as {DEFAULT_URL}.")
    path = parts.path.rstrip("/").removesuffix("/mcp")
    return f"{parts.scheme}://{parts.netloc}{path}"


def _read(path: Path) -> dict[str, str]:
    try:
        content = json.loads(path.read_bytes())
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise AccountError(f"{path} cannot be read: {error}. Run `manage.py connect`.") from error
    if not isinstance(content, dict):
        raise AccountError(f"{path} holds no account. Run `manage.py connect`.")
    return {key: value for key, value in content.items() if isinstance(value, str)}
