"""The written-out statements of sending equal what the models would have done."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.db.models import F
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from messaging import hot
from messaging.models import Channel, Delivery, Follow, Membership, Message
from messaging.services import create_channel, send_message, set_notify
from orgchart.models import Handle, Member
from orgchart.services import pause_member, update_member


def raw(table: str) -> list[dict[str, Any]]:
    """All rows as the file has them, without their ids."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} ORDER BY id")  # noqa: S608
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [{name: value for name, value in row.items() if name != "id"} for row in rows]


@pytest.fixture
def general(company: None) -> Channel:
    return Channel.objects.get(name="general")


def message_of(lin: Member, channel: Channel, **more: Any) -> Message:
    fields: dict[str, Any] = {
        "channel_id": channel.pk,
        "seq": 1,
        "author_id": lin.pk,
        "author_kind": "agent",
        "face": "mcp",
        "body": "Hello, 日本 '\"\\ %s ? {}.",
        "priority": "later",
        "expects_reply": True,
        "created_at": timezone.now(),
    }
    return Message(**{**fields, **more})


@pytest.mark.parametrize("microsecond", [0, 1, 120_000, 999_999])
def test_a_message_is_inserted_as_the_model_would(
    lin: Member, general: Channel, microsecond: int
) -> None:
    at = timezone.now().replace(microsecond=microsecond)
    root = Message.objects.create(**_fields(message_of(lin, general, seq=9)))
    for more in ({}, {"thread_id": root.pk, "on_behalf_of_id": lin.pk}):
        ours = message_of(lin, general, created_at=at, **more)
        hot.insert_message(ours)
        written = raw("messaging_message")[-1]
        assert ours.pk == Message.objects.latest("pk").pk
        Message.objects.filter(pk=ours.pk).delete()
        message_of(lin, general, created_at=at, **more).save(force_insert=True)
        assert raw("messaging_message")[-1] == written
        Message.objects.latest("pk").delete()


def _fields(message: Message) -> dict[str, Any]:
    return {
        field.attname: getattr(message, field.attname)
        for field in Message._meta.concrete_fields
        if field.attname != "id"
    }


def test_deliveries_are_inserted_as_the_model_would(
    lin: Member, kay: Member, sam: Member, general: Channel
) -> None:
    message = message_of(lin, general)
    hot.insert_message(message)
    reasons = {kay.pk: "mention", sam.pk: "watching"}
    hot.insert_deliveries(message, reasons, 2)
    written = raw("messaging_delivery")
    Delivery.objects.all().delete()
    Delivery.objects.bulk_create(
        Delivery(message=message, recipient_id=pk, reason=why, rank=2, stored_at=message.created_at)
        for pk, why in reasons.items()
    )
    assert raw("messaging_delivery") == written


def test_a_first_offer_is_written_as_the_model_would(
    lin: Member, kay: Member, sam: Member, general: Channel
) -> None:
    message, now = message_of(lin, general), timezone.now()
    hot.insert_message(message)
    hot.insert_deliveries(message, {kay.pk: "mention", sam.pk: "watching"}, 2)
    mine, other = (Delivery.objects.get(recipient=member) for member in (kay, sam))
    asked = [mine.pk, other.pk, other.pk + 1]
    assert hot.offer(kay.pk, asked, now, "mcp") == 1
    written = raw("messaging_delivery")
    Delivery.objects.filter(pk=mine.pk).update(offered_at=None, offers=0, offered_route="")
    Delivery.objects.filter(recipient=kay, pk__in=asked, offered_at=None).update(
        offered_at=now, last_offered_at=now, offered_route="mcp", offers=1
    )
    assert raw("messaging_delivery") == written
    assert hot.offer(kay.pk, asked, timezone.now(), "rest") == 0
    assert raw("messaging_delivery") == written


def test_a_message_for_nobody_has_no_deliveries(lin: Member, general: Channel) -> None:
    hot.insert_deliveries(message_of(lin, general), {}, 1)
    assert not Delivery.objects.exists()


def test_the_next_position_is_taken_as_the_model_would(general: Channel) -> None:
    assert [hot.advance(general), hot.advance(general)] == [1, 2]
    assert general.last_seq == 2
    Channel.objects.filter(pk=general.pk).update(last_seq=F("last_seq") + 1)
    assert hot.advance(general) == 4


@pytest.mark.parametrize(("read_seq", "seq", "after"), [(0, 1, 1), (4, 5, 5), (3, 5, 3), (5, 5, 5)])
def test_the_own_message_is_skipped_only_by_who_has_read_all_before_it(
    lin: Member, general: Channel, read_seq: int, seq: int, after: int
) -> None:
    membership = Membership.objects.get(member=lin)
    Membership.objects.filter(pk=membership.pk).update(read_seq=read_seq)
    hot.skip_own(membership, seq)
    membership.refresh_from_db()
    assert membership.read_seq == after


