"""Words of tasks, on either database: finding them, and finding what is about the same.

The index holds title and description in the words of `messaging.search` (folded, each character of
scripts without spaces on its own), and is made after each migration for the reasons given there.
"""

# ruff: noqa: S608, S611 - SQL out of the names below and bound parameters only

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from messaging.search import Term, terms_of
from messaging.search.gin import CREATE_FUNCTION, VECTOR, tsquery
from tasks.models import Task
from teammcp.core.fulltext import ensure_fts5

TABLE = "tasks_task_fts"
CANDIDATES = 40  # that are compared with each other word by word
INDEX = "tasks_task_words_1"
_TEXT = "{side}title || ' ' || {side}description"
_PG_VECTOR = VECTOR % _TEXT.format(side="")


def _row(side: str) -> str:
    return f"{side}.id, search_words({side}.title), search_words({side}.description)"


_COLUMNS = "rowid, title, description"
_ADD = f"INSERT INTO {TABLE}({_COLUMNS}) VALUES ({_row('new')});"
_REMOVE = f"INSERT INTO {TABLE}({TABLE}, {_COLUMNS}) VALUES ('delete', {_row('old')});"
STATEMENTS = {
    TABLE: (
        f"CREATE VIRTUAL TABLE {TABLE} USING fts5(title, description, content='',"
        " tokenize=\"unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'\")"
    ),
    f"{TABLE}_insert": (
        f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON tasks_task BEGIN {_ADD} END"
    ),
    f"{TABLE}_delete": (
        f"CREATE TRIGGER {TABLE}_delete AFTER DELETE ON tasks_task BEGIN {_REMOVE} END"
    ),
    f"{TABLE}_update": (
        f"CREATE TRIGGER {TABLE}_update AFTER UPDATE OF title, description ON tasks_task"
        f" BEGIN {_REMOVE} {_ADD} END"
    ),
}


def having(rows: QuerySet[Task], query: str) -> QuerySet[Task]:
    """Those that hold all terms of the query: words, "a phrase", prefix*, -without. Raises
    InvalidInput for a broken one."""
    terms = terms_of(query)
    if connection.vendor == "sqlite":
        hits = RawSQL(f"SELECT rowid FROM {TABLE} WHERE {TABLE} MATCH %s", [match(terms)])
        return rows.filter(pk__in=hits)
    return _holding(rows, tsquery(terms))


def alike(rows: QuerySet[Task], words: Iterable[str]) -> QuerySet[Task]:
    """Candidates among these for what is about the same: those with any of the words in the title,
    the best first."""
    words = list(words)
    if not words:
        return rows.none()
    if connection.vendor == "sqlite":
        any_of = "title : (" + " OR ".join(f'"{word}"' for word in words) + ")"
        allowed, parameters = (
            rows.order_by().filter(pk=RawSQL("hit.rowid", [])).values("pk").query.sql_with_params()
        )
        hits = RawSQL(
            f"SELECT hit.rowid FROM {TABLE} hit WHERE hit.{TABLE} MATCH %s"
            f" AND EXISTS ({allowed}) ORDER BY hit.rank LIMIT {CANDIDATES}",
            [any_of, *parameters],
        )
        return Task.objects.filter(pk__in=hits)
    any_of = " | ".join(f"'{word}'" for word in words)
    rank = RawSQL(f"ts_rank({_QUALIFIED}, %s::tsquery)", [any_of])
    return _holding(rows, any_of).annotate(rank=rank).order_by("-rank")[:CANDIDATES]


_QUALIFIED = VECTOR % _TEXT.format(side='"tasks_task".')


def _holding(rows: QuerySet[Task], wanted: str) -> QuerySet[Task]:
    hit = RawSQL(f"{_QUALIFIED} @@ %s::tsquery", [wanted], output_field=BooleanField())
    return rows.annotate(hit=hit).filter(hit=True)


def match(terms: list[Term]) -> str:
    """A MATCH expression in which nothing of the terms is syntax."""
    wanted = " AND ".join(_phrase(term) for term in terms if not term.excluded)
    return " NOT ".join([f"({wanted})", *(_phrase(term) for term in terms if term.excluded)])


def _phrase(term: Term) -> str:
    return '"' + " ".join(term.words) + '"' + ("*" if term.beginning else "")


def ensure_index(**_: Any) -> None:
    """Make what is missing of the index, or was made otherwise before. After each migration."""
    if connection.vendor == "sqlite":
        rows = f"SELECT {_row('t')} FROM tasks_task t"
        ensure_fts5(TABLE, STATEMENTS, f"INSERT INTO {TABLE}({_COLUMNS}) {rows}")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [INDEX])
        if cursor.fetchone()[0] is None:
            cursor.execute(CREATE_FUNCTION)
            cursor.execute(f"CREATE INDEX {INDEX} ON tasks_task USING gin (({_PG_VECTOR}))")
