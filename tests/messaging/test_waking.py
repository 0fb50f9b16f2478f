"""Waking: which route is tried when, what became of it, and what may be called."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from pytest_django import Settings

from audit.models import Event
from messaging.models import Delivery, Wake, WakeRoute
from messaging.schemas import WakeRouteOut
from messaging.selectors import list_wake_routes
from messaging.services import (
    ack,
    check_inbox,
    remove_webhook,
    report_wake,
    send_message,
    set_wake_route,
    set_webhook,
)
from messaging.services.waking import (
    PATIENCE,
    Try,
    due_members,
    note_failure,
    try_next,
    unseen_members,
)
from orgchart.models import Member
from orgchart.services import pause_member
from teammcp.core.context import CallContext, calling
from teammcp.core.errors import Conflict, InvalidInput, NotFound
from teammcp.core.lane import run_write
from tests.clocks import frozen
from tests.conftest import ApiOf, all_refused

START = datetime(2026, 3, 1, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
PUBLIC = "https://93.184.215.14/wake"


def wake(member: Member, *connected: str, at: datetime = START) -> Try | None:
    return run_write(lambda: try_next(member.pk, connected, at))


def write(lin: Member, *texts: str) -> None:
    for text in texts or ("Are you there?",):
        send_message(actor=lin, to="@kay", body=text)


def route_of(member: Member, route: str) -> WakeRouteOut:
    return next(one for one in list_wake_routes(actor=member).routes if one.route == route)


# One try


def test_a_try_points_to_what_waits_and_is_written_down(lin: Member, kay: Member) -> None:
    write(lin, "One.", "Two.", "Three.")
    made = wake(kay, "stream")
    newest = Delivery.objects.latest("pk").pk
    assert made is not None
    assert (made.route, made.up_to, made.count) == ("stream", newest, 3)
    (one,) = list_wake_routes(actor=kay).tries
    assert (one.route, one.tried_at, one.deliveries, one.up_to) == ("stream", START, 3, newest)
    assert (one.fetched_at, one.acknowledged_at, one.seconds) == (None, None, None)
    assert Event.objects.latest("seq").kind == "wake.tried"


def test_a_wake_acknowledges_and_offers_nothing(lin: Member, kay: Member) -> None:
    write(lin)
    wake(kay, "stream")
    row = Delivery.objects.get(recipient=kay)
    assert (row.offered_at, row.acknowledged_at) == (None, None)


def test_what_comes_while_a_try_is_open_makes_no_other(lin: Member, kay: Member) -> None:
    write(lin)
    assert wake(kay, "stream") is not None
    for number in range(200):
        write(lin, f"Number {number}.")
        assert wake(kay, "stream", "subscription", at=START + SECOND) is None
    assert Wake.objects.count() == 1


def test_after_it_was_fetched_the_next_news_wakes_again(lin: Member, kay: Member) -> None:
    write(lin)
    wake(kay, "stream")
    check_inbox(actor=kay)
    assert wake(kay, "stream", at=START + SECOND) is None
    write(lin)
    assert wake(kay, "stream", at=START + SECOND) is not None


def test_nobody_is_woken_for_what_they_did_themselves(lin: Member, kay: Member) -> None:
    write(lin)
    assert wake(lin, "stream", "subscription") is None


def test_a_member_who_is_paused_is_left_in_peace(lin: Member, kay: Member, owner: Member) -> None:
    write(lin)
    pause_member(actor=owner, member="kay", reason="A test.")
    assert wake(kay, "stream") is None


def test_what_was_fetched_in_the_moment_before_wakes_nobody(lin: Member, kay: Member) -> None:
    write(lin)
    check_inbox(actor=kay)
    assert wake(kay, "stream") is None
    assert not Wake.objects.exists()


# One after the other


def test_a_try_without_effect_is_followed_by_the_next_route(lin: Member, kay: Member) -> None:
    set_webhook(actor=kay, url=PUBLIC)
    write(lin)
    times = [START + (PATIENCE + SECOND) * number for number in range(4)]
    routes = [wake(kay, "stream", "subscription", at=at) for at in times]
    assert [one and one.route for one in routes] == ["subscription", "stream", "webhook", None]


def test_when_no_route_is_left_the_next_message_begins_anew(lin: Member, kay: Member) -> None:
    write(lin)
    wake(kay, "stream")
    later = START + PATIENCE * 2
    assert wake(kay, "stream", at=later) is None
    assert due_members(later + PATIENCE) == []
    write(lin)
    made = wake(kay, "stream", at=later + SECOND)
    assert made is not None
    assert made.count == 2


def test_an_open_try_is_looked_at_when_its_time_is_over(lin: Member, kay: Member) -> None:
    write(lin)
    wake(kay, "stream")
    assert due_members(START + PATIENCE - SECOND) == []
    assert due_members(START + PATIENCE) == [kay.pk]


def test_a_route_that_failed_three_times_is_shown_as_failing_and_tried_last(
    lin: Member, kay: Member, owner: Member
) -> None:
    for number in range(3):
        at = START + PATIENCE * 4 * number
        write(lin)
        assert [(wake(kay, "subscription", at=at) or at)]
        assert wake(kay, "subscription", at=at + PATIENCE * 2) is None
    assert route_of(kay, "subscription").state == "failing"
    assert Event.objects.filter(kind="wake.failing").count() == 1
    write(lin)
    made = wake(kay, "subscription", "stream", at=START + PATIENCE * 20)
    assert made is not None
    assert made.route == "stream"


def test_an_acknowledgement_proves_a_route_and_its_time_is_shown(lin: Member, kay: Member) -> None:
    with frozen(START):
        write(lin)
        wake(kay, "stream")
    with frozen(START + SECOND * 2):
        inbox = check_inbox(actor=kay)
    with frozen(START + SECOND * 5):
        ack(actor=kay, up_to=inbox.cursor)
    (one,) = list_wake_routes(actor=kay).tries
    assert (one.fetched_at, one.seconds) == (START + SECOND * 2, 5.0)
    shown = route_of(kay, "stream")
    assert (shown.state, shown.tries, shown.acknowledged) == ("proven", 1, 1)
    assert shown.typical_seconds == 5.0


def test_an_effect_ends_a_row_of_failures(lin: Member, kay: Member) -> None:
    write(lin)
    wake(kay, "stream")
    wake(kay, "stream", at=START + PATIENCE * 2)
    assert route_of(kay, "stream").failures == 1
    write(lin)
    wake(kay, "stream", at=START + PATIENCE * 3)
    check_inbox(actor=kay)
    write(lin)
    wake(kay, "stream", at=START + PATIENCE * 4)
    assert route_of(kay, "stream").failures == 0


def test_a_member_is_woken_so_many_times_an_hour_at_the_most(
    lin: Member, kay: Member, settings: Settings
) -> None:
    settings.WAKES_PER_HOUR = 3
    made = []
    for number in range(5):
        write(lin)
        made.append(wake(kay, "stream", at=START + SECOND * number))
        check_inbox(actor=kay)
    assert [one is not None for one in made] == [True, True, True, False, False]
    write(lin)
    assert wake(kay, "stream", at=START + SECOND * 9) is None
    assert due_members(START + timedelta(hours=1)) == [kay.pk]
    assert wake(kay, "stream", at=START + timedelta(hours=1, seconds=1)) is not None


def test_what_a_stop_left_behind_is_found_again(lin: Member, kay: Member, sam: Member) -> None:
    write(lin)
    send_message(actor=lin, to="@sam", body="Hello.")
    wake(sam, "stream")
    assert list(unseen_members()) == [kay.pk]


# What members decide


def test_routes_are_tried_in_the_order_that_the_member_chose(lin: Member, kay: Member) -> None:
    set_wake_route(actor=kay, route="stream", position=1)
    set_wake_route(actor=kay, route="subscription", position=2)
    write(lin)
    made = wake(kay, "subscription", "stream")
    assert made is not None
    assert made.route == "stream"
    assert [one.route for one in list_wake_routes(actor=kay).routes][:3] == [
        "waiting",
        "stream",
        "subscription",
    ]


def test_a_paused_route_is_not_tried(lin: Member, kay: Member) -> None:
    set_wake_route(actor=kay, route="stream", paused=True)
    write(lin)
    assert wake(kay, "stream") is None
    assert route_of(kay, "stream").state == "paused"


def test_the_routes_of_others_are_hidden_and_admins_see_them(
    lin: Member, kay: Member, ada: Member
) -> None:
    assert list_wake_routes(actor=ada, member="kay").member == "kay"
    all_refused(
        NotFound,
        lambda: list_wake_routes(actor=lin, member="kay"),
        lambda: list_wake_routes(actor=lin, member="nobody"),
        lambda: set_wake_route(actor=lin, route="stream", paused=True, member="kay"),
        lambda: set_webhook(actor=lin, url=PUBLIC, member="kay"),
        lambda: remove_webhook(actor=lin, member="kay"),
    )


def test_a_program_on_the_agents_machine_reports_its_tries(lin: Member, kay: Member) -> None:
    write(lin)
    newest = Delivery.objects.get(recipient=kay).pk
    report_wake(actor=kay, route="channel", up_to=newest)
    report_wake(actor=kay, route="hook", error="the client took too long")
    hook, channel = list_wake_routes(actor=kay).tries
    assert (channel.route, channel.deliveries, channel.error) == ("channel", 1, "")
    assert (hook.route, hook.error) == ("hook", "the client took too long")
    assert Delivery.objects.get(recipient=kay).acknowledged_at is None


def test_a_wait_that_was_answered_is_a_wake_of_its_own(lin: Member, kay: Member) -> None:
    write(lin)
    with calling(CallContext("mcp", woken=True)):
        check_inbox(actor=kay)
    (one,) = list_wake_routes(actor=kay).tries
    assert (one.route, one.deliveries) == ("waiting", 1)
    with calling(CallContext("mcp")):
        check_inbox(actor=kay)
    assert Wake.objects.count() == 1


# Webhooks


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/x",
        "http://localhost:9/",
        "http://me.localhost/",
        "https://10.1.2.3/",
        "https://192.168.0.9/",
        "https://172.16.0.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://[::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://100.64.0.1/",
        "https://0.0.0.0/",
        "https://224.0.0.1/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://user:secret@example.com/",
        "https://",
        "https://example.com:99999/",
        "nonsense",
        "",
    ],
)
def test_an_address_that_must_not_be_called_is_refused(kay: Member, url: str) -> None:
    with pytest.raises(InvalidInput, match="cannot be called"):
        set_webhook(actor=kay, url=url)
    assert not WakeRoute.objects.exists()


def test_the_operator_may_allow_a_network(kay: Member, settings: Settings) -> None:
    settings.WEBHOOK_NETWORKS = ["10.0.0.0/8"]
    assert set_webhook(actor=kay, url="http://10.1.2.3/wake").url == "http://10.1.2.3/wake"


def test_a_secret_is_shown_once_kept_nowhere_and_made_anew(kay: Member, api: ApiOf) -> None:
    calls = [api(kay).post("wakes/webhook/", url=PUBLIC, client_key="w1") for _ in range(2)]
    first, repeated = (call.data["secret"] for call in calls)
    assert first.startswith("whsec_")
    assert repeated is None
    assert set_webhook(actor=kay, url=PUBLIC).secret != first
    assert "whsec_" not in str(list_wake_routes(actor=kay))
    assert "whsec_" not in str(list(Event.objects.values_list("data", flat=True)))


def test_a_webhook_that_is_removed_is_called_no_more(lin: Member, kay: Member) -> None:
    set_webhook(actor=kay, url=PUBLIC)
    remove_webhook(actor=kay)
    write(lin)
    assert wake(kay) is None
    with pytest.raises(Conflict, match="no webhook"):
        remove_webhook(actor=kay)


def test_a_webhook_that_fails_makes_way_for_the_next_route_at_once(
    lin: Member, kay: Member
) -> None:
    set_webhook(actor=kay, url=PUBLIC)
    set_wake_route(actor=kay, route="webhook", position=0)
    write(lin)
    with frozen(START):
        made = wake(kay, "stream")
        assert made is not None
        run_write(lambda: note_failure(made.id, "it answered 500"))
    assert due_members(START) == [kay.pk]
    following = wake(kay, "stream", at=START)
    assert following is not None
    assert following.route == "stream"
    assert route_of(kay, "webhook").last_error == "it answered 500"


def test_a_webhook_that_only_fails_is_paused_and_its_member_is_told_once(
    lin: Member, kay: Member, settings: Settings
) -> None:
    settings.WEBHOOK_FAILURES = 4
    set_webhook(actor=kay, url=PUBLIC)
    for number in range(6):
        at = START + timedelta(minutes=number)
        write(lin)
        with frozen(at):
            made = wake(kay, at=at)
            if made is not None:
                run_write(partial(note_failure, made.id, "it answered 500"))
    assert route_of(kay, "webhook").state == "paused"
    notes = [i.message for i in check_inbox(actor=kay, limit=100).items]
    assert sum("is paused" in note.body for note in notes if note.author == "teammcp") == 1
