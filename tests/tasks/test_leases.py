"""Leases on names: all or none, one holder at a time, for a time, and a fair queue."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from audit.models import Event
from audit.verification import verify_ledger
from messaging.models import Channel
from messaging.services import remove_from_channel
from orgchart.models import Member
from orgchart.services import pause_member, retire_member, unpause_member
from tasks.models import Lease
from tasks.selectors import check_files, list_leases, show_lease
from tasks.services import (
    assign_task,
    break_lease,
    complete_task,
    edit_task,
    extend_lease,
    release_lease,
    submit_task,
    take_lease,
)
from tasks.services.lease_reaping import reap_leases
from teammcp.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.conftest import all_refused
from tests.messaging.test_queries import queries
from tests.tasks.conftest import held, make, told


def take(actor: Member, *names: str, **fields: Any) -> str:
    """The name of a new lease, or place in the queue."""
    return take_lease(actor=actor, names=list(names), **fields).id


def lease(name: str) -> Lease:
    return Lease.objects.get(pk=int(name[2:]))


def run_out(name: str) -> None:
    """The lease is over, and nobody has freed it yet."""
    Lease.objects.filter(pk=int(name[2:])).update(ends_at=timezone.now() - timedelta(seconds=1))


def refusal(actor: Member, *names: str, **fields: Any) -> Conflict:
    with pytest.raises(Conflict) as refused:
        take(actor, *names, **fields)
    return refused.value


# Taking


def test_who_takes_something_has_it_for_half_an_hour_under_a_token(lin: Member) -> None:
    taken = take_lease(actor=lin, names=["src/api/**", "deploy:production"], why="Rewriting it")
    assert (taken.state, taken.holder, taken.to_confirm) == ("held", "lin", None)
    assert taken.until is not None
    assert timedelta(minutes=29) < taken.until - timezone.now() <= timedelta(minutes=30)
    other = take_lease(actor=lin, names=["docs"])
    assert (other.token or 0) > (taken.token or 0)


def test_what_overlaps_is_refused_naming_holder_reason_times_and_the_queue(
    lin: Member, kay: Member, sam: Member
) -> None:
    name = take(lin, "src/api/**", why="Rewriting the API")
    error = refusal(kay, "docs", "src/*/x.py")
    (fact,) = error.state["overlaps"]
    assert (fact["holder"], fact["lease"], fact["why"]) == ("@lin", name, "Rewriting the API")
    assert (fact["names"], fact["on"]) == (["src/*/x.py"], ["src/api/**"])
    assert fact["since"] < fact["until"] < fact["latest"]
    assert error.state["position"] == 1
    assert "@lin holds src/api/**" in error.message
    assert "wait=true" in error.next
    take(kay, "docs")  # nothing of the refused call was taken
    take(sam, "src/api/x.py", wait=True)
    assert refusal(kay, "src/api/x.py").state["position"] == 2


def test_taking_the_same_names_again_answers_with_the_lease_that_one_has(
    lin: Member, kay: Member
) -> None:
    first = take(lin, "src/api/", "deploy:production")
    assert take(lin, "DEPLOY:production", "src/api") == first
    waiting = take(kay, "deploy:production", wait=True)
    assert take(kay, "deploy:production", wait=True) == waiting
    error = refusal(lin, "src/api/x.py")
    assert error.state["lease"] == first


def test_a_lease_always_has_an_end_and_never_lasts_longer_than_a_day(lin: Member) -> None:
    name = take(lin, "src", minutes=60)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lease.objects.update(ends_at=None)
    all_refused(InvalidInput, lambda: take_lease.call(lin, {"names": ["a"], "minutes": 1441}))
    Lease.objects.update(held_at=timezone.now() - timedelta(hours=23, minutes=50))
    until = extend_lease(actor=lin, lease=name).until
    assert until is not None
    assert until - timezone.now() < timedelta(minutes=11)


def test_a_sign_of_life_extends_and_never_shortens(lin: Member) -> None:
    name = take(lin, "src", minutes=60)
    before = lease(name).ends_at
    assert extend_lease(actor=lin, lease=name).until >= before  # type: ignore[operator]
    shorter = extend_lease(actor=lin, lease=name, minutes=5).until
    assert shorter < before  # type: ignore[operator]


def test_nobody_has_more_than_twenty(lin: Member) -> None:
    for number in range(20):
        take(lin, f"slot:{number}")
    assert "the most" in refusal(lin, "slot:20").message


def test_an_observer_takes_nothing(olga: Member) -> None:
    all_refused(Forbidden, lambda: take(olga, "src"))


# The queue


def test_the_next_in_the_queue_gets_it_at_once_and_is_told(
    lin: Member, kay: Member, sam: Member
) -> None:
    first = take(lin, "deploy:production")
    second, third = (take(who, "deploy:production", wait=True) for who in (kay, sam))
    assert show_lease(actor=sam, lease=third).position == 2
    release_lease(actor=lin, lease=first)
    got = show_lease(actor=kay, lease=second)
    assert (got.state, got.to_confirm) == ("held", True)
    assert (got.token or 0) > lease(first).token
    assert f"{second} on deploy:production is yours now" in told(kay)[-1]
    assert show_lease(actor=sam, lease=third).position == 1
    assert told(sam) == []
    confirmed = extend_lease(actor=kay, lease=second)
    assert confirmed.to_confirm is None
    assert confirmed.until > timezone.now() + timedelta(minutes=29)  # type: ignore[operator]


def test_a_waiter_who_is_gone_keeps_nobody_waiting(lin: Member, kay: Member, sam: Member) -> None:
    first = take(lin, "deploy:production")
    second, third = (take(who, "deploy:production", wait=True) for who in (kay, sam))
    release_lease(actor=lin, lease=first)
    assert lease(second).ends_at <= timezone.now() + timedelta(minutes=5)  # type: ignore[operator]
    assert reap_leases(timezone.now() + timedelta(minutes=6)) == 1
    assert lease(second).state == "over"
    assert lease(third).state == "held"
    assert "passed" in told(kay)[-1]
    assert "is yours now" in told(sam)[-1]


def test_nobody_overtakes_and_whom_nothing_concerns_passes_by(
    lin: Member, kay: Member, sam: Member
) -> None:
    take(lin, "src/api")
    take(kay, "src", wait=True)
    assert "1 other waits" in refusal(sam, "src/web").message
    take(sam, "docs")


def test_all_names_or_none_also_in_the_queue(lin: Member, kay: Member, sam: Member) -> None:
    one, two = take(lin, "a"), take(sam, "b")
    waiting = take(kay, "a", "b", wait=True)
    release_lease(actor=lin, lease=one)
    assert lease(waiting).state == "waiting"
    release_lease(actor=sam, lease=two)
    assert lease(waiting).state == "held"


def test_two_who_would_wait_for_each_other_are_told(lin: Member, kay: Member, sam: Member) -> None:
    take(lin, "a")
    take(kay, "b")
    take(sam, "c")
    entry = take(lin, "b", wait=True)
    take(kay, "c", wait=True)
    error = refusal(sam, "a", wait=True)
    assert "wait for each other for ever" in error.message
    assert entry in error.message or "L-" in error.message
    take(sam, "d")


def test_leaving_the_queue_lets_the_others_move_up(lin: Member, kay: Member, sam: Member) -> None:
    take(lin, "a")
    second, third = take(kay, "a", wait=True), take(sam, "a", wait=True)
    all_refused(Conflict, lambda: extend_lease(actor=kay, lease=second), match="not your turn")
    release_lease(actor=kay, lease=second)
    assert show_lease(actor=sam, lease=third).position == 1
    assert Event.objects.filter(kind="lease.unqueued").count() == 1


def test_a_paused_member_is_passed_over_and_has_its_turn_afterwards(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    first = take(lin, "a")
    second, third = take(kay, "a", wait=True), take(sam, "a", wait=True)
    pause_member(actor=ada, member="kay", reason="It loops.")
    release_lease(actor=lin, lease=first)
    assert (lease(second).state, lease(third).state) == ("waiting", "held")
    release_lease(actor=sam, lease=third)
    assert lease(second).state == "waiting"
    unpause_member(actor=ada, member="kay")
    reap_leases()
    assert lease(second).state == "held"


# The end


def test_the_reaper_frees_what_ran_out_once_and_tells_its_holder(lin: Member, kay: Member) -> None:
    name = take(lin, "src")
    assert reap_leases(timezone.now() + timedelta(minutes=29)) == 0
    assert reap_leases(timezone.now() + timedelta(minutes=31)) == 1
    assert reap_leases(timezone.now() + timedelta(minutes=31)) == 0
    assert len([body for body in told(lin) if "ran out" in body]) == 1
    assert lease(name).state == "over"
    take(kay, "src")


def test_a_look_of_the_reaper_costs_one_query(lin: Member) -> None:
    take(lin, "src")
    assert queries(reap_leases) == 1


def test_what_ran_out_holds_nothing_even_before_it_is_freed(lin: Member, kay: Member) -> None:
    name = take(lin, "src")
    run_out(name)
    assert list_leases(actor=kay, which="held").items == []
    take(kay, "src/x")
    assert Event.objects.filter(kind="lease.expired").count() == 1


def test_a_late_holder_is_refused_as_stale_naming_the_new_one(lin: Member, kay: Member) -> None:
    name = take(lin, "src/**")
    token = lease(name).token
    run_out(name)
    new = take(kay, "src/x.py")
    for call in (extend_lease, release_lease):
        for given in (None, token):
            with pytest.raises(Conflict) as refused:
                call(actor=lin, lease=name, token=given)
            assert refused.value.state["stale"] is True
            assert refused.value.state["held"][0]["holder"] == "@kay"
    assert lease(new).state == "held"


def test_two_processes_of_one_agent_are_told_apart_by_their_tokens(lin: Member) -> None:
    first = take_lease(actor=lin, names=["src"])
    release_lease(actor=lin, lease=first.id)
    second = take_lease(actor=lin, names=["src"])
    for call in (extend_lease, release_lease):
        all_refused(
            Conflict,
            lambda call=call: call(actor=lin, lease=second.id, token=first.token),  # type: ignore[misc]
        )
    extend_lease(actor=lin, lease=second.id, token=second.token)


def test_a_lease_of_somebody_else_is_not_ones_own(lin: Member, kay: Member) -> None:
    name = take(lin, "src")
    all_refused(
        Forbidden,
        lambda: extend_lease(actor=kay, lease=name),
        lambda: release_lease(actor=kay, lease=name),
        lambda: break_lease(actor=kay, lease=name, reason="Mine."),
    )


def test_managers_and_admins_break_a_lease_with_a_reason(
    lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    Member.objects.filter(pk=lin.pk).update(manager=kay)
    name = take(lin, "src")
    waiting = take(sam, "src", wait=True)
    break_lease(actor=kay, lease=name, reason="A hotfix")
    assert "A hotfix" in told(lin)[-1]
    assert lease(waiting).state == "held"
    event = Event.objects.get(kind="lease.broken")
    assert event.data["reason"] == "A hotfix"
    assert event.data["changed"]["state"] == ["held", "over"]
    break_lease(actor=ada, lease=waiting, reason="Enough")
    all_refused(Conflict, lambda: break_lease(actor=ada, lease=waiting, reason="Again"))


# With tasks


def test_a_lease_ends_with_its_task(lin: Member, kay: Member, sam: Member) -> None:
    task = held(lin, kay)
    name = take(kay, "src", task=task)
    waiting = take(sam, "src", wait=True)
    assert show_lease(actor=sam, lease=name).task == task
    complete_task(actor=kay, task=task)
    assert (lease(name).state, lease(waiting).state) == ("over", "held")
    assert Event.objects.get(kind="lease.ended").data["task"] == task


def test_it_stays_in_review_and_ends_when_somebody_else_has_the_task(
    lin: Member, kay: Member, sam: Member
) -> None:
    task = held(lin, kay)
    name = take(kay, "src", task=task)
    submit_task(actor=kay, task=task)
    assert lease(name).state == "held"
    other = held(lin, kay, "Another one")
    second = take(kay, "docs", task=other)
    assign_task(actor=lin, task=other, to="sam")
    assert lease(second).state == "over"
    assert any(f"{second} on docs ended with {other}" in body for body in told(kay))


def test_it_ends_with_the_lease_of_a_dead_holder(lin: Member, kay: Member) -> None:
    from tasks.services.reaping import reap

    name = take(kay, "src", task=held(lin, kay), minutes=600)
    reap(timezone.now() + timedelta(minutes=31))
    assert lease(name).state == "over"


def test_only_ones_own_work_can_be_what_a_lease_is_for(lin: Member, kay: Member) -> None:
    assert "not your work" in refusal(kay, "src", task=make(lin)).message
    all_refused(InvalidInput, lambda: take(kay, "src", task=held(lin, kay), home="#general"))


# Who sees it


def test_a_hidden_lease_is_only_said_to_be_taken_and_until_when(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    name = take(lin, "customer:*", why="Change xyzzy", home="#vault")
    assert [one.id for one in list_leases(actor=kay).items] == [name]
    assert list_leases(actor=sam).items == []
    assert list_leases(actor=sam, name="customer:acme").items == []
    all_refused(NotFound, lambda: show_lease(actor=sam, lease=name))
    error = refusal(sam, "customer:acme")
    assert error.state["overlaps"] == [
        {"names": ["customer:acme"], "until": error.state["overlaps"][0]["until"]}
    ]
    assert not any(word in error.as_text() for word in ("lin", "xyzzy", "*", "L-"))
    (file,) = check_files(actor=sam, paths=["acme"], repo="customer").held
    assert (file.holder, file.lease, file.name, file.why) == (None, None, None, None)


def test_a_lease_for_a_task_is_seen_by_who_sees_the_task_also_when_that_moves(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    task = held(lin, kay)
    name = take(kay, "src", task=task)
    assert show_lease(actor=sam, lease=name).holder == "kay"
    edit_task(actor=lin, task=task, home="#vault")
    all_refused(NotFound, lambda: show_lease(actor=sam, lease=name))


def test_ones_own_lease_stays_in_ones_hands(lin: Member, kay: Member, vault: Channel) -> None:
    name = take(kay, "src", home="#vault")
    remove_from_channel(actor=lin, channel="#vault", member="kay")
    extend_lease(actor=kay, lease=name)
    release_lease(actor=kay, lease=name)


# Looking


def test_one_asks_who_has_a_file(lin: Member, kay: Member, sam: Member) -> None:
    first, second = take(lin, "src/api/**"), take(kay, "docs/**/*.md")
    third = take(sam, "src/api/readme.md", wait=True)
    found = list_leases(actor=sam, name="src/api/x.py").items
    assert [(one.id, one.holder) for one in found] == [(first, "lin")]
    assert [one.id for one in list_leases(actor=lin, name="src/api").items] == [
        first, third,
    ]  # fmt: skip
    assert [one.id for one in list_leases(actor=lin, which="waiting").items] == [third]
    assert [one.id for one in list_leases(actor=lin, holder="kay").items] == [second]


def test_pages_of_leases_follow_each_other(lin: Member) -> None:
    names = [take(lin, f"slot:{number}") for number in range(5)]
    page = list_leases(actor=lin, limit=2)
    second = list_leases(actor=lin, limit=3, after=page.cursor or "")
    assert [one.id for one in (*page.items, *second.items)] == names
    assert (page.more, second.more, second.cursor) == (True, False, None)


def test_the_queries_of_a_call_do_not_grow_with_the_leases(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    def calls() -> list[int]:
        return [
            queries(lambda: list_leases(actor=sam)),
            queries(lambda: list_leases(actor=sam, name="src/x")),
            queries(lambda: check_files(actor=sam, paths=[f"src/{n}" for n in range(50)])),
        ]

    task = held(lin, kay)
    take(kay, "x:y", task=task)
    take(lin, "x:z", home="#vault")
    few = calls()
    for number in range(15):
        take(lin, f"src/{number}")
        take(kay, f"src/{number}/x", wait=True)
    assert calls() == few
    assert max(few) <= 4


def test_files_in_leases_of_others_are_found_and_ones_own_pass(lin: Member, kay: Member) -> None:
    take(lin, "src/api", "web:src/**", why="Rewriting")
    checked = check_files(actor=kay, paths=["src/api/x.py", "docs/a.md"])
    assert [(one.path, one.holder, one.name) for one in checked.held] == [
        ("src/api/x.py", "lin", "src/api")
    ]
    assert check_files(actor=lin, paths=["src/api/x.py"]).held == []
    assert len(check_files(actor=kay, paths=["src/x.py"], repo="web").held) == 1


# Leaving


def test_who_retires_leaves_no_lease_and_the_successor_hears_of_them(
    lin: Member, kay: Member, sam: Member, owner: Member
) -> None:
    name = take(kay, "src", why="Rewriting")
    waiting = take(sam, "src", wait=True)
    own = take(kay, "docs")
    take(lin, "web")
    queued = take(kay, "web", wait=True)
    retire_member(actor=owner, member="kay", successor="lin")
    assert {lease(one).state for one in (name, own, queued)} == {"over"}
    assert lease(waiting).state == "held"
    assert Event.objects.filter(kind="lease.given_up").count() == 3
    assert any("Rewriting" in body for body in told(lin))


# Many at once


def test_many_at_once_never_get_what_overlaps(
    transactional_db: None, lin: Member, kay: Member, sam: Member, ada: Member
) -> None:
    start = threading.Barrier(4)
    got: list[str] = []

    def grab(member: Member) -> None:
        start.wait()
        try:
            for number in range(5):
                try:
                    got.append(take(member, f"slot:{number}", f"src/{number}/**"))
                except Conflict:
                    continue
        finally:
            connection.close()

    threads = [threading.Thread(target=grab, args=[who]) for who in (lin, kay, sam, ada)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(got) == 5
    tokens = list(Lease.objects.values_list("token", flat=True))
    assert len(set(tokens)) == 5


def test_many_reapers_free_each_lease_once(
    transactional_db: None, lin: Member, kay: Member
) -> None:
    for number in range(6):
        take(lin, f"slot:{number}")
        take(kay, f"slot:{number}", wait=True)
    later, start, freed = timezone.now() + timedelta(minutes=40), threading.Barrier(4), []

    def look() -> None:
        start.wait()
        try:
            freed.append(reap_leases(later))
        finally:
            connection.close()

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(freed) == 6
    assert Event.objects.filter(kind="lease.expired").count() == 6
    assert Event.objects.filter(kind="lease.granted").count() == 6


def test_the_ledger_proves_every_lease(lin: Member, kay: Member) -> None:
    name = take(lin, "src")
    take(kay, "src", wait=True)
    extend_lease(actor=lin, lease=name)
    release_lease(actor=lin, lease=name)
    assert verify_ledger().ok
    Lease.objects.filter(pk=int(name[2:])).update(why="Something else")
    assert "lease" in str(verify_ledger())
