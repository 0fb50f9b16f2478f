"""The approval gate: a hook that every write passes, and that an app above fills.

A write is asked about inside its transaction, however it came: from a face, from other code, or as
a part of another action. An outermost call that may not pass yet is rolled back whole, tried out
once (so that what would be refused is refused now, and everything that it touches is known), kept
by the gate, and answered with `Held`. Whoever runs it later does so under a grant for exactly that.

Where some arguments of a call do what another action is there for, it is asked about as an act of
that one too: the action says so by what it `implies`.

Without a rule anywhere the gate is not active, and a write pays for one comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeVar

from django.db import transaction

from teammcp.core.errors import AppError
from teammcp.core.instances import copy_of

if TYPE_CHECKING:
    from teammcp.core.actions import Action

T = TypeVar("T")
Mode = Literal["live", "trial", "rehearsal"]


@dataclass(frozen=True, slots=True)
class Act:
    """One write that is about to happen."""

    action: Action[Any, Any]
    actor: Any
    values: Mapping[str, Any]
    """the arguments without the actor, as the function gets them"""
    run: Callable[[], Any]
    key: str = ""
    """the client key of the call, where it had one"""
    key_digest: str = ""
    part_of: Act | None = None
    """the call that does this as a side effect; `run` is then that call"""
    inner: bool = False
    """whether another action calls it while it is served"""


@dataclass(frozen=True, slots=True)
class Need:
    """That an act may not happen yet. What it needs is the gate's own business."""

    act: Act
    why: Any


class Gate(Protocol):
    """What fills the hook."""

    def active(self) -> bool:
        """Whether there is any rule at all. Asked for every write."""

    def may_hold(self, action: Action[Any, Any]) -> bool:
        """Whether any rule names this action. Asked before work is done to know more."""

    def need_of(self, act: Act, grant: Any) -> Need | None:
        """What this act needs before it may happen; None lets it pass. `grant` is that under which
        the outermost call runs, if it does."""

    def known(self, act: Act) -> AppError | None:
        """The answer of a call that is kept already: it was made before with the same key, or is
        the same in everything."""

    def look(self) -> Callable[[], Any]:
        """Called before a trial; what it gives is called after it, and its answer kept."""

    def hold(self, act: Act, found: Trial) -> AppError:
        """Keep the outermost call, in a transaction that will be committed, and give the error with
        which it is answered. Raises AppError where it cannot be kept."""


@dataclass(slots=True)
class Frame:
    """The outermost call that is being served."""

    act: Act
    mode: Mode = "live"
    grant: Any = None
    needs: list[Need] = field(default_factory=list)
    used: set[Any] = field(default_factory=set)


@dataclass(slots=True)
class Trial:
    """What a call would have done: the needs of all its acts, and what was looked at before it was
    undone."""

    needs: list[Need]
    seen: Any = None
    error: AppError | None = None


class Stop(Exception):
    """An act needs what it does not have: its outermost call is undone whole."""

    def __init__(self, need: Need, call: Act) -> None:
        super().__init__(need)
        self.need = need
        self.call = call
        """the outermost one"""


class _Undo(Exception):
    """Ends a trial."""


_gate: Gate | None = None
_frame: ContextVar[Frame | None] = ContextVar("gate_frame", default=None)


def set_gate(gate: Gate | None) -> Gate | None:
    """Fill the hook; gives what filled it before."""
    global _gate
    before, _gate = _gate, gate
    return before


def inside() -> bool:
    """Whether a call is being served already: what is written now is a part of it."""
    return _frame.get() is not None


def trying() -> bool:
    """Whether what happens now will be undone."""
    frame = _frame.get()
    return frame is not None and frame.mode != "live"


def granted() -> Any:
    """Under what the outermost call runs; None for one that nobody had to agree to."""
    frame = _frame.get()
    return frame.grant if frame is not None else None


def used() -> set[Any]:
    """What the gate has used up for the outermost call, all of whose acts may use it."""
    frame = _frame.get()
    return frame.used if frame is not None else set()


def passing(act: Act) -> Any:
    """Run an act if the gate lets it pass. Raises Stop where it does not. Within a transaction."""
    gate, frame = _gate, _frame.get()
    if gate is None or (frame is None and not gate.active()):
        return act.run()
    if frame is not None:
        _ask(gate, act, frame)
        return act.run()
    with _serving(Frame(act)) as frame:
        _ask(gate, act, frame)
        return act.run()


def _ask(gate: Gate, act: Act, frame: Frame) -> None:
    if frame.mode == "rehearsal":
        return
    act = act if act is frame.act else replace(act, inner=True)
    for one in (act, *act.action.implied(act, gate.may_hold)):
        need = gate.need_of(one, frame.grant)
        if need is None:
            continue
        if frame.mode == "live":
            raise Stop(need, frame.act)
        frame.needs.append(need)


@contextmanager
def _serving(frame: Frame) -> Iterator[Frame]:
    token = _frame.set(frame)
    try:
        yield frame
    finally:
        _frame.reset(token)


def held(act: Act) -> AppError:
    """Keep a call that was stopped. Gives the error that answers it; raises what refuses it."""
    assert _gate is not None
    act = act.action.kept(act)
    if (known := _gate.known(act)) is not None:
        return known
    # What is undone in the database stays changed in the instance, which its caller goes on with.
    found = try_out(act.action.act(copy_of(act.actor), act.values))
    if found.error is not None:
        raise found.error
    return _gate.hold(act, found)


def try_out(act: Act) -> Trial:
    """Run an act as if everybody had agreed, look at the outcome, and undo it. Within a
    transaction, whose other changes stay."""
    assert _gate is not None
    trial = Trial([])
    with _serving(Frame(act, "trial")) as frame:
        try:
            with transaction.atomic():
                seen = _gate.look()
                passing(act)
                trial.seen = seen()
                raise _Undo
        except _Undo:
            pass
        except AppError as error:
            trial.error = error
        trial.needs = frame.needs
    return trial


def run_granted(act: Act, grant: Any) -> Any:
    """Run a call for which this was granted. Raises Stop where it needs more than that, and
    whatever the action raises."""
    with _serving(Frame(act, grant=grant)):
        return passing(act)


@contextmanager
def rehearsal() -> Iterator[None]:
    """Within, what happens is undone by the caller, so it needs nobody's consent."""
    frame = _frame.get()
    if frame is None:
        yield
        return
    mode, frame.mode = frame.mode, "rehearsal"
    try:
        yield
    finally:
        frame.mode = mode
