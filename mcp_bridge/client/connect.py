"""`manage.py connect`: find the clients on this machine, show what would change, write it, call.

By default a client starts the connector, which reads the token from the account file: the token is
then in no client's configuration at all. With --http a configuration refers to the token in the
environment. Either way no token is written there, printed, or taken from a command line.
"""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

from mcp_bridge.client import account as accounts
from mcp_bridge.client import (
    commands,
    contact,
    edits,
    gitfolder,
    guides,
    journal,
    signing_in,
)
from mcp_bridge.client.account import Account, AccountError
from mcp_bridge.client.choices import Choice, parser
from mcp_bridge.client.edits import Change, Put, Unusable
from mcp_bridge.client.installed import Installed, clients
from mcp_bridge.client.rest import Away
from teammcp.clients import CLAUDE, FORMS, NAME, TOKEN_VARIABLE, http_entry, stdio_entry


class Stop(Exception):
    """Nothing more can be done; says why, and ends with this code."""

    def __init__(self, why: str, code: int = 1) -> None:
        super().__init__(why)
        self.code = code


class Report:
    """What happens, in words as it happens, or as one JSON object in the end."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self.facts: dict[str, Any] = {}

    def say(self, text: str) -> None:
        (sys.stderr if self._as_json else sys.stdout).write(f"{text}\n")

    def close(self) -> None:
        if self._as_json:
            sys.stdout.write(json.dumps(self.facts, indent=2) + "\n")


class Planned(NamedTuple):
    """One client and what changes for it."""

    client: Installed
    changes: list[Change]
    problem: str = ""


def main(arguments: list[str]) -> int:
    """Run the command; its exit code."""
    choice = parser().parse_args(arguments)
    report = Report(as_json=choice.json)
    try:
        if choice.git:
            return _git(choice, report)
        return _undo(choice, report) if choice.undo else _connect(choice, report)
    except (AccountError, Away, Unusable) as error:
        report.facts["error"] = str(error)
        report.say(str(error))
        return 1
    except Stop as stop:
        report.facts["error" if stop.code else "note"] = str(stop)
        report.say(str(stop))
        return stop.code
    except (KeyboardInterrupt, EOFError):
        report.say("\nNothing more was written.")
        return 130
    finally:
        report.close()


def _git(choice: Choice, report: Report) -> int:
    """The hook of one repository, for the account that is there or is made now."""
    folder = Path(choice.git).resolve()
    if choice.undo:
        done = gitfolder.uninstall(folder)
    elif choice.dry_run:
        raise Stop(gitfolder.script(accounts.chosen(choice.account)), 0)
    else:
        name, _ = _account(choice, report)
        done = gitfolder.install(folder, name)
    report.facts |= {"file": str(done.file), "said": done.said}
    report.say(f"{done.file} {done.said}.")
    return 0


def _connect(choice: Choice, report: Report) -> int:
    chosen = _chosen(choice)
    if choice.dry_run:
        name, account = _offline(choice)
    else:
        name, account = _account(choice, report)
    planned = [_plan(client, choice, name, account) for client in chosen]
    _show(planned, report)
    if not choice.dry_run:
        written = _write(planned, choice, report)
        _first_contact(choice, report, name, account)
        _advise(planned, choice, report, written=written)
    return int(any(one.problem for one in planned))


def _write(planned: list[Planned], choice: Choice, report: Report) -> bool:
    """Write what a person agrees to; whether anything was written."""
    changes = [(one, change) for one in planned for change in one.changes]
    if changes:
        _ask(choice)
    for one, change in changes:
        journal.write(change, one.client.form.key)
        report.say(f"Wrote {change.file}.")
    return bool(changes)


def _advise(planned: list[Planned], choice: Choice, report: Report, *, written: bool) -> None:
    for one in planned:
        if not one.problem:
            report.say(f"{one.client.form.title}: {one.client.form.after}")
            if choice.rules and not choice.project and not guides.rules(one.client, None):
                report.say("  It reads rules from a project only: `--project FOLDER --rules`.")
    if choice.http:
        report.say(f"Set {TOKEN_VARIABLE} in the environment in which these clients start.")
    if written:
        report.say("`manage.py connect --undo` takes it back.")


# Who


def _offline(choice: Choice) -> tuple[str, Account]:
    """For a dry run: what is known without asking anybody."""
    name, url = accounts.chosen(choice.account), choice.url
    with contextlib.suppress(AccountError):
        url = url or accounts.load(name).url
    return name, Account(accounts.base_url(url or accounts.DEFAULT_URL), "")


def _account(choice: Choice, report: Report) -> tuple[str, Account]:
    """The account to set up, checked with the server and kept."""
    name = accounts.chosen(choice.account)
    accounts.path_of(name)
    url = accounts.base_url(choice.url) if choice.url else None
    if choice.join_code or choice.name:
        found: Account | None = signing_in.register(url or accounts.DEFAULT_URL, _name(choice))
    else:
        found = signing_in.known(name, url)
    account = found or signing_in.entered(url or accounts.DEFAULT_URL)
    if not choice.account and _is_anothers(name, account):
        name = account.handle
    path = accounts.save(name, account)
    if account.url.startswith("http://") and not _is_near(account.url):
        report.say(
            f"Careful: {account.url} is not encrypted, and the token travels with each call."
        )
    report.say(f"You are @{account.handle} at {account.url}. The token is kept in {path}.")
    report.facts |= {"handle": account.handle, "url": account.url, "account": name}
    return name, account


def _name(choice: Choice) -> str:
    if choice.name:
        return str(choice.name)
    if not sys.stdin.isatty():
        raise AccountError("A new agent needs a name: --name Lin.")
    return input("Name of the new agent: ").strip()


def _is_anothers(name: str, account: Account) -> bool:
    """Whether another agent of this machine has the account of this name."""
    try:
        kept = json.loads(accounts.path_of(name).read_bytes())
    except (OSError, ValueError):
        return False
    handle = kept.get("handle") if isinstance(kept, dict) else None
    return bool(handle) and (handle, kept.get("url")) != (account.handle, account.url)


def _is_near(url: str) -> bool:
    return any(url.startswith(f"http://{host}") for host in ("127.", "localhost", "[::1]"))


# What


def _chosen(choice: Choice) -> list[Installed]:
    """The clients to write to."""
    project = Path(choice.project).resolve() if choice.project else None
    if project is not None and not project.is_dir():
        raise Stop(f"{project} is no folder.")
    known = clients(project)
    if choice.client:
        return [client for client in known if client.form.key in choice.client]
    found = [client for client in known if client.found]
    if not found:
        names = ", ".join(FORMS)
        raise Stop(f"No client was found on this machine. Choose one with --client: {names}.")
    return found


def _plan(client: Installed, choice: Choice, name: str, account: Account) -> Planned:
    try:
        return Planned(client, edits.plan(_puts(client, choice, name, account)))
    except Unusable as error:
        return Planned(client, [], str(error))


def _puts(client: Installed, choice: Choice, name: str, account: Account) -> list[Put]:
    form, shared = client.form, bool(choice.project)
    kind = "toml" if form.toml else "jsonc" if form.comments else "json"
    if choice.http:
        query = f"?profile={choice.tools}" if choice.tools else ""
        entry = http_entry(form, f"{account.url}/mcp{query}", form.reference)
    else:
        command, *arguments = commands.stdio(name, tools=choice.tools)
        entry = stdio_entry(form, command, arguments)
    puts = [Put(client.file, kind, (form.table, NAME), entry, shared=shared)]
    if choice.hooks and form is CLAUDE and (file := client.hooks_file) is not None:
        group = {"hooks": [commands.hook(name)]}
        puts += [
            Put(file, "json", ("hooks", event), group, item=True, replaces=commands.is_our_hook)
            for event in commands.EVENTS
        ]
    project = Path(choice.project).resolve() if choice.project else None
    puts += guides.rules(client, project) if choice.rules else []
    return puts + (guides.skills(client, project) if choice.skills else [])


def _show(planned: list[Planned], report: Report) -> None:
    report.facts["clients"] = [
        {
            "client": one.client.form.key,
            "file": str(one.client.file),
            "state": "broken" if one.problem else "changes" if one.changes else "up to date",
            "problem": one.problem,
            "diff": "".join(change.diff for change in one.changes),
        }
        for one in planned
    ]
    for one in planned:
        if one.problem:
            report.say(f"{one.client.form.title}: {one.problem}")
        elif not one.changes:
            report.say(f"{one.client.form.title}: {one.client.file} has it already.")
        for change in one.changes:
            report.say(f"{one.client.form.title}:\n{change.diff}")


def _ask(choice: Choice) -> None:
    if choice.yes:
        return
    if not sys.stdin.isatty():
        raise Stop("Nothing was written to any client. Repeat with --yes.")
    sys.stderr.write("Write this? [y/N] ")
    sys.stderr.flush()
    if input().strip().lower() not in {"y", "yes"}:
        raise Stop("Nothing was written to any client.", 0)


# Does it work


def _first_contact(choice: Choice, report: Report, name: str, account: Account) -> None:
    command = commands.stdio(name, tools=choice.tools)
    try:
        made = contact.through(command)
    except contact.NoContact as error:
        raise Stop(f"The first contact failed: {error}") from error
    report.facts |= {"first_contact_seconds": round(made.seconds, 2), "tools": made.tools}
    report.say(f"First contact after {made.seconds:.1f} s: @{account.handle}, {made.tools} tools.")


def _undo(choice: Choice, report: Report) -> int:
    root = str(Path(choice.project).resolve()) if choice.project else ""

    def wanted(entry: dict[str, Any]) -> bool:
        right_client = not choice.client or entry["client"] in choice.client
        return right_client and (not root or entry["file"].startswith(root))

    undone = journal.undo(wanted)
    report.facts["undone"] = [{"file": str(one.file), "said": one.said} for one in undone]
    for one in undone:
        report.say(f"{one.file} {one.said}.")
    if not undone:
        report.say("There is nothing to take back.")
    return 0
