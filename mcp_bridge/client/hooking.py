"""What each hook says. Decided from the inbox, the payload and what the session was told before."""

from __future__ import annotations

import contextlib
import json
import re
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from mcp_bridge.client import account as accounts
from mcp_bridge.client import rest
from mcp_bridge.client.account import Account
from mcp_bridge.client.memory import Memory, Session
from mcp_bridge.client.telling import Item, hold, items_of, more, news, summary

ROUTE = "hook"
PAGE = {"limit": 40, "max_tokens": 1_500}
STOP_PAGE = {"limit": 40, "max_tokens": 3_000}
PAUSE_SECONDS = 1.0
"""after tool calls the server is asked at most this often: they come in bursts"""
SILENCE_SECONDS = 10.0
"""after the server was away, tool calls do not ask for this long"""
HOLDS_IN_A_ROW = 3
"""so often a session is kept from stopping before it may stop whatever waits"""
OWN_TOOLS = "teammcp"
REVOKED = (
    "TeamMCP: the token of this account is not valid any more: revoked, expired or replaced."
    " Run `manage.py connect` to use another one."
)

Output = dict[str, Any]


class Outcome(NamedTuple):
    """What a hook answers, and what it then reports to the server."""

    output: Output
    report: Callable[[], None] = lambda: None


class Hook(NamedTuple):
    """One call of a hook."""

    event: str
    payload: dict[str, Any]
    account: Account
    memory: Memory
    deadline: float

    @property
    def session(self) -> Session:
        return self.memory.session

    def ask(self, path: str, query: dict[str, Any]) -> rest.Answer:
        """Ask the server. Raises Away. Until it has answered it counts as away, and that is kept
        first: one that answers too slowly ends this process."""
        session, now = self.session, time.time()
        session.asked_at, session.silent_until = now, now + SILENCE_SECONDS
        self.memory.save()
        seconds = max(0.05, self.deadline - time.monotonic())
        answer = rest.call(self.account, "GET", path, query=query, route=ROUTE, seconds=seconds)
        if answer.status < 500:
            session.silent_until = 0.0
        return answer

    def inbox(self, page: dict[str, Any]) -> dict[str, Any]:
        """The inbox now; an empty one where the server refuses."""
        answer = self.ask("inbox/", page)
        return answer.data if answer.ok else {}

    def context(self, text: str) -> Output:
        """The answer that puts a text into the model's context."""
        specific = {"hookEventName": self.event, "additionalContext": text}
        return {"hookSpecificOutput": specific}

    def new(self, items: list[Item]) -> list[Item]:
        return [item for item in items if item.delivery not in self.session.shown]

    def saying(self, output: Output, items: list[Item]) -> Outcome:
        """An answer that shows these items, and afterwards the word that this route was used."""
        self.session.show([item.delivery for item in items])
        if not items:
            return Outcome(output)
        up_to = max(item.delivery for item in items)
        body = {"route": ROUTE, "up_to": up_to, "error": ""}

        def report() -> None:
            with contextlib.suppress(rest.Away):
                rest.call(self.account, "POST", "wakes/", body=body, seconds=0.1)

        return Outcome(output, report)


def handle(stdin: bytes, account_name: str | None, deadline: float) -> Outcome | None:
    """The answer to one call; None for whatever is not ours to answer."""
    payload = _payload(stdin)
    event = payload.get("hook_event_name")
    handler = HANDLERS.get(event) if isinstance(event, str) else None
    if handler is None or not isinstance(event, str):
        return None
    account = accounts.load(account_name)
    owner = f"{account.url} {account.token}"
    memory = Memory(owner, str(payload.get("session_id") or ""))
    with memory.held(wait=event != "PostToolUse") as ours:
        if not ours:
            return None
        hook = Hook(event, payload, account, memory, deadline)
        try:
            outcome = handler(hook)
        except rest.Away:
            outcome = None
        if time.monotonic() > deadline:  # nobody listens any more: this was not shown
            return None
        saved = memory.save()
        if event == "SessionStart":
            memory.forget_old()
        # What cannot be remembered would be said again at every call, and hold for ever.
        return outcome if saved or event == "SessionStart" else None


