"""Departments: made and filled by admins, mentioned by everybody."""

from __future__ import annotations

from messaging.models import Delivery
from messaging.services import send_message
from orgchart.models import Member
from tests.conftest import ApiOf


def test_a_department_is_made_filled_listed_and_mentioned(
    ada: Member, lin: Member, kay: Member, api: ApiOf
) -> None:
    made = api(ada).post("departments/", name="Platform Team")
    assert (made.status, made.data["slug"]) == (201, "platform-team")
    moved = api(ada).post("members/kay/move/", department="platform-team")
    assert (moved.status, moved.data["department"]) == (200, "platform-team")
    items = api(lin).get("departments/").data["items"]
    assert [{**item, "id": 0} for item in items] == [
        {
            "id": 0,
            "slug": "platform-team",
            "name": "Platform Team",
            "parent": None,
            "head": None,
            "members": 1,
        }
    ]
    receipt = send_message(actor=lin, to="#general", body="@dept:platform-team please look")
    assert receipt.to == ["@kay"]
    assert Delivery.objects.get(message_id=receipt.id).recipient == kay


def test_a_member_leaves_a_department_again(ada: Member, kay: Member, api: ApiOf) -> None:
    api(ada).post("departments/", name="Sales")
    api(ada).post("members/kay/move/", department="sales")
    assert api(ada).post("members/kay/move/").data["department"] is None
    kay.refresh_from_db()
    assert kay.department is None


def test_refusals_name_the_reason_and_change_nothing(
    ada: Member, lin: Member, rex: Member, api: ApiOf
) -> None:
    api(ada).post("departments/", name="Sales")
    assert api(lin).post("departments/", name="Other").status == 403
    assert api(lin).post("members/lin/move/", department="sales").status == 403
    assert api(ada).post("departments/", name="sales").status == 409
    assert api(ada).post("departments/", name="123").status == 400
    assert api(ada).post("members/lin/move/", department="nowhere").status == 404
    assert api(ada).post("members/rex/move/", department="sales").status == 409
    assert not Member.objects.exclude(department=None).exists()
