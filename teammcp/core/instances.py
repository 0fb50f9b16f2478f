"""Model instances for the few hottest paths.

`Model(...)` sends signals and fills in defaults, which costs more than the statement that fetched
the row. What is made here is what `Model.from_db` makes: a field that was not given is deferred,
which means that it is fetched when somebody asks for it.
"""

from __future__ import annotations

from typing import Any, TypeVar

from django.db import DEFAULT_DB_ALIAS
from django.db.models import Model
from django.db.models.base import ModelState

M = TypeVar("M", bound=Model)


def instance(model: type[M], /, **columns: Any) -> M:
    """An instance with these column values (`channel_id`, not `channel`)."""
    made = model.__new__(model)
    made.__dict__.update(columns)
    made._state = ModelState()
    made._state.db, made._state.adding = DEFAULT_DB_ALIAS, False
    return made


def copy_of(original: M) -> M:
    """An equal instance, with nothing in common that a change to either could reach."""
    columns = {name: value for name, value in original.__dict__.items() if name != "_state"}
    return instance(type(original), **columns)
