"""Presence in both directions: derived from what a member does and from its connections."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from audit.listening import PAGE, WAIT, listening, watching
from messaging.models import Message
from orgchart import activity, recent
from orgchart.board import Board
from orgchart.models import Member
from orgchart.presence import presence_of
from orgchart.selectors import show_member
from orgchart.services import pause_member, update_member
from teammcp.core.context import looking_again
from teammcp.core.errors import InvalidInput
from tests.clocks import frozen
from tests.conftest import ApiOf

NOON = datetime(2026, 11, 22, 12, tzinfo=timezone.get_default_timezone())


@contextmanager
def later(**spans: float) -> Iterator[None]:
    with frozen(NOON + timedelta(**spans)):
        yield


@pytest.mark.parametrize(
    ("spans", "word"),
    [
        ({"seconds": 5}, "in a turn"),
        ({"seconds": 30}, "online"),
        ({"minutes": 2}, "away"),
        ({"minutes": 29}, "away"),
        ({"minutes": 30}, "off"),
    ],
)
def test_a_caller_without_a_connection_goes_off_by_itself(
    lin: Member, spans: dict[str, float], word: str
) -> None:
    with frozen(NOON):
        recent.touch(lin.pk)
    with later(**spans):
        assert lin.presence == word


@pytest.mark.parametrize("hours", [0.5, 9])
def test_who_is_connected_and_quiet_is_idle_however_long(lin: Member, hours: float) -> None:
    with frozen(NOON), listening(lin.pk, "stream"), later(hours=hours):
        assert presence_of(lin).word == "idle"
        assert presence_of(lin).why == "connected by stream"


def test_a_dead_agent_looks_different_from_an_idle_one(lin: Member, kay: Member) -> None:
    with frozen(NOON), listening(lin.pk, "stream"):
        with listening(kay.pk, "stream"), later(minutes=5):
            assert (lin.presence, kay.presence) == ("idle", "idle")
            recent.touch(kay.pk)
        with later(minutes=5), listening(kay.pk, "stream"):
            pass
        with later(minutes=5, seconds=2):
            assert (lin.presence, kay.presence) == ("idle", "away")
            assert presence_of(kay).why == "not connected, last sign of life just now"
        with later(minutes=36):
            assert (lin.presence, kay.presence) == ("idle", "off")


def test_a_call_after_the_connection_ended_is_a_sign_of_life(lin: Member) -> None:
    with frozen(NOON), listening(lin.pk, "stream"):
        pass
    with later(seconds=30):
        assert lin.presence == "away"
        recent.touch(lin.pk)
    with later(seconds=60):
        assert lin.presence == "online"


def test_a_page_that_gives_way_to_the_next_one_is_no_absence(ada: Member) -> None:
    with frozen(NOON), watching(ada.pk, PAGE):
        recent.touch(ada.pk)
    with later(seconds=0.8):
        assert ada.presence == "online"
    with later(seconds=1.2):
        assert ada.presence == "away"


def test_waiting_for_news_is_no_activity_and_no_absence(lin: Member) -> None:
    for cycle in range(5):  # each call of 50 seconds begins with a touch, and waits
        with later(seconds=50 * cycle):
            recent.touch(lin.pk)
            with watching(lin.pk, WAIT), later(seconds=50 * cycle + 49):
                assert presence_of(lin).word == "idle"
                assert presence_of(lin).why == "connected by wait"
    with later(seconds=260):  # and the agent that was woken is at work, or has died
        assert lin.presence == "online"
    with later(minutes=30):
        assert lin.presence == "away"


def test_a_call_between_two_waits_is_a_turn(lin: Member) -> None:
    with later(seconds=-60):
        recent.touch(lin.pk)
        with watching(lin.pk, WAIT):
            pass
    with frozen(NOON):
        recent.touch(lin.pk)
    with later(seconds=3):
        recent.touch(lin.pk)
        with watching(lin.pk, WAIT):
            assert lin.presence == "in a turn"
            with later(seconds=25):
                assert lin.presence == "online"
            with later(seconds=125):
                assert lin.presence == "idle"


def test_that_the_server_asks_again_is_no_sign_of_life(lin: Member) -> None:
    with looking_again():
        recent.touch(lin.pk)
    assert lin.presence == "off"


def test_what_was_written_down_before_a_restart_still_counts(lin: Member) -> None:
    with frozen(NOON):
        recent.touch(lin.pk)
        activity.flush()
    recent.forget()
    lin.refresh_from_db()
    with later(minutes=1):
        assert lin.presence == "online"
    with later(minutes=20):
        assert lin.presence == "away"


def test_what_another_process_sees_counts_for_a_while(lin: Member) -> None:
    lin.connected_at = NOON
    with later(seconds=20):
        assert lin.presence == "idle"
    with later(seconds=30):
        assert lin.presence == "off"


def test_paused_and_retired_say_so_whatever_one_does(lin: Member, owner: Member) -> None:
    pause_member(actor=owner, member="lin", reason="It loops.")
    recent.touch(lin.pk)
    shown = show_member(actor=owner, member="lin")
    assert (shown.presence, shown.seen) == ("paused", "paused: It loops.")
    lin.status = "retired"
    assert lin.presence == "off"


def test_nobody_sets_it_neither_for_others_nor_for_themselves(ada: Member, lin: Member) -> None:
    for actor, member in ((ada, "lin"), (lin, "lin")):
        with pytest.raises(InvalidInput, match="presence: unknown argument"):
            update_member.call(actor, {"member": member, "presence": "online"})


def test_a_call_shows_at_once_though_it_is_written_down_later(
    lin: Member, kay: Member, api: ApiOf
) -> None:
    assert api(kay).get("members/lin/").data["presence"] == "off"
    api(lin).get("me/")
    assert api(kay).get("members/lin/").data["presence"] == "in a turn"
    recent.take_unwritten()
    assert not Message.objects.exists()


def test_the_board_tells_changes_only_and_reads_nothing_while_nothing_is_new(
    lin: Member, kay: Member, django_assert_num_queries: type
) -> None:
    Member.objects.update(last_active_at=None)
    board = Board()
    with frozen(NOON):
        recent.touch(lin.pk)
        assert dict(board.look().values()) == {"lin": "in a turn"}
        with django_assert_num_queries(0):
            assert board.look() == {}
            with later(minutes=1):
                assert dict(board.look().values()) == {"lin": "online"}
            with listening(lin.pk, "stream"), later(minutes=3):
                assert dict(board.look().values()) == {"lin": "idle"}
        with django_assert_num_queries(1), listening(kay.pk, "stream"):  # somebody new
            assert dict(board.look().values())["kay"] == "idle"
