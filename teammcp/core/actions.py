"""One action, three faces.

A business action is a plain, typed, keyword-only function under `@action(scope=...)`, a read under
`@query(scope=...)`. The signature is the schema, the docstring is what agents read, the body is the
only place with rules, the return annotation (a `core.schemas.Out`) is the answer on every face.
The decorator checks the scope, validates untrusted input, opens the transaction and applies the
client key, and nothing else. Objects are authorised where they are fetched: in `access_x`.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Mapping
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from teammcp.core import client_keys
from teammcp.core.errors import Forbidden, InvalidInput
from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads
from teammcp.core.schemas import Out
from teammcp.core.texts import UNKEPT

P = ParamSpec("P")
R = TypeVar("R", bound=Out)


class Actor(Protocol):
    """Who acts: what this module needs to know of a member."""

    pk: Any

    def has_scope(self, scope: str) -> bool: ...


class Action(Generic[P, R]):
    """A business function together with its schema. Call it from Python with full types, or
    `.call(...)` it with untrusted input from a face."""

    def __init__(self, function: Callable[P, R], *, scope: str, writes: bool) -> None:
        self._function = function
        self.scope = scope
        self.writes = writes
        self.name = function.__name__
        self.description = inspect.getdoc(function) or ""
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        self.check_scope(typing.cast(Actor, kwargs["actor"]))
        if not self.writes:
            return self._function(*args, **kwargs)
        return run_write(lambda: self._function(*args, **kwargs))

    def call(self, actor: Actor, payload: Mapping[str, Any]) -> R:
        """Validate untrusted `payload`, apply its `client_key`, and run. Raises AppError."""
        self.check_scope(actor)
        arguments = dict(payload)
        key = client_keys.take_from(arguments) if self.writes else None
        values = self.validate(arguments)
        run: Callable[[], R] = functools.partial(
            typing.cast("Callable[..., R]", self._function), actor=actor, **values
        )
        if not self.writes:
            return run()
        if key is None:
            return run_write(run)
        kept = {name: value for name, value in values.items() if name not in self.secrets}
        digest = client_keys.digest_of(self.name, kept)
        return run_write(
            lambda: client_keys.once(actor.pk, key, digest, self.output, run, action=self.name)
        )

    async def acall(self, actor: Actor, payload: Mapping[str, Any]) -> R:
        """`call` for coroutines: holds no thread while a write waits for its turn."""
        job = functools.partial(self.call, actor, payload)
        if self.writes and lane.running:
            return await lane.arun(job)
        return await reads.arun(job)

    def check_scope(self, actor: Actor) -> None:
        if not actor.has_scope(self.scope):
            raise Forbidden(
                f"{self.name} needs the scope {self.scope!r}, which you do not have.",
                next="Ask an owner or admin to do it, or to change your authority.",
            )

    def validate(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments, typed and within their limits; unknown ones are refused by name."""
        try:
            model = self.input.model_validate(arguments)
        except ValidationError as error:
            raise _invalid(self, error) from None
        return {name: getattr(model, name) for name in self.input.model_fields}

    @functools.cached_property
    def input(self) -> type[BaseModel]:
        """The arguments as a pydantic model: the signature without `actor`."""
        hints = typing.get_type_hints(self._function, include_extras=True)
        fields: dict[str, Any] = {}
        for name, parameter in inspect.signature(self._function).parameters.items():
            if name != "actor":
                required = parameter.default is inspect.Parameter.empty
                fields[name] = (hints[name], ... if required else parameter.default)
        title = "".join(word.title() for word in self.name.split("_")) + "Input"
        return create_model(
            title, __config__=ConfigDict(extra="forbid", use_attribute_docstrings=True), **fields
        )

    @functools.cached_property
    def secrets(self) -> frozenset[str]:
        """The arguments of which nothing may be kept."""
        fields = self.input.model_fields.items()
        return frozenset(name for name, field in fields if UNKEPT in field.metadata)

    @functools.cached_property
    def output(self) -> type[R]:
        """The shape of the answer: the return annotation."""
        hints = typing.get_type_hints(self._function)
        return typing.cast("type[R]", hints["return"])


registry: dict[str, Action[Any, Any]] = {}


def action(*, scope: str) -> Callable[[Callable[P, R]], Action[P, R]]:
    """A business function that writes: one transaction, one ledger event at least."""
    return lambda function: _register(Action(function, scope=scope, writes=True))


def query(*, scope: str) -> Callable[[Callable[P, R]], Action[P, R]]:
    """A business function that only reads: no transaction, so it never holds up a writer."""
    return lambda function: _register(Action(function, scope=scope, writes=False))


def _register(new: Action[P, R]) -> Action[P, R]:
    if new.name in registry:
        raise RuntimeError(f"a second action named {new.name}")
    registry[new.name] = new
    return new


def _invalid(failed: Action[Any, Any], error: ValidationError) -> InvalidInput:
    known = ", ".join(failed.input.model_fields)
    fields: dict[str, str] = {}
    for problem in error.errors(include_url=False, include_input=False, include_context=False):
        name = ".".join(str(part) for part in problem["loc"]) or "body"
        unknown = problem["type"] == "extra_forbidden"
        fields[name] = "unknown argument" if unknown else problem["msg"]
    wrong = "; ".join(f"{name}: {text}" for name, text in fields.items())
    return InvalidInput(
        f"{failed.name} was not run. {wrong}.",
        fields=fields,
        next=f"Call {failed.name} with these arguments only: {known}."
        if known
        else f"Call {failed.name} without arguments.",
    )
