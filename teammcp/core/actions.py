"""One action, three faces.

A business action is a plain, typed, keyword-only function under `@action(scope=...)`, a read under
`@query(scope=...)`. The signature is the schema, the docstring is what agents read, the body is the
only place with rules, the return annotation (a `core.schemas.Out`) is the answer on every face.
The decorator checks the scope, validates untrusted input, opens the transaction, applies the client
key and asks the approval gate, and nothing else. Objects are authorised where they are fetched: in
`access_x`.
"""

from __future__ import annotations

import functools
import inspect
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from teammcp.core import client_keys, gate
from teammcp.core.context import current_call
from teammcp.core.errors import AppError, Forbidden, InvalidInput
from teammcp.core.lane import lane, run_write
from teammcp.core.reads import reads
from teammcp.core.schemas import Out
from teammcp.core.texts import UNKEPT, shortened

SHOWN_PROBLEMS = 10  # of one call: an error stays short, whatever was sent
P = ParamSpec("P")
R = TypeVar("R", bound=Out)
Prepare = Callable[..., Mapping[str, Any]]
Implies = Mapping[str, Callable[[Any, Mapping[str, Any]], Iterable[Mapping[str, Any]]]]
"""By the names of other actions: their arguments, as far as a call with these values, by this
actor, does as a side effect what they do"""
KeptAs = Callable[[Any, Mapping[str, Any]], tuple[str, Mapping[str, Any]]]
"""The name and arguments of the action that does the same without what may not be kept"""


class Actor(Protocol):
    """Who acts: what this module needs to know of a member."""

    pk: Any

    def has_scope(self, scope: str) -> bool: ...

    def stopped(self) -> AppError | None:
        """Why this member may do nothing just now, where that is so."""


class Action(Generic[P, R]):
    """A business function together with its schema. Call it from Python with full types, or
    `.call(...)` it with untrusted input from a face."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        scope: str,
        writes: bool,
        prepare: Prepare | None = None,
        implies: Implies | None = None,
        kept_as: KeptAs | None = None,
    ) -> None:
        self._function = function
        self.prepare = prepare
        self.implies = implies or {}
        self.kept_as = kept_as
        self.scope = scope
        self.writes = writes
        self.name = function.__name__
        self.description = inspect.getdoc(function) or ""
        functools.update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        self.check_scope(typing.cast(Actor, kwargs["actor"]))
        if not self.writes:
            return self._function(*args, **kwargs)
        ready = self._prepared(kwargs)
        function = typing.cast("Callable[..., R]", self._function)
        given = {name: value for name, value in kwargs.items() if name != "actor"}
        act = gate.Act(
            self, kwargs["actor"], given, lambda: function(*args, **{**kwargs, **ready()})
        )
        return _unless_held(lambda: typing.cast("R", gate.passing(act)))

    def call(self, actor: Actor, payload: Mapping[str, Any]) -> R:
        """Validate untrusted `payload`, apply its `client_key`, and run. Raises AppError."""
        self.check_scope(actor)
        arguments = dict(payload)
        key = client_keys.take_from(arguments) if self.writes else None
        values = self.validate(arguments)
        function = typing.cast("Callable[..., R]", self._function)
        if not self.writes:
            return function(actor=actor, **values)
        ready = self._prepared({"actor": actor, **values})
        kept = {name: value for name, value in values.items() if name not in self.secrets}
        digest = client_keys.digest_of(self.name, kept) if key is not None else ""

        def job() -> R:
            present = self._present(actor)

            def run() -> R:
                return function(**{"actor": present, **values, **ready()})

            act = gate.Act(self, present, values, run, key or "", digest)
            if key is None:
                return typing.cast("R", gate.passing(act))
            return client_keys.once(
                present.pk, key, digest, self.output, lambda: gate.passing(act), action=self.name
            )

        return _unless_held(job)

    def act(self, actor: Actor, values: Mapping[str, Any]) -> gate.Act:
        """A call with validated arguments, to be tried out, or to be run under a grant."""
        function = typing.cast("Callable[..., R]", self._function)
        ready = self._prepared({"actor": actor, **values})
        return gate.Act(
            self, actor, values, lambda: function(**{"actor": actor, **values, **ready()})
        )

    def kept(self, act: gate.Act) -> gate.Act:
        """The call that is kept where this one is held."""
        if self.kept_as is None:
            return act
        name, arguments = self.kept_as(act.actor, self.whole(act.values))
        other = registry[name]
        kept = other.act(act.actor, other.validate(arguments))
        return replace(kept, key=act.key, key_digest=act.key_digest)

    def implied(
        self, act: gate.Act, wanted: Callable[[Action[Any, Any]], bool]
    ) -> Iterator[gate.Act]:
        """What a call of this action is besides, as acts of those other actions that are wanted."""
        for name, arguments_of in self.implies.items():
            other = registry[name]
            if not wanted(other):
                continue
            try:
                found = list(arguments_of(act.actor, self.whole(act.values)))
            except AppError:  # of something absent, or not theirs: the action itself says so
                continue
            for values in found:
                yield replace(act, action=other, values=values, part_of=act)

    async def acall(self, actor: Actor, payload: Mapping[str, Any]) -> R:
        """`call` for coroutines: holds no thread while a write waits for its turn."""
        job = functools.partial(self.call, actor, payload)
        if self.writes and lane.running and self.prepare is None:
            return await lane.arun(job)
        return await reads.arun(job)

    def _prepared(self, arguments: Mapping[str, Any]) -> Callable[[], Mapping[str, Any]]:
        """What `prepare` gives, worked out now; handed over, or raised, when the write's turn has
        come, so that a repeated call gets its first answer whatever it would meet now."""
        if self.prepare is None:
            return dict
        try:
            ready = self.prepare(**arguments)
        except AppError as error:
            return functools.partial(_raise, error)
        return lambda: ready

    def _present(self, actor: Actor) -> Actor:
        """Who acts, as they are now that their turn has come: a write may have waited behind the
        one that retired them. Raises NotAuthenticated or Forbidden."""
        confirm = current_call().confirm
        present: Actor = confirm(actor) if confirm is not None else actor
        if present is not actor:
            self.check_scope(present)
        return present

    def check_scope(self, actor: Actor) -> None:
        if not actor.has_scope(self.scope):
            raise actor.stopped() or Forbidden(
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

    def whole(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Validated arguments with the defaults of those that were left out."""
        model = self.input.model_construct(**values)
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
        return create_model(title, __config__=ConfigDict(extra="forbid"), **fields)

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


