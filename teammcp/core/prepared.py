"""Queries of the hottest reads, compiled once.

To turn a query of the ORM into SQL costs several times what SQLite needs to answer it. `Prepared`
does it once for each database and keeps the statement; afterwards only the values change. What is
read is what the queryset reads, as the same instances.

    waiting = Prepared(lambda recipient: Delivery.objects.filter(recipient=recipient), values=1)
    rows = waiting(actor.pk, limit=20)
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.models import Model, QuerySet
from django.db.models.query import ModelIterable
from django.db.models.sql.compiler import SQLCompiler

M = TypeVar("M", bound=Model)
MARK = 2_034_000_001
"""Stands for the first value while a query is compiled, the next numbers for the others."""


@dataclass(frozen=True, slots=True)
class _Statement:
    compiler: SQLCompiler
    sql: str
    parameters: Sequence[Any]

    def with_values(self, values: Sequence[Any]) -> SQLCompiler:
        """A compiler that has done its work, for the connection of this thread."""
        given = dict(zip(_marks(len(values)), values, strict=True))
        parameters = tuple(given.get(one, one) for one in self.parameters)
        ready = copy.copy(self.compiler)
        ready.connection = connections[DEFAULT_DB_ALIAS]
        ready.as_sql = lambda *_args, **_options: (self.sql, parameters)  # type: ignore[method-assign]
        return ready


@dataclass(slots=True)
class _Query:
    """As much of a queryset as Django needs to make instances of what a compiler reads."""

    model: type[Model] | None
    compiler: SQLCompiler
    db: str = DEFAULT_DB_ALIAS
    _known_related_objects: dict[Any, Any] = field(default_factory=dict)

    @property
    def query(self) -> _Query:
        return self

    def get_compiler(self, using: str) -> SQLCompiler:
        return self.compiler


class Prepared(Generic[M]):
    """A query over whole numbers, such as ids. `make` gets one for each of its `values`."""

    def __init__(self, make: Callable[..., QuerySet[M]], *, values: int) -> None:
        self._make = make
        self._marks = _marks(values)
        self._statement = functools.cache(self._compiled)

    def __call__(self, *values: int, limit: int | None = None) -> list[M]:
        """The rows for these values, the first `limit` of them."""
        if limit == 0:
            return []
        compiler = self._statement(limit).with_values(values)
        query: Any = _Query(compiler.query.model, compiler)
        found: Iterator[M] = iter(ModelIterable(query))
        return list(found)

    def _compiled(self, limit: int | None) -> _Statement:
        compiler = self._make(*self._marks)[:limit].query.get_compiler(using=DEFAULT_DB_ALIAS)
        sql, parameters = compiler.as_sql()
        if missing := set(self._marks) - set(parameters):
            raise ValueError(f"{len(missing)} values are not in the statement: {sql}")
        return _Statement(compiler, sql, parameters)


@functools.cache
def _marks(count: int) -> tuple[int, ...]:
    return tuple(range(MARK, MARK + count))
