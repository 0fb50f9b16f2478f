"""Whether each request that ran had the consent that it took."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from benchmarks.ledger.reading import Event, Ledger

ENDS = frozenset(
    f"approval.{end}"
    for end in (
        "executed", "failed", "declined", "withdrawn", "expired", "never_seen", "superseded",
    )
)  # fmt: skip
AFTERWARDS = frozenset({"approval.shown", "approval.commented", "approval.glass_reviewed"})
"""what may still happen to a request that has ended"""


def faulty_request(ledger: Ledger, number: int, events: Sequence[Event]) -> Iterator[str]:
    """What is wrong with one request."""
    name = f"A-{number}"
    held = events[0]
    kinds = Counter(event.kind for event in events)
    if held.kind != "approval.held" or kinds["approval.held"] != 1:
        yield f"{name} was held {kinds['approval.held']} times, and begins with {held.kind}"
        return
    ended = next((event for event in events if event.kind in ENDS), None)
    for event in events:
        if ended is not None and event.seq > ended.seq and event.kind not in AFTERWARDS:
            yield f"{name}: {event.kind} at {event.seq}, after it was {ended.kind[9:]}"
        if event.kind in {"approval.revised", "approval.withdrawn"} and event.actor != held.actor:
            yield f"{name}: {event.kind} by {event.actor}, who did not ask for it"
        if event.kind == "approval.stage_opened" and event.data["quorum"] != _quorum(event, events):
            yield f"{name}: stage {event.data['number']} was opened with another quorum than it has"
    yield from _policies(ledger, name, events)
    yield from _acts(ledger, name, events, ended)
    runs = [event for event in events if event.kind == "approval.executed"]
    if len(runs) > 1:
        yield f"{name} ran {len(runs)} times"
    for run in runs:
        yield from _consent(ledger, name, events, run)
    yield from _glass(ledger, name, events)


def _last_round(events: Sequence[Event], before: int) -> Event:
    """The event that began the round which counts: held, or revised since."""
    rounds = [
        event
        for event in events
        if event.kind in {"approval.held", "approval.revised"} and event.seq < before
    ]
    return rounds[-1]


def _quorum(opened: Event, events: Sequence[Event]) -> int:
    stages = _last_round(events, opened.seq).data["stages"]
    return int(stages[opened.data["number"] - 1]["quorum"])


def _policies(ledger: Ledger, name: str, events: Sequence[Event]) -> Iterator[str]:
    """The stages of each round are those of its policies, all of them and in order."""
    for event in events:
        if event.kind not in {"approval.held", "approval.revised"}:
            continue
        told: dict[str, list[dict[str, Any]]] = {}
        for stage in event.data["stages"]:
            told.setdefault(stage["policy"], []).append(
                {key: value for key, value in stage.items() if key != "policy"}
            )
        for policy, stages in told.items():
            if ledger.stages_of(policy, event.seq) != stages:
                yield f"{name}: round {event.data['round']} does not ask what “{policy}” asks"


def _acts(ledger: Ledger, name: str, events: Sequence[Event], ended: Event | None) -> Iterator[str]:
    """What bears the name of a request happened between its approval and its end."""
    approved = next((event for event in events if event.kind == "approval.approved"), None)
    ran = ended is not None and ended.kind == "approval.executed"
    for act in ledger.by_call.get(name, ()):
        if approved is None or ended is None or not ran or not approved.seq < act.seq < ended.seq:
            yield f"{name}: {act.kind} at {act.seq} is not within its run"


def _consent(ledger: Ledger, name: str, events: Sequence[Event], run: Event) -> Iterator[str]:
    """That those whom it took agreed to what ran, or that somebody broke the glass."""
    begun = _last_round(events, run.seq)
    since = [event for event in events if begun.seq < event.seq < run.seq]
    if sum(event.kind == "approval.approved" for event in since) != 1:
        yield f"{name} ran without having been approved once since its last revision"
    if run.data["digest"] != begun.data["digest"]:
        yield f"{name}: what ran is not what was asked for"
    if any(event.kind == "approval.glass_broken" for event in since):
        return
    decisions = [event for event in since if event.kind == "approval.decided"]
    yield from _deciders(ledger, name, events, begun, decisions)
    reached = begun.seq
    for number, stage in enumerate(begun.data["stages"], 1):
        here = [event for event in decisions if event.data["stage"] == number]
        yield from (f"{name}: stage {number} {fault}" for fault in _stage(ledger, stage, here))
        if any(event.seq < reached for event in here):
            yield f"{name}: stage {number} was decided before its turn"
        reached = max((event.seq for event in here), default=reached)


def _stage(ledger: Ledger, stage: dict[str, Any], here: Sequence[Event]) -> Iterator[str]:
    """What is wrong with the decisions of one stage, after which it ran."""
    agreed = {event.actor for event in here if event.data["verdict"] == "approve"}
    others = {event.data["verdict"] for event in here} - {"approve"}
    if len(agreed) < stage["quorum"]:
        yield f"had {len(agreed)} of the {stage['quorum']} that it takes"
    if "request_changes" in others or ("decline" in others and stage["vetoes"]):
        yield "was refused by somebody"
    if not all(_counts(ledger, member, stage) for member in agreed):
        yield "is for people, and an agent counted"


def _deciders(
    ledger: Ledger, name: str, events: Sequence[Event], begun: Event, decisions: Sequence[Event]
) -> Iterator[str]:
    """Each once, from one seat each, on what was asked, and nobody on the side of who asked."""
    asker = events[0].actor
    askers = {asker, begun.data["beneficiary"] or asker}
    barred = ledger.barred(askers, registrars=begun.data["without_registrar"])
    for who in ([event.actor for event in decisions], [event.data["seat"] for event in decisions]):
        if len(set(who)) != len(who):
            yield f"{name}: somebody, or somebody's seat, counted twice"
        yield from (f"{name}: {one} decided and is on the asking side" for one in barred & set(who))
    for event in decisions:
        if event.data["round"] != begun.data["round"]:
            yield f"{name}: a decision of round {event.data['round']} was counted in another"
        if event.data["digest"] != begun.data["digest"]:
            yield f"{name}: {event.actor} decided on something else than what was asked"


def _counts(ledger: Ledger, member: int, stage: dict[str, Any]) -> bool:
    if member not in ledger.agents or stage["agents"]:
        return True
    return any(f"@{handle}" in stage["approvers"] for handle in ledger.handles[member])


def _glass(ledger: Ledger, name: str, events: Sequence[Event]) -> Iterator[str]:
    broken = [event for event in events if event.kind == "approval.glass_broken"]
    reviews = [event for event in events if event.kind == "approval.glass_reviewed"]
    if len(broken) > 1 or len(reviews) != len(broken):
        yield f"{name}: the glass was broken {len(broken)} times, and reviewed {len(reviews)} times"
        return
    for event, review in zip(broken, reviews, strict=True):
        if not str(event.data["reason"]).strip() or not str(review.data["finding"]).strip():
            yield f"{name}: the glass was broken, or the review closed, without a word"
        sides = {event.actor, events[0].actor}
        if review.seq < event.seq or review.actor in ledger.barred(sides, registrars=False):
            yield f"{name}: the review of the broken glass was not by somebody else"
