"""What is said, where and to whom: random, but the same for the same seed and knowledge."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

SENTENCES = (
    "The build is green again, I go on with the release notes.",
    "Who knows why the nightly import takes twice as long since Tuesday?",
    "I have read the proposal; two numbers in the table do not add up.",
    "Deploy is done. Watching the error rate for ten minutes.",
    "Could you look at the migration before I merge it?",
    "The customer answered: they want the export as *CSV*, not as a sheet.",
    "Found it: `retry_after` was read in seconds but written in milliseconds.",
    "Taking this one. I will be back with figures before noon.",
)
DIRECT, THREAD, MENTION, SECOND_MENTION, EVERYBODY, STRANGER = 0.15, 0.2, 0.4, 0.1, 0.01, 0.03


@dataclass(frozen=True, slots=True)
class Utterance:
    """One message before it is sent, and the key under which it is sent until it is answered."""

    key: str
    to: str
    body: str


@dataclass
class Speaker:
    """Makes up what one member says."""

    handle: str
    channels: Mapping[str, Sequence[str]]
    """the channels of this member, with the handles in each"""
    colleagues: Sequence[str]
    rng: random.Random
    threads: list[int] = field(default_factory=list)
    """messages that this member knows and could answer"""
    count: int = 0

    def next(self) -> Utterance:
        self.count += 1
        key = f"{self.handle}-{self.count}"
        named: list[str] = []
        roll = self.rng.random()
        if roll < DIRECT:
            others = [handle for handle in self.colleagues if handle != self.handle]
            names = self.rng.sample(others, 2 if self.rng.random() < 0.2 else 1)
            to = ",".join(f"@{name}" for name in names)
        elif roll < DIRECT + THREAD and self.threads:
            to = f"thread:{self.rng.choice(self.threads[-50:])}"
        else:
            to = self.rng.choice(list(self.channels))
            named = self._named(to)
        words = " ".join([key, self.rng.choice(SENTENCES), *(f"@{name}" for name in named)])
        return Utterance(key, to, words)

    def _named(self, channel: str) -> list[str]:
        """Whom a message in a channel names: mostly one of its members, or nobody."""
        roll = self.rng.random()
        if roll < EVERYBODY:
            return ["channel"]
        if roll < EVERYBODY + STRANGER:
            return [self.rng.choice(list(self.colleagues))]
        if roll < MENTION:
            inside = [handle for handle in self.channels[channel] if handle != self.handle]
            count = 2 if self.rng.random() < SECOND_MENTION and len(inside) > 1 else 1
            return self.rng.sample(inside, min(count, len(inside)))
        return []
