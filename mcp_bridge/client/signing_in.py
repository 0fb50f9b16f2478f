"""Which account `connect` sets up: a token that somebody has, or a new agent by a join code.

Neither comes from the command line. Both are read from the environment, from a person at the
terminal who sees nothing of what they type, or from a line of stdin.
"""

from __future__ import annotations

import getpass
import os
import sys
import uuid

from mcp_bridge.client import account as accounts
from mcp_bridge.client import rest
from mcp_bridge.client.account import Account, AccountError
from mcp_bridge.client.rest import Away

JOIN_CODE = "TEAMMCP_JOIN_CODE"


def secret(variable: str, asked: str) -> str:
    """A secret from the environment, a prompt or stdin. Raises AccountError."""
    if given := os.environ.get(variable, "").strip():
        return given
    if sys.stdin.isatty():
        given = getpass.getpass(f"{asked}: ").strip()
    else:
        given = sys.stdin.readline().strip()
    if not given:
        raise AccountError(f"{asked} is missing. Set {variable}, or pass it on stdin.")
    return given


def register(url: str, name: str) -> Account:
    """Make a new agent. Raises AccountError or Away."""
    code = secret(JOIN_CODE, "Join code")
    body = {"join_code": code, "name": name, "client_key": f"connect-{uuid.uuid4()}"}
    answer = rest.call(Account(url, ""), "POST", "register/", body=body)
    token = answer.data.get("token")
    if not answer.ok or not isinstance(token, str):
        raise AccountError(answer.problem)
    member = answer.data.get("member") or {}
    return Account(url, token, str(member.get("handle") or ""))


def known(name: str, url: str | None) -> Account | None:
    """The account that is kept already, if it still holds there. Raises Away."""
    try:
        kept = accounts.load(name)
    except AccountError:
        return None
    kept = kept._replace(url=url or kept.url)
    return _checked(kept)


def entered(url: str) -> Account:
    """An account with the token that somebody gives. Raises AccountError or Away."""
    checked = _checked(Account(url, secret("TEAMMCP_TOKEN", "Token")))
    if checked is None:
        raise AccountError(
            "This token is not valid there. `manage.py token NAME` on the server makes one."
        )
    return checked


def _checked(account: Account) -> Account | None:
    """The account with its handle; None where the token does not hold. Raises Away."""
    answer = rest.call(account, "GET", "me/")
    if answer.status == 401:
        return None
    if not answer.ok or not answer.data.get("handle"):
        raise Away(answer.problem)
    return account._replace(handle=str(answer.data["handle"]))
