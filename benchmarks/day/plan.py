"""What everybody will say, decided beforehand by a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

CHANNELS = ("general", "product", "platform", "support", "research", "board")
PRIVATE = frozenset({"research", "board"})
WATCHED = "product"  # the channel that a person watches in a browser
WORDS = [
    *("deploy", "review", "latency", "customer", "invoice", "schema", "rollback", "forecast"),
    *("draft", "incident", "release", "budget", "interview", "query", "cache", "prototype"),
    *("deadline", "contract", "survey", "answer"),
]


@dataclass(frozen=True, slots=True)
class Intent:
    """One thing to say: where, what, and whom it names."""

    key: str
    to: str
    """a target, or "thread" for a reply to something that the speaker knows by then"""
    body: str
    named: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Plan:
    """Who is in which channel, and what each agent says, in order."""

    members: dict[str, list[str]]
    intents: dict[str, list[Intent]]

    @classmethod
    def drawn(cls, handles: list[str], messages: int, seed: int) -> Plan:
        chance = random.Random(seed)
        members = {name: _members(chance, name, handles) for name in CHANNELS}
        intents: dict[str, list[Intent]] = {handle: [] for handle in handles}
        for number in range(messages):
            speaker = handles[number % len(handles)]
            intents[speaker].append(_intent(chance, number, speaker, handles, members))
        return cls(members, intents)

    def all(self) -> Iterator[tuple[str, Intent]]:
        for handle, intents in self.intents.items():
            for intent in intents:
                yield handle, intent


def _members(chance: random.Random, name: str, handles: list[str]) -> list[str]:
    if name not in PRIVATE:
        return list(handles)
    inside = chance.sample(handles, max(3, len(handles) // 2))
    return [handle for handle in handles if handle in inside]


def _intent(
    chance: random.Random,
    number: int,
    speaker: str,
    handles: list[str],
    members: dict[str, list[str]],
) -> Intent:
    key = f"day-{number}"
    words = " ".join(chance.choices(WORDS, k=chance.randint(4, 30)))
    others = [handle for handle in handles if handle != speaker]
    kind = chance.random()
    if kind < 0.15:
        people = chance.sample(others, chance.choice((1, 1, 1, 2)))
        return Intent(key, ",".join(f"@{name}" for name in people), f"{key} {words}", tuple(people))
    if kind < 0.35:
        return Intent(key, "thread", f"{key} {words}")
    channel = chance.choice([name for name in CHANNELS if speaker in members[name]])
    if kind < 0.6:
        colleagues = [name for name in members[channel] if name != speaker]
        named = chance.choice(colleagues)
        return Intent(key, f"#{channel}", f"{key} @{named} {words}", (named,))
    return Intent(key, f"#{channel}", f"{key} {words}")
