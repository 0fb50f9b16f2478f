"""Whom a text names: outside code, outside words, and only those who are there."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messaging.models import Channel, Delivery, Follow
from messaging.services import check_inbox, join_channel, leave_channel, send_message, set_notify
from messaging.texts import mentioned
from orgchart.models import Department, Member
from orgchart.services import pause_member, retire_member, update_member


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("@lin", ["lin"]),
        ("Ask @lin, @kay or @lin.", ["lin", "kay"]),
        ("(@lin)", ["lin"]),
        ("**@lin**", ["lin"]),
        ("@LIN!", ["lin"]),
        ("@lin's plan", ["lin"]),
        ("@lin-2.b_c, please", ["lin-2.b_c"]),
        ("@lin- and @kay_", ["lin", "kay"]),
        ("请@lin看一下", ["lin"]),
        ("@lin\n@kay\t@sam", ["lin", "kay", "sam"]),
        ("> @lin said so", ["lin"]),
        ("@dept:build and @role:team-lead", ["dept:build", "role:team-lead"]),
        ("@channel @everyone @here @all", ["channel", "everyone", "here", "all"]),
        ("no one", []),
        ("@", []),
        ("@ lin", []),
        ("@1", []),
        ("me@lin.example", []),
        ("@lin@example.com", []),
        ("https://example.com/@lin", []),
        ("@línea", []),
        ("é@lin", []),
        ("@@lin", []),
    ],
)
def test_names_are_found_in_running_text(body: str, names: list[str]) -> None:
    assert mentioned(body) == names


@pytest.mark.parametrize(
    ("body", "names"),
    [
        ("`@lin`", []),
        ("``@lin ` @kay``", []),
        ("see `@lin` and @kay", ["kay"]),
        ("```\n@lin\n```\n@kay", ["kay"]),
        ("```python\n@decorator\ndef f(): ...\n```", []),
        ("~~~\n@lin\n~~~", []),
        ("````\n```\n@lin\n```\n````", []),
        ("text\n```\n@lin", []),  # a fence that is never closed runs to the end
        ("it's ` alone, @lin", ["lin"]),
    ],
)
def test_names_in_code_are_code(body: str, names: list[str]) -> None:
    assert mentioned(body) == names


@settings(deadline=None)
@given(st.text(alphabet="`~@lin \n.", max_size=200))
def test_any_mixture_of_signs_is_read(body: str) -> None:
    for name in mentioned(body):
        assert f"@{name}" in body.lower()


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "body",
    ["`" * 20_000, "`a" * 10_000, "``a`" * 5_000, "~~~\n" * 5_000, "@a-" * 6_000, "@" * 20_000,
     "".join("`" * (n % 90 + 1) + "a" for n in range(430)), "@dept:" * 3_000],
)  # fmt: skip
def test_no_text_takes_long_to_read(body: str) -> None:
    started = time.process_time()
    mentioned(body)
    assert time.process_time() - started < 1


# Whom it reaches


def recipients() -> dict[str, str]:
    rows = Delivery.objects.order_by("pk").values_list("recipient__handle", "reason")
    return dict(rows)


def test_who_is_named_has_it_in_the_inbox_and_others_only_unread(
    lin: Member, kay: Member, sam: Member
) -> None:
    receipt = send_message(actor=lin, to="#general", body="@kay, @KAY and `@sam`: hello.")
    assert (receipt.to, receipt.outsiders, receipt.unknown) == (["@kay"], [], [])
    assert recipients() == {"kay": "mention"}
    assert check_inbox(actor=sam).items == []
    assert check_inbox(actor=sam).channels[0].unread == 1


def test_nobody_mentions_themselves(lin: Member) -> None:
    receipt = send_message(actor=lin, to="#general", body="I, @lin, say so to @channel.")
    assert "@lin" not in receipt.to
    assert "lin" not in recipients()


def test_an_unknown_name_is_told_to_the_sender_and_the_message_stands(lin: Member) -> None:
    receipt = send_message(actor=lin, to="#general", body="@ghost @dept:none @role:none @teammcp")
    assert sorted(receipt.unknown) == ["@dept:none", "@ghost", "@role:none", "@teammcp"]
    assert recipients() == {}


def test_an_outsider_is_shown_nothing_and_the_sender_is_told(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    receipt = send_message(actor=lin, to="#vault", body="@kay and @sam, look.")
    assert (receipt.to, receipt.outsiders) == (["@kay"], ["@sam"])
    assert recipients() == {"kay": "mention"}
    inbox = check_inbox(actor=sam)
    assert (inbox.items, inbox.remaining, inbox.channels) == ([], 0, [])


def test_somebody_outside_a_public_channel_is_an_outsider_too(lin: Member, kay: Member) -> None:
    leave_channel(actor=kay, channel="#general")
    receipt = send_message(actor=lin, to="#general", body="@kay?")
    assert (receipt.to, receipt.outsiders) == ([], ["@kay"])
    assert recipients() == {}


def test_a_department_and_a_role_reach_those_of_them_who_are_in_the_channel(
    owner: Member, lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    build = Department.objects.create(slug="build", name="Build")
    Member.objects.filter(handle__in=["lin", "kay", "sam"]).update(department=build)
    update_member(actor=owner, member="kay", title="Team Lead")
    receipt = send_message(actor=lin, to="#vault", body="@dept:build")
    assert (receipt.to, receipt.outsiders, receipt.unknown) == (["@kay"], [], [])
    receipt = send_message(actor=lin, to="#general", body="@role:team-lead")
    assert receipt.to == ["@kay"]
    receipt = send_message(actor=lin, to="#general", body="@dept:build")
    assert sorted(receipt.to) == ["@kay", "@sam"]


@pytest.mark.parametrize("name", ["@channel", "@everyone", "@all", "@here"])
def test_the_whole_channel_is_its_members_who_have_not_muted_it(
    lin: Member, kay: Member, sam: Member, olga: Member, vault: Channel, name: str
) -> None:
    set_notify(actor=sam, channel="#general", notify="mute")
    receipt = send_message(actor=lin, to="#general", body=f"{name}: lunch.")
    assert sorted(receipt.to) == ["@kay", "@olga", "@owner"]
    assert sorted(recipients()) == ["kay", "olga", "owner"]
    inner = send_message(actor=lin, to="#vault", body=f"{name}: lunch.")
    assert inner.to == ["@kay"]


def test_who_is_named_by_name_hears_it_though_muted(lin: Member, kay: Member) -> None:
    set_notify(actor=kay, channel="#general", notify="mute")
    assert send_message(actor=lin, to="#general", body="@kay!").to == ["@kay"]


def test_who_watches_a_channel_hears_all_of_it_once(lin: Member, kay: Member) -> None:
    set_notify(actor=kay, channel="#general", notify="all")
    send_message(actor=lin, to="#general", body="Hello.")
    assert recipients() == {"kay": "watching"}
    send_message(actor=lin, to="#general", body="@kay and @channel")
    assert list(
        Delivery.objects.filter(recipient=kay).order_by("pk").values_list("reason", flat=True)
    ) == ["watching", "mention"]


def test_state_of_who_is_not_at_work_is_on_the_receipt(
    owner: Member, lin: Member, kay: Member, rex: Member
) -> None:
    pause_member(actor=owner, member="kay", reason="A test.")
    receipt = send_message(actor=lin, to="#general", body="@kay @rex")
    assert receipt.to == ["@kay (paused)", "@rex (retired)"]
    assert (receipt.unknown, receipt.outsiders) == ([], [])
    assert recipients() == {"kay": "mention"}


def test_a_retired_member_is_in_nobodys_audience(owner: Member, lin: Member, kay: Member) -> None:
    set_notify(actor=kay, channel="#general", notify="all")
    retire_member(actor=owner, member="kay")
    send_message(actor=lin, to="#general", body="@channel @kay")
    assert "kay" not in recipients()


def test_who_has_gone_and_was_never_here_is_not_worth_an_invitation(
    lin: Member, rex: Member, vault: Channel
) -> None:
    receipt = send_message(actor=lin, to="#vault", body="@rex would know.")
    assert (receipt.to, receipt.outsiders, receipt.unknown) == ([], [], [])


def test_who_is_named_in_a_thread_follows_it_from_then_on(
    lin: Member, kay: Member, sam: Member
) -> None:
    root = send_message(actor=lin, to="#general", body="A thought.").id
    send_message(actor=lin, to=f"thread:{root}", body="@sam?")
    assert set(Follow.objects.filter(thread=root).values_list("member__handle", flat=True)) == {
        "lin",
        "sam",
    }
    receipt = send_message(actor=kay, to=f"thread:{root}", body="I agree.")
    assert sorted(receipt.to) == ["@lin", "@sam"]


def test_a_follower_who_left_or_muted_the_channel_hears_no_more(
    lin: Member, kay: Member, sam: Member
) -> None:
    root = send_message(actor=lin, to="#general", body="A thought.").id
    for member in (kay, sam):
        send_message(actor=member, to=f"thread:{root}", body="Yes.")
    leave_channel(actor=kay, channel="#general")
    set_notify(actor=sam, channel="#general", notify="mute")
    assert send_message(actor=lin, to=f"thread:{root}", body="Well?").to == []
    join_channel(actor=kay, channel="#general")
    assert send_message(actor=lin, to=f"thread:{root}", body="Well?").to == ["@kay"]