def action(
    *,
    scope: str,
    prepare: Prepare | None = None,
    implies: Implies | None = None,
    kept_as: KeptAs | None = None,
) -> Callable[[Callable[P, R]], Action[P, R]]:
    """A business function that writes: one transaction, one ledger event at least.

    `prepare` does what is slow, such as hashing a password, before the transaction, so that no
    other write waits for it: it gets the arguments and gives those that it replaces.

    `implies` says which arguments do what another action is there for, so that a rule about that
    one sees them: `create_task(assignee="kay")` is an `assign_task(to="kay")` too. An action that
    calls another one needs no word for it. Where it has a secret, `kept_as` names that one, so that
    it can wait in its place.
    """
    return lambda function: _register(
        Action(
            function, scope=scope, writes=True, prepare=prepare, implies=implies, kept_as=kept_as
        )
    )


def query(*, scope: str) -> Callable[[Callable[P, R]], Action[P, R]]:
    """A business function that only reads: no transaction, so it never holds up a writer."""
    return lambda function: _register(Action(function, scope=scope, writes=False))


def _register(new: Action[P, R]) -> Action[P, R]:
    if new.name in registry:
        raise RuntimeError(f"a second action named {new.name}")
    registry[new.name] = new
    return new


def _unless_held(job: Callable[[], R]) -> R:
    """Run a write. Where the gate stops it, everything is undone, the call is kept, and the error
    that says so is raised after that was committed. Within another call, that one is kept."""
    try:
        return run_write(job)
    except gate.Stop as stop:
        if gate.inside():
            raise
        call = stop.call
    raise run_write(lambda: gate.held(call))


def _raise(error: AppError) -> Mapping[str, Any]:
    raise error


def _invalid(failed: Action[Any, Any], error: ValidationError) -> InvalidInput:
    names = [*failed.input.model_fields, *(["client_key"] if failed.writes else [])]
    known = ", ".join(names)
    fields: dict[str, str] = {}
    problems = error.errors(include_url=False, include_input=False, include_context=False)
    for problem in problems[:SHOWN_PROBLEMS]:
        name = ".".join(shortened(str(part)) for part in problem["loc"]) or "body"
        unknown = problem["type"] == "extra_forbidden"
        fields[name] = "unknown argument" if unknown else problem["msg"]
    wrong = "; ".join(f"{name}: {text}" for name, text in fields.items())
    if len(problems) > SHOWN_PROBLEMS:
        wrong += f"; and {len(problems) - SHOWN_PROBLEMS} more"
    return InvalidInput(
        f"{failed.name} was not run. {wrong}.",
        fields=fields,
        next=f"Call {failed.name} with these arguments only: {known}."
        if known
        else f"Call {failed.name} without arguments.",
    )
