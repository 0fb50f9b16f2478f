"""The mechanism: a signature is a schema, and a decorator remembers what people forget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import pytest
from annotated_types import Ge, Le, MaxLen

from audit.models import Event
from messaging.models import Channel, Message
from messaging.services import send_message
from orgchart.models import Member
from teammcp.core.actions import Action, action, registry
from teammcp.core.errors import Forbidden, InvalidInput
from teammcp.core.schemas import Out


class Echo(Out):
    said: str


def shout(
    *,
    actor: Member,
    words: Annotated[str, MaxLen(5)],
    times: Annotated[int, Ge(1), Le(3)] = 1,
    mood: Literal["calm", "loud"] = "calm",
) -> Echo:
    """Say it again."""
    return Echo(said=f"{actor.handle}: {words * times} ({mood})")


SHOUT = Action(shout, scope="messages:read", writes=False)


def test_the_signature_is_the_schema() -> None:
    assert SHOUT.input.model_json_schema() == {
        "title": "ShoutInput",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "words": {"maxLength": 5, "title": "Words", "type": "string"},
            "times": {
                "default": 1,
                "minimum": 1,
                "maximum": 3,
                "title": "Times",
                "type": "integer",
            },
            "mood": {
                "default": "calm",
                "enum": ["calm", "loud"],
                "title": "Mood",
                "type": "string",
            },
        },
        "required": ["words"],
    }
    assert SHOUT.output is Echo
    assert (SHOUT.name, SHOUT.description) == ("shout", "Say it again.")


def test_a_payload_is_validated_and_typed(lin: Member) -> None:
    assert SHOUT.call(lin, {"words": "ho", "times": "2"}).said == "lin: hoho (calm)"


@pytest.mark.parametrize(
    ("payload", "field", "said"),
    [
        ({}, "words", "Field required"),
        ({"words": "longer"}, "words", "at most 5"),
        ({"words": 5}, "words", "valid string"),
        ({"words": "a\ud800"}, "words", "valid string"),
        ({"words": "a", "times": 4}, "times", "less than or equal to 3"),
        ({"words": "a", "times": "many"}, "times", "valid integer"),
        ({"words": "a", "mood": "angry"}, "mood", "'calm' or 'loud'"),
        ({"words": "a", "word": "b"}, "word", "unknown argument"),
        ({"words": "a", "actor": "kay"}, "actor", "unknown argument"),
        ({"words": "a", "client_key": "k"}, "client_key", "unknown argument"),
    ],
)
def test_a_wrong_argument_is_refused_by_its_name(
    lin: Member, payload: dict[str, Any], field: str, said: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        SHOUT.call(lin, payload)
    fields = refused.value.state["fields"]
    assert list(fields) == [field]
    assert said in fields[field]
    assert refused.value.next == "Call shout with these arguments only: words, times, mood."


def test_all_wrong_arguments_are_named_at_once(lin: Member) -> None:
    with pytest.raises(InvalidInput) as refused:
        SHOUT.call(lin, {"words": "longer", "times": 0, "from": "kay"})
    assert set(refused.value.state["fields"]) == {"words", "times", "from"}


def test_refused_input_changes_nothing(lin: Member) -> None:
    events = Event.objects.count()
    with pytest.raises(InvalidInput):
        send_message.call(lin, {"to": "#general", "body": "Hello.", "form": "loud"})
    assert not Message.objects.exists()
    assert Event.objects.count() == events
    assert Channel.objects.get(name="general").last_seq == 0


WAYS_IN: dict[str, Callable[[Member], Any]] = {
    "from Python": lambda olga: send_message(actor=olga, to="#general", body="Hello."),
    "from a face": lambda olga: send_message.call(olga, {"to": "#general", "body": "Hello."}),
}


@pytest.mark.parametrize("call", WAYS_IN.values(), ids=WAYS_IN.keys())
def test_a_missing_scope_is_refused_on_every_way_in(
    olga: Member, call: Callable[[Member], Any]
) -> None:
    events = Event.objects.count()
    with pytest.raises(Forbidden) as refused:
        call(olga)
    assert "'messages:write'" in refused.value.message
    assert not Message.objects.exists()
    assert Event.objects.count() == events


def test_the_scope_is_checked_before_the_arguments(olga: Member) -> None:
    with pytest.raises(Forbidden):
        send_message.call(olga, {"nonsense": True})


def test_a_call_without_an_actor_is_no_call() -> None:
    with pytest.raises(KeyError):
        SHOUT(words="hello")  # type: ignore[call-arg]


def test_two_actions_cannot_share_a_name() -> None:
    def ack(*, actor: Member) -> Echo:
        return Echo(said="")

    before = dict(registry)
    with pytest.raises(RuntimeError, match="a second action named ack"):
        action(scope="inbox:read")(ack)
    assert registry == before


async def test_a_query_of_a_coroutine_runs_outside_any_transaction(lin: Member) -> None:
    from django.db import connection

    def look(*, actor: Member) -> Echo:
        """Look."""
        return Echo(said=str(connection.in_atomic_block))

    answer = await Action(look, scope="messages:read", writes=False).acall(lin, {})
    assert answer.said == "False"
