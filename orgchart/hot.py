"""The statement that every call of an agent begins with, written out.

Building this query through the ORM costs ten times what the database needs for it.
`tests/orgchart/test_hot.py` holds it equal to the ORM.
"""

from __future__ import annotations

import functools
from typing import Any

from django.db import connection, models

from orgchart.models import Credential, Member
from teammcp.core import sql


@functools.cache
def _statement() -> tuple[str, list[models.Field[Any, Any]], list[models.Field[Any, Any]]]:
    credential = list(Credential._meta.concrete_fields)
    member = list(Member._meta.concrete_fields)
    columns = [f"c.{field.column}" for field in credential]
    columns += [f"m.{field.column}" for field in member]
    statement = (
        f"SELECT {', '.join(columns)} FROM orgchart_credential c"  # noqa: S608 - our columns
        " JOIN orgchart_member m ON m.id = c.member_id"
        " WHERE c.digest = %s AND c.revoked_at IS NULL AND m.status != 'retired'"
    )
    return statement, credential, member


def find_credential(digest: str) -> Credential | None:
    """The credential of this digest with its member, if neither has ended for good."""
    statement, credential_fields, member_fields = _statement()
    row = sql.one(statement, [digest])
    if row is None:
        return None
    middle = len(credential_fields)
    credential: Credential = _instance(Credential, credential_fields, row[:middle])
    credential.member = _instance(Member, member_fields, row[middle:])
    return credential


def _instance(model: type[Any], fields: list[models.Field[Any, Any]], values: Any) -> Any:
    """A model instance from a raw row, each value converted as the ORM would."""
    names = [field.attname for field in fields]
    return model.from_db(
        connection.alias,
        names,
        [_converted(field, value) for field, value in zip(fields, values, strict=True)],
    )


def _converted(field: models.Field[Any, Any], value: Any) -> Any:
    for convert in _converters(field):
        value = convert(value, None, connection)
    return value


@functools.cache
def _converters(field: models.Field[Any, Any]) -> list[Any]:
    column = field.get_col("c")
    return [*connection.ops.get_db_converters(column), *field.get_db_converters(connection)]
