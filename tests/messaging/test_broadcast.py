"""Guarded broadcast: many inboxes at once take an admin, a confirmation, and are rationed."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from messaging.models import Delivery, Message
from messaging.services import send_message, set_notify
from orgchart.models import Member
from teammcp.core.errors import Conflict, Forbidden, RateLimited


@pytest.fixture(autouse=True)
def small_company(settings: Settings, ada: Member, lin: Member, kay: Member, sam: Member) -> None:
    settings.BROADCAST_MEMBERS = 2


def test_naming_everybody_is_refused_with_the_count_and_stores_nothing(lin: Member) -> None:
    for body in ("@channel hello", "@ada @kay @sam hello"):
        with pytest.raises(Forbidden, match=r"go into [34] inboxes at once") as refused:
            send_message(actor=lin, to="#general", body=body, confirm=True)
        assert "admin" in refused.value.next
    assert not Message.objects.exists()


def test_an_admin_confirms_it(ada: Member) -> None:
    with pytest.raises(Conflict, match="inboxes at once"):
        send_message(actor=ada, to="#general", body="@channel hello")
    receipt = send_message(actor=ada, to="#general", body="@channel hello", confirm=True)
    assert len(receipt.to) == Delivery.objects.count() == 4


def test_it_is_rationed(ada: Member, settings: Settings) -> None:
    settings.BROADCASTS_PER_HOUR = 2
    for _ in range(2):
        send_message(actor=ada, to="#general", body="@channel hello", confirm=True)
    with pytest.raises(RateLimited, match="at most 2 an hour"):
        send_message(actor=ada, to="#general", body="@channel hello", confirm=True)


def test_who_asked_to_hear_everything_is_not_counted(
    lin: Member, ada: Member, kay: Member, sam: Member
) -> None:
    for member in (ada, kay, sam):
        set_notify(actor=member, channel="#general", notify="all")
    assert len(send_message(actor=lin, to="#general", body="Hello.").to) == 3


def test_a_few_names_need_nothing(lin: Member) -> None:
    assert len(send_message(actor=lin, to="#general", body="@kay @sam hello").to) == 2
