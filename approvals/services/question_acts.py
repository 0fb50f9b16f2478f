"""What a question is about: an act that its asker means to do with the answer. Nothing runs it."""

from __future__ import annotations

from typing import Any

from approvals.gating import Why, kept_arguments, rules_about
from approvals.models import Question
from approvals.rules import why_not_held
from orgchart.models import Member
from orgchart.selectors import near_words
from teammcp.core import gate
from teammcp.core.actions import Action, registry
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.instances import copy_of

ASKING = "ask_question"


def about(name: str, arguments: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """The act as it is kept. Raises InvalidInput for one that there is not, or that cannot be
    kept."""
    if not name:
        if arguments:
            raise InvalidInput(
                "There are arguments, and no action.", fields={"about_action": "empty"},
                next="Name the action by about_action.",
            )  # fmt: skip
        return "", {}
    action = registry.get(name)
    if action is None:
        near = near_words(name, registry)
        raise InvalidInput(
            f"There is no action {name[:60]!r}.",
            fields={"about_action": "no such action"},
            next=f"Did you mean {' or '.join(near)}?" if near else "Leave about_action out.",
        )
    why = "it would only ask again" if name == ASKING else why_not_held(action)
    if why is not None:
        raise InvalidInput(
            f"A question cannot be about {name}: {why}.", fields={"about_action": "cannot be kept"},
            next="Leave about_action out, and say in the question what you mean.",
        )  # fmt: skip
    return name, kept_arguments(action, _values(action, arguments)) if arguments else {}


def _values(action: Action[Any, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    try:
        return action.validate(arguments)
    except InvalidInput as error:
        said = error.message.removeprefix(f"{action.name} was not run. ")
        raise InvalidInput(
            f"These are no arguments of {action.name}: {said}",
            fields={"arguments": "not as the action takes them"},
            next="Give those of a whole call, or leave `arguments` and `default` out.",
        ) from None


def check_free(actor: Member, row: Question) -> None:
    """Raises Conflict where a policy holds what the default would let somebody go on with: silence
    is never a yes. What would be refused is refused, because nobody could tell what holds it."""
    names = policies_over(actor, row)
    if names:
        raise Conflict(
            f"{row.about_action} is held by the policy “{'”, “'.join(names)}”, so that no default"
            " can stand for an answer. Nothing was asked.",
            next=f"Ask without a default, or call {row.about_action}: those whom the policy names"
            " decide on it.",
            policies=names,
        )


def policies_over(actor: Member, row: Question) -> list[str]:
    """The policies that hold the act, or anything that it does besides, whatever consent to it
    there may be. Raises AppError where the act itself would be refused. Within a transaction."""
    action = registry[row.about_action]
    action.check_scope(actor)
    act = action.act(copy_of(actor), _values(action, row.arguments))
    names = [rule.name for rule in rules_about(act)]
    found = gate.try_out(act)
    for need in found.needs:
        assert isinstance(need.why, Why)
        names += [rule.name for rule in need.why.rules]
    if found.error is not None and not names:
        raise found.error
    return list(dict.fromkeys(names))
