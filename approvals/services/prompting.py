"""Clients that ask before they use a tool of their own: the same queue, the same rules.

A client such as Claude Code hands its permission prompts to a tool. Here each becomes a call of the
action `use_tool`, which policies hold like any other: with conditions on the tool and on what it is
given, with standing approvals for what may pass, with an end when nobody answers. What no policy
is about is denied: silence is never a yes.
"""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import Annotated, Any

import orjson
from annotated_types import Ge, Le, MaxLen, MinLen
from django.utils import timezone

from approvals import events
from approvals.access import topics_of
from approvals.gating import plain_arguments, request_digest, rules_about
from approvals.models import ApprovalRequest, Prompt
from approvals.schemas import PermissionOut, PermitOut
from approvals.selectors.requests import WAIT_LIMIT
from audit.ledger import record
from audit.selectors import head_seq
from orgchart.models import Member
from teammcp.core.actions import action, query
from teammcp.core.errors import AppError, Conflict, Held, InvalidInput, TooLarge
from teammcp.core.lane import run_write
from teammcp.core.plain import is_plain

Status = ApprovalRequest.Status
Answer = Prompt.Answer
LIVE = (Status.OPEN, Status.CHANGES_REQUESTED, Status.APPROVED)
GOOD_FOR = timedelta(hours=1)
"""How long a permission waits for the client that asked for it, once people have agreed."""
MOST_INPUT = 100_000  # bytes of JSON
PREVIEW = "preview_only"
"""The field of an input by which a client says that it knows no more than how it begins."""

ToolName = Annotated[str, MinLen(1), MaxLen(200)]
CallId = Annotated[str, MinLen(1), MaxLen(120)]


@action(scope="approvals:write")
def use_tool(*, actor: Member, tool_name: ToolName, input: dict[str, Any]) -> PermitOut:  # noqa: A002
    """Let a client use one of its own tools once, with exactly this input. It passes by a policy
    over it only: when people agreed, or did so beforehand."""
    _check_input(input)
    if not rules_about(use_tool.act(actor, {"tool_name": tool_name, "input": input})):
        raise Conflict(
            f"No policy says who answers for {tool_name} of @{actor.handle}. It was not allowed.",
            next="Ask an admin to make a policy over use_tool at /approvals/policies/new/.",
        )
    record(
        events.PERMITTED,
        actor=actor,
        topics=["approvals", f"member-{actor.pk}"],
        data={"tool": tool_name, "digest": _digest(actor, tool_name, input)},
    )
    return PermitOut(tool_name=tool_name)


def _check_input(given: dict[str, Any]) -> None:
    """Refuse what could not be given back exactly as it came."""
    if not is_plain(given):
        raise InvalidInput(
            "input has something in it that JSON cannot carry.",
            fields={"input": "not plain JSON"},
            next="Send text, numbers of 64 bits, lists and objects.",
        )
    size = len(orjson.dumps(given))
    if size > MOST_INPUT:
        raise TooLarge(
            f"input has {size} bytes; people read {MOST_INPUT} at the most.",
            next="Do it in smaller steps, or put the content into a file first.",
        )


