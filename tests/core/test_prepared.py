"""A prepared query reads what its queryset reads."""

from __future__ import annotations

import pytest
from django.db import connection
from django.db.models import F, QuerySet
from django.test.utils import CaptureQueriesContext

from messaging.models import Membership
from orgchart.models import Member
from teammcp.core.prepared import Prepared

pytestmark = pytest.mark.usefixtures("company")


def _memberships(member: int, after: int) -> QuerySet[Membership]:
    rows = Membership.objects.select_related("channel", "member").order_by("-pk")
    return rows.filter(member=member, pk__gt=after).annotate(twice=F("pk") * 2)


memberships = Prepared(_memberships, values=2)


def _all(rows: list[Membership]) -> list[object]:
    return [
        (row.pk, row.twice, row.channel.name, row.channel.created_at, row.member.is_active)  # type: ignore[attr-defined]
        for row in rows
    ]


def test_the_rows_are_those_of_the_queryset_with_what_it_selects(
    lin: Member, vault: object
) -> None:
    for limit in (None, 0, 1, 5, 1):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            found = _all(memberships(lin.pk, 0, limit=limit))
        assert found == _all(list(_memberships(lin.pk, 0)[:limit]))
        assert len(queries) == (0 if limit == 0 else 1)
    assert len(memberships(lin.pk, 0)) == 2


def test_each_call_has_its_own_values(lin: Member, kay: Member, vault: object) -> None:
    first, *_ = memberships(lin.pk, 0)
    assert first.member_id == lin.pk
    assert memberships(lin.pk, first.pk) == []
    assert {row.member for row in memberships(kay.pk, 0)} == {kay}
    assert {row.member for row in memberships(lin.pk, 0)} == {lin}


def test_a_value_that_the_statement_does_not_use_is_a_mistake_that_shows() -> None:
    wrong = Prepared(lambda member, _other: Membership.objects.filter(member=member), values=2)
    with pytest.raises(ValueError, match="1 values are not in the statement"):
        wrong(1, 2)