def test_a_channel_is_found_with_the_membership_as_the_models_find_it(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    Channel.objects.filter(pk=vault.pk).update(archived_at=timezone.now(), last_seq=7)
    vault.refresh_from_db()
    found = hot.find_channel("vault", kay.pk)
    assert found is not None
    channel, membership = found
    assert channel == vault
    for name in ("kind", "name", "last_seq", "archived_at"):
        assert bool(getattr(channel, name)) == bool(getattr(vault, name))
    twin = Membership.objects.get(channel=vault, member=kay)
    assert membership == twin
    assert (membership.read_seq, membership.member_id) == (twin.read_seq, kay.pk)
    assert hot.find_channel("vault", sam.pk) == (vault, None)
    assert hot.find_channel("nothing", sam.pk) is None


def test_listeners_are_those_whom_the_models_give(
    lin: Member, kay: Member, sam: Member, olga: Member, rex: Member, general: Channel
) -> None:
    create_channel(actor=lin, name="other", invite=["kay"])
    assert Membership.objects.filter(channel=general, member=rex).update(notify="all") == 1
    for member, notify in ((kay, "all"), (sam, "mute"), (olga, "all")):
        set_notify(actor=member, channel="#general", notify=notify)  # type: ignore[arg-type]
    root = send_message(actor=lin, to="#general", body="A thought.").id
    for member in (kay, sam, rex):
        Follow.objects.create(thread_id=root, member=member)
    rows = Membership.objects.filter(channel=general).exclude(member__status="retired")

    def twins(**condition: Any) -> list[Any]:
        values = rows.filter(**condition).order_by("member_id")
        return list(values.values_list("member_id", "member__handle", "member__status"))

    everyone = Membership.objects.filter(channel=general).order_by("member_id")
    columns = ("member_id", "member__handle", "member__status")
    assert hot.everyone_in(general.pk) == list(everyone.values_list(*columns))
    assert hot.watchers(general.pk) == twins(notify="all")
    assert hot.members(general.pk) == twins(notify__in=["all", "mentions"])
    following = Follow.objects.filter(thread=root).values("member")
    assert hot.followers(root, general.pk) == twins(
        member__in=following, notify__in=["all", "mentions"]
    )
    assert {handle for _, handle, _ in hot.members(general.pk)} == {"lin", "kay", "olga", "owner"}
    assert [handle for _, handle, _ in hot.followers(root, general.pk)] == ["kay"]


def test_those_named_are_whom_the_models_give(
    owner: Member, lin: Member, kay: Member, sam: Member, rex: Member, vault: Channel
) -> None:
    update_member(actor=owner, member="kay", handle="kim")
    pause_member(actor=owner, member="sam", reason="A test.")
    handles = ["lin", "kay", "sam", "rex", "teammcp", "nobody", "' OR 1=1 --"]
    rows = Handle.objects.filter(handle__in=handles).exclude(member__kind="system")
    inside = set(Membership.objects.filter(channel=vault).values_list("member_id", flat=True))
    twins = [
        (row.handle, row.member_id, row.member.handle, row.member.status, row.member_id in inside)
        for row in rows.order_by("member_id").select_related("member")
    ]
    assert hot.named(handles, vault.pk) == twins
    assert [(used, now) for used, _, now, _, _ in twins] == [
        ("lin", "lin"),
        ("kay", "kim"),
        ("sam", "sam"),
        ("rex", "rex"),
    ]


def test_a_text_may_name_thousands(lin: Member, kay: Member) -> None:
    names = [f"x{number}" for number in range(2_500)]
    receipt = send_message(
        actor=lin, to="#general", body=" ".join(f"@{n}" for n in [*names, "kay"])
    )
    assert receipt.to == ["@kay"]
    assert receipt.unknown == [f"@{name}" for name in names]


def test_open_deliveries_are_counted_as_the_models_count_them(
    ada: Member, lin: Member, kay: Member
) -> None:
    for priority in ("now", "next", "now", "later"):
        send_message(actor=ada, to="@kay", body="Hello.", priority=priority)
    first, second = Delivery.objects.order_by("pk")[:2]
    Delivery.objects.filter(pk=first.pk).update(acknowledged_at=timezone.now())
    assert hot.open_counts(kay.pk) == (3, 1)
    Delivery.objects.filter(pk=second.pk).update(withdrawn_at=timezone.now())
    assert hot.open_counts(kay.pk) == (2, 1)
    assert hot.open_counts(lin.pk) == (0, 0)
    rows = Delivery.objects.filter(recipient=kay, acknowledged_at=None, withdrawn_at=None)
    assert hot.open_counts(kay.pk) == (rows.count(), rows.filter(rank=0).count())
    assert [hot.open_counts_up_to(kay.pk, most) for most in (1, 2, 3)] == [(1, 1), (2, 1), (2, 1)]
    assert hot.open_counts_up_to(lin.pk, 9) == (0, 0)


def test_a_statement_gives_the_same_with_and_without_counting_queries(
    lin: Member, kay: Member, general: Channel
) -> None:
    """Counted statements go through Django's cursor, others straight to the driver."""
    plain = hot.find_channel("general", kay.pk), hot.everyone_in(general.pk)
    with CaptureQueriesContext(connection) as counted:
        assert (hot.find_channel("general", kay.pk), hot.everyone_in(general.pk)) == plain
    assert len(counted) == 2