def _digest(actor: Member, tool_name: str, given: dict[str, Any]) -> str:
    packed = orjson.dumps([actor.pk, tool_name, given], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(packed).hexdigest()


@query(scope="approvals:write")
def ask_permission(
    *,
    actor: Member,
    tool_name: ToolName,
    input: dict[str, Any],  # noqa: A002
    tool_use_id: CallId,
    wait_seconds: Annotated[int, Ge(0), Le(WAIT_LIMIT)] = 0,
) -> PermissionOut:
    """Answers the permission prompts of a client: pass it as `--permission-prompt-tool`. It is not
    for you to call."""
    head = head_seq()  # read first: what commits later wakes a waiter
    try:
        _check_input(input)
        found = _prompt(actor, tool_name, input, tool_use_id)
        return run_write(lambda: _answered(actor, found, tool_name, input, head))
    except AppError as error:
        said = f"{error.message} {error.next}".strip()
        return _out("deny", said, None, input, head)


def _prompt(actor: Member, tool_name: str, given: dict[str, Any], call: str) -> Prompt:
    """The prompt of this call, with the request it waits for: the one that waits already, or was
    approved and not used, else a new one. Raises AppError for what nobody can allow."""
    digest = _digest(actor, tool_name, given)
    known = Prompt.objects.filter(member=actor, call=call).first()
    if known is not None:
        if known.digest != digest:
            raise Conflict(
                "This tool_use_id was used for another call.", next="Use a new one for each call."
            )
        return known
    request = _waiting(actor, tool_name, given)
    if request is None:
        try:
            use_tool(actor=actor, tool_name=tool_name, input=given)
        except Held as held:
            number = str(held.state["request"]).removeprefix("A-")
            request = ApprovalRequest.objects.get(pk=number)
        else:
            return _kept(actor, call, digest, None, Answer.ALLOW)
    return _kept(actor, call, digest, request, Answer.ASKED)


def _waiting(actor: Member, tool_name: str, given: dict[str, Any]) -> ApprovalRequest | None:
    """A request for the same call that still waits, or that nothing has come of yet."""
    arguments = plain_arguments(use_tool, {"tool_name": tool_name, "input": given})
    digest = request_digest(use_tool.name, arguments, [])
    rows = ApprovalRequest.objects.filter(requester=actor, action=use_tool.name, digest=digest)
    live = rows.filter(status__in=LIVE).order_by("-pk").first()
    if live is not None:
        return live
    lately = rows.filter(status=Status.EXECUTED, closed_at__gt=timezone.now() - GOOD_FOR)
    return lately.exclude(prompts__answer=Answer.ALLOW).order_by("-pk").first()


def _kept(
    actor: Member, call: str, digest: str, request: ApprovalRequest | None, answer: str
) -> Prompt:
    now = timezone.now()

    def keep() -> Prompt:
        row, _ = Prompt.objects.get_or_create(
            member=actor, call=call,
            defaults={
                "digest": digest, "request": request, "answer": answer, "asked_at": now,
                "answered_at": now if answer else None,
            },
        )  # fmt: skip
        return row

    return run_write(keep)


def _answered(
    actor: Member, prompt: Prompt, tool_name: str, given: dict[str, Any], head: int
) -> PermissionOut:
    """What the client hears now; an answer is kept, and stays as it is."""
    row = Prompt.objects.select_related("request").get(pk=prompt.pk)
    name = row.request.name if row.request else None
    if not row.answer and row.request is not None:
        behavior, message = _outcome(row, row.request)
        if behavior == "ask":
            return _out("ask", message, name, given, head)
        row.answer, row.message, row.answered_at = behavior, message[:1_000], timezone.now()
        row.save(update_fields=["answer", "message", "answered_at"])
        _note(actor, row, row.request, tool_name)
    return _out(row.answer, row.message, name, given, head)


def _outcome(row: Prompt, request: ApprovalRequest) -> tuple[str, str]:
    if request.status in (Status.OPEN, Status.APPROVED):
        return "ask", (
            f"Nobody has decided on {request.name} yet, so it was not run. {request.name} is still"
            f" open until {request.deadline:%Y-%m-%d %H:%M} UTC: go on with other work, and ask"
            " again with the same call later."
        )
    if request.status == Status.EXECUTED:
        used = Prompt.objects.filter(request=request, answer=Answer.ALLOW).exists()
        if not used:
            return "allow", ""
        return "deny", f"{request.name} let this pass once already. Ask again with a new call."
    words = {
        Status.CHANGES_REQUESTED: f"{request.name} should be done otherwise: {request.reason}",
        Status.EXPIRED: f"{request.name} expired: nobody decided in time. Nothing was allowed.",
        Status.NEVER_SEEN: f"{request.name} ended unseen: nobody looked at it in time. Nothing was"
        " allowed.",
        Status.WITHDRAWN: f"{request.name} was withdrawn. {request.reason}",
    }
    ended = f"{request.name} was {request.status}. {request.reason}"
    return "deny", words.get(Status(request.status), ended).strip()


def _note(actor: Member, row: Prompt, request: ApprovalRequest, tool_name: str) -> None:
    allowed = row.answer == Answer.ALLOW
    record(
        events.PERMIT_USED if allowed else events.PERMIT_REFUSED,
        actor=actor,
        target=f"approval:{request.pk}",
        topics=topics_of(request),
        data={
            "tool": tool_name, "approval": request.pk, "by": f" by {request.name}",
            "reason": row.message,
        },
    )  # fmt: skip


def _out(
    behavior: str, message: str, request: str | None, given: dict[str, Any], head: int
) -> PermissionOut:
    return PermissionOut(
        behavior=behavior,  # type: ignore[arg-type]
        message=message,
        request=request,
        input=given,
        head=head,
    )
