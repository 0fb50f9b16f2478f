"""Client keys: the same key from the same member gives the first answer, for good, everywhere."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import orjson
from django.utils import timezone
from pydantic import ValidationError

from teammcp.core import sql
from teammcp.core.errors import Conflict, InvalidInput
from teammcp.core.schemas import EarlierAnswer, Out

R = TypeVar("R", bound=Out)
MAX_LENGTH = 200


def take_from(arguments: dict[str, Any]) -> str | None:
    """Remove the client key from untrusted arguments and return it."""
    key = arguments.pop("client_key", None)
    if key is None or key == "":
        return None
    if not isinstance(key, str) or len(key) > MAX_LENGTH or not key.isprintable():
        raise InvalidInput(
            f"client_key must be printable text of at most {MAX_LENGTH} characters.",
            fields={"client_key": "not a usable key"},
            next="Send a fresh UUID as client_key, and the same one when you repeat the call.",
        )
    return key


def digest_of(action: str, values: dict[str, Any]) -> str:
    """What "the same content" means: action and validated arguments, defaults included."""
    content = orjson.dumps([action, values], option=orjson.OPT_SORT_KEYS, default=str)
    return hashlib.sha256(content).hexdigest()


def once(
    member_id: int, key: str, digest: str, output: type[R], run: Callable[[], R], *, action: str
) -> R:
    """Run within the caller's transaction unless this key ran before; then give the first answer.

    Two statements, written out because every accepted message pays for them. A second process
    that uses the key at the same time waits at the unique index and is told to repeat the call.
    """
    first = sql.one(
        "SELECT digest, result FROM core_clientkey WHERE member_id = %s AND key = %s",
        [member_id, key],
    )
    if first is not None:
        return _first_answer(key, digest, first, output)
    answer = run()
    sql.run(
        "INSERT INTO core_clientkey (member_id, key, action, digest, result, created_at)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [member_id, key, action, digest, answer.stored(), sql.time(timezone.now())],
    )
    return answer


def blank(actions: Iterable[str], *, about: int, field: str) -> None:
    """Empty a text in the answers that are kept of these actions about one thing: it was erased
    where it stood, and must not come back by a repeated call. Reads all answers of the actions."""
    from teammcp.core.models import ClientKey  # the apps are not ready when this module is

    for row in ClientKey.objects.filter(action__in=list(actions)).iterator():
        answer = orjson.loads(row.result)
        if answer.get("id") == about and answer.get(field):
            row.result = orjson.dumps({**answer, field: ""}).decode()
            row.save(update_fields=["result"])


def _first_answer(key: str, digest: str, first: sql.Row, output: type[R]) -> R:
    if first[0] != digest:
        raise Conflict(
            "This client_key was used before, for a call with other content.",
            next="Use a new client_key for a new call; repeat a call with its arguments unchanged.",
            client_key=key,
        )
    try:
        return output.model_validate_json(first[1])
    except ValidationError:  # given by an earlier version of the server, in another shape
        return cast("R", EarlierAnswer.model_validate_json(first[1]))
