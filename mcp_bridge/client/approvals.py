"""Deciding and answering from a terminal, over REST, with one's own account.

manage.py approvals                       what waits for you
manage.py approvals show A-12
manage.py approvals approve A-12 [--comment TEXT] [--yes]
manage.py approvals decline A-12 --reason TEXT
manage.py approvals changes A-12 --reason TEXT
manage.py approvals answer Q-7 "Northwind" [--comment TEXT]
"""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any
from urllib.parse import quote

from mcp_bridge.client import account as accounts
from mcp_bridge.client.account import Account, AccountError
from mcp_bridge.client.rest import Answer, Away, call

VERDICTS = {"approve": "approve", "decline": "decline", "changes": "request_changes"}
DONE = {"approve": "Approved", "decline": "Declined", "changes": "Sent back"}
BETWEEN = "  "


class Refused(Exception):
    """The server said no, in its own words."""


def main(arguments: list[str]) -> int:
    """Run it; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        account = accounts.load(options.account)
        _run(account, options)
    except (AccountError, Away, Refused) as error:
        sys.stderr.write(f"{_plain(str(error))}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="manage.py approvals",
        description="See what waits for you, decide on it, and answer questions. The token comes"
        " from `manage.py connect`, or from TEAMMCP_TOKEN and TEAMMCP_URL.",
    )
    parser.add_argument("--account", help="which of the accounts on this machine")
    kinds = parser.add_subparsers(dest="what", metavar="WHAT")
    listed = kinds.add_parser("list", help="what waits for you (this is the default)")
    listed.add_argument("--all", action="store_true", help="all that you may see")
    listed.add_argument("--json", action="store_true", help="print JSON")
    shown = kinds.add_parser("show", help="exactly what will run, or what is asked")
    shown.add_argument("name", help="A-12 or Q-7")
    shown.add_argument("--json", action="store_true", help="print JSON")
    for what in VERDICTS:
        one = kinds.add_parser(what, help=f"{what} a call that waits")
        one.add_argument("name", help="A-12")
        needed = what == "changes"
        one.add_argument("--reason", "--comment", dest="comment", required=needed, default="")
        one.add_argument("--digest", default="", help="decide only if it is this that will run")
        one.add_argument("--yes", action="store_true", help="do not ask again")
    answer = kinds.add_parser("answer", help="answer a question")
    answer.add_argument("name", help="Q-7")
    answer.add_argument("answer", help="one of its options, or a text where it has none")
    answer.add_argument("--comment", default="")
    return parser


def _run(account: Account, options: argparse.Namespace) -> None:
    match options.what:
        case None | "list":
            _list(account, options)
        case "show":
            found = _shown(account, options.name)
            _print_json(found) if options.json else _print(_lines(found))
        case "answer":
            _answer(account, options)
        case _:
            _decide(account, options)


def _list(account: Account, options: argparse.Namespace) -> None:
    which = "" if getattr(options, "all", False) else "waiting"
    query = {"which": which, "status": "open", "limit": 100}
    found = _asked(call(account, "GET", "approvals/", query=query))
    if getattr(options, "json", False):
        _print_json(found)
        return
    for one in found["questions"]:
        cost = f" [{one['cost']}]" if one["cost"] != "medium" else ""
        _print([f"{one['id']}{BETWEEN}@{one['asker']} asks{cost}: {one['text']}"])
        choices = " / ".join(one["options"]) or "any text"
        _print([f"      {choices}, until {one['answer_by']}"])
    for one in found["items"]:
        _print([f"{one['id']}{BETWEEN}@{one['requester']}: {one['about']}"])
        _print([f"      {', '.join(one['policies'])}, until {one['deadline']}"])
    more = found["remaining"] + found["more_questions"]
    if not found["questions"] and not found["items"]:
        _print(["Nothing waits for you." if which else "Nothing is open."])
    elif more:
        _print([f"{more} more"])


def _decide(account: Account, options: argparse.Namespace) -> None:
    """Decide on what was just shown: if it changes in between, the decision is not counted."""
    found = _shown(account, options.name)
    if "digest" not in found:
        raise Refused(f"{found['id']} is a question: manage.py approvals answer {found['id']} ...")
    if not options.yes:
        _print(_lines(found))
        if not sys.stdin.isatty():
            raise Refused("Nothing was decided: say --yes where nobody can be asked.")
        if input(f"{options.what} {found['id']}? [y/N] ").strip().lower() not in {"y", "yes"}:
            raise Refused("Nothing was decided.")
    body = {
        "request": found["id"], "verdict": VERDICTS[options.what], "comment": options.comment,
        "digest": options.digest or found["digest"], "stage": found["stage"],
        "round": found["round"],
    }  # fmt: skip
    done = _asked(call(account, "POST", "approvals/decide/", body=body))
    _print([f"{DONE[options.what]}. {done['id']} is {done['status']}."])


def _answer(account: Account, options: argparse.Namespace) -> None:
    body = {"answer": options.answer, "comment": options.comment}
    path = f"approvals/questions/{quote(options.name, safe='')}/answer/"
    done = _asked(call(account, "POST", path, body=body))
    _print([f"{done['id']} is answered: {done['answer']}."])


def _shown(account: Account, name: str) -> dict[str, Any]:
    """A request or a question, by its name. The server writes down that it was shown."""
    if name[:2].lower() == "q-":
        return _asked(call(account, "GET", f"approvals/questions/{quote(name, safe='')}/"))
    return _asked(call(account, "GET", "approvals/request/", query={"request": name}))


def _asked(answer: Answer) -> dict[str, Any]:
    if not answer.ok:
        raise Refused(answer.problem)
    return answer.data


def _lines(found: dict[str, Any]) -> list[str]:
    return _question_lines(found) if "answer_by" in found else _request_lines(found)


def _request_lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{found['id']} is {found['status']}: @{found['requester']} asks for {found['action']}",
        *(f"  {name} = {_value(value)}" for name, value in found["arguments"].items()),
    ]
    lines += [f"  it would: {one['sentence']}" for one in found["changes"]]
    lines += [
        f"  stage {one['number']}: {one['approved']} of {one['quorum']} agree;"
        f" {', '.join(one['who']) or ', '.join(one['approvers'])}"
        for one in found["stages"]
    ]
    lines += [f"  @{one['member']}: {one['verdict']} {one['comment']}" for one in
              found["decisions"]]  # fmt: skip
    return [*lines, f"  until {found['deadline']}, digest {found['digest']}"]


def _question_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"{found['id']} is {found['status']}: @{found['asker']} asks: {found['text']}"]
    if found["details"]:
        lines += [f"  {line}" for line in found["details"].splitlines()]
    lines += [
        f"  - {one}{' (the default)' if one == found['default'] else ''}"
        for one in found["options"]
    ]
    if found["answer"]:
        by = f"by @{found['answered_by']}" if found["answered_by"] else "by default"
        lines.append(f"  {found['answer']}, {by}")
    return [*lines, f"  until {found['answer_by']}"]


def _value(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _print(lines: list[str]) -> None:
    """What members wrote reaches a terminal as text: control characters would be commands."""
    for line in lines:
        sys.stdout.write(f"{_plain(line)}\n")


def _plain(text: str) -> str:
    return "".join(sign if sign.isprintable() else " " for sign in text)


def _print_json(found: dict[str, Any]) -> None:
    sys.stdout.write(f"{json.dumps(found, indent=2)}\n")