def _payload(stdin: bytes) -> dict[str, Any]:
    try:
        payload = json.loads(stdin)
    except (ValueError, RecursionError):
        return {}
    return payload if isinstance(payload, dict) else {}


# The hooks


def session_start(hook: Hook) -> Outcome | None:
    """Who the model is and what waits; after a compaction the context has lost all that."""
    if hook.payload.get("source") != "resume":
        hook.session.shown.clear()
    query = {"since": hook.session.head} if hook.session.head else {}
    answer = hook.ask("resume/", query)
    if answer.status == 410:
        answer = hook.ask("resume/", {})
    if answer.status == 401:
        return Outcome({"systemMessage": REVOKED})
    if not answer.ok:
        return None
    told = summary(answer.data)
    hook.session.head = int(answer.data.get("head") or 0)
    hook.session.more = int((answer.data.get("inbox") or {}).get("remaining") or 0)
    return hook.saying(hook.context(told.text), told.items)


def prompt_submitted(hook: Hook) -> Outcome | None:
    """What is new, beside what a person asks."""
    return _news(hook)


def tool_used(hook: Hook) -> Outcome | None:
    """What is new, between two tool calls; cheap, because there are many."""
    _note_own_tools(hook)
    now, session = time.time(), hook.session
    if now < session.silent_until or 0 <= now - session.asked_at < PAUSE_SECONDS:
        return None
    return _news(hook)


def stopping(hook: Hook) -> Outcome | None:
    """Keep the model from stopping over something urgent: once for each, and not for ever."""
    session = hook.session
    if not hook.payload.get("stop_hook_active"):
        session.in_a_row = 0
    if session.in_a_row >= HOLDS_IN_A_ROW:
        return None
    waiting = items_of(hook.inbox(STOP_PAGE))
    items = [item for item in waiting if item.holds and item.delivery not in session.blocked]
    if not items:
        return None
    told = hold(items)
    session.in_a_row += 1
    session.blocked |= {item.delivery for item in told.items}
    return hook.saying({"decision": "block", "reason": told.text}, told.items)


HANDLERS: dict[str, Callable[[Hook], Outcome | None]] = {
    "SessionStart": session_start,
    "UserPromptSubmit": prompt_submitted,
    "PostToolUse": tool_used,
    "Stop": stopping,
}


def _news(hook: Hook) -> Outcome | None:
    inbox = hook.inbox(PAGE)
    items = hook.new(items_of(inbox))
    beyond = int(inbox.get("remaining") or 0)
    grown, hook.session.more = beyond > hook.session.more, beyond
    if items:
        told = news(inbox, items, beyond)
        return hook.saying(hook.context(told.text), told.items)
    return Outcome(hook.context(more(inbox))) if grown else None


# What the model has seen already, because it asked itself

_FENCED = re.compile(r'<said\b[^>]*\bdelivery="(\d{1,18})"')


def _note_own_tools(hook: Hook) -> None:
    """Deliveries that a tool of ours just answered with need no second showing."""
    if OWN_TOOLS in str(hook.payload.get("tool_name") or ""):
        hook.session.show(sorted(_deliveries(hook.payload.get("tool_response"))))


def _deliveries(response: Any) -> set[int]:
    """The deliveries in a tool's answer, as text with fences or as structured content. A body can
    imitate neither: the server escapes fences in it, and in JSON it is a string."""
    if isinstance(response, str):
        with contextlib.suppress(ValueError, RecursionError):
            return _deliveries(json.loads(response))
        return {int(found) for found in _FENCED.findall(response)}
    if isinstance(response, list):
        return {one for part in response for one in _deliveries(part)}
    if not isinstance(response, dict):
        return set()
    found = {one for key in ("text", "content", "inbox") for one in _deliveries(response.get(key))}
    structured = response.get("structuredContent")
    found |= _deliveries(structured) if isinstance(structured, dict) else set()
    return found | {item.delivery for item in items_of(response)}
