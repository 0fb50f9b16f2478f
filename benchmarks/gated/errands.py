"""What the agents of the day ask for, and what is to become of it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ENDS = {
    "approve": "executed",
    "again": "executed",  # the same call is made twice, and is one request
    "decline": "declined",
    "change": "executed",  # changes are asked for, and made
    "withdraw": "withdrawn",
    "overtaken": "superseded",
    "standing": "executed",  # and three more like it pass without asking
    "glass": "executed",  # before anybody agreed
    "looked": "expired",  # people look, and decide nothing
    "unseen": "never_seen",
}
LEFT_ALONE = frozenset({"withdraw", "overtaken", "glass", "unseen"})
"""what nobody at a queue decides on"""
UNDECIDED = frozenset({"looked", "unseen"})
MORE = 3  # calls that pass under a standing approval

POLICIES: tuple[Mapping[str, Any], ...] = (
    {
        "name": "Hiring", "pattern": "register_agent", "requesters": ["kind:agent"],
        "stages": [{"approvers": ["authority:owner"]}],
    },
    {
        "name": "Spending", "pattern": "create_task", "requesters": ["kind:agent"],
        "arguments": [{"field": "metadata.amount", "op": "gt", "value": 500}],
        "stages": [{"approvers": ["@pia", "@quin", "@rosa"]}],
    },
    {
        "name": "Deploys", "pattern": "take_lease", "requesters": ["kind:agent"],
        "arguments": [{"field": "names", "op": "matches", "value": "deploy:production*"}],
        "stages": [{"approvers": ["@pia", "@quin"]}, {"approvers": ["@rosa"]}],
    },
    {
        "name": "Words to outsiders", "pattern": "send_message", "requesters": ["kind:agent"],
        "arguments": [{"field": "touches", "op": "eq", "value": "#customers"}],
        "without_registrar": True,
        "stages": [{"approvers": ["authority:admin"]}],
    },
    {
        "name": "Permission prompts", "pattern": "use_tool", "requesters": ["kind:agent"],
        "stages": [{"approvers": ["authority:admin", "authority:owner"]}],
    },
    {
        "name": "Rooms", "pattern": "*_channel", "requesters": ["kind:agent"],
        "stages": [{"approvers": ["@pia", "@quin", "@rosa"], "quorum": 2, "vetoes": True}],
    },
)  # fmt: skip
TOOLS = {
    "words": "send",
    "spending": "create_task",
    "deploy": "take_lease",
    "rooms": "create_channel",
}
SHORT_OF_TIME = "Words to outsiders"
"""the policy whose calls expire after a minute, in the morning of the day"""
KINDS = {"words": 8, "spending": 6, "deploy": 5, "rooms": 5, "prompt": 5, "hiring": 1}
FATES = {"approve": 17, "again": 3, "decline": 4, "change": 3, "withdraw": 2}
FEWER = {"prompt": {"again", "change", "withdraw"}, "hiring": {"again", "change"}}
"""what does not happen to these, and is approved instead"""


@dataclass
class Errand:
    """One thing that an agent wants and that a policy holds."""

    mark: str
    """stands in the call, by which people and books know it again"""
    kind: str
    fate: str
    request: str = ""
    end: str = ""
    overtakes: str = ""
    """the channel that it changes, where two errands change one"""
    after: Errand | None = None
    """what must have been asked for before anybody decides on this"""

    @property
    def may_be_decided(self) -> bool:
        return self.fate not in LEFT_ALONE and (self.after is None or bool(self.after.request))

    @property
    def tool(self) -> str:
        return "update_channel" if self.overtakes else TOOLS.get(self.kind, "")

    def arguments(self, again: int = 0) -> dict[str, Any]:
        """The call; `again` makes another version of it."""
        text = f"{self.mark} as it should be, version {again}"
        if self.overtakes:
            return {"channel": self.overtakes, "purpose": text}
        calls: dict[str, dict[str, Any]] = {
            "words": {"to": "#customers", "body": text},
            "spending": {"title": text, "metadata": {"amount": 600 - again}},
            "deploy": {"names": [f"deploy:production-{self.mark}"], "why": text, "minutes": 5},
            "rooms": {"name": f"{self.mark}-room", "purpose": text},
            "prompt": {"tool_name": "Bash", "input": {"command": f"git push {self.mark}"}},
            "hiring": {"name": f"Newcomer {self.mark}", "handle": f"newcomer-{self.mark}"},
        }
        return calls[self.kind]


def dealt(errands: Sequence[Errand], agents: int, recruiters: int) -> list[list[Errand]]:
    """The errands of each agent: hiring is for the first ones, who may; two that change one channel
    are for one agent."""
    hands: list[list[Errand]] = [[] for _ in range(agents)]
    for number, errand in enumerate(errands):
        if errand.overtakes:
            hands[int(errand.overtakes.rpartition("-")[2]) % agents].append(errand)
        else:
            hands[number % (recruiters if errand.kind == "hiring" else agents)].append(errand)
    return hands


def planned(requests: int, rng: random.Random) -> list[Errand]:
    """The errands of a day, in the order in which they come."""
    return list(_errands(requests, rng))[:requests]


def _errands(requests: int, rng: random.Random) -> Iterator[Errand]:
    marks = (f"e{number}x" for number in range(1, requests + 3))
    if requests >= 100:  # a call waits a minute at least before it expires
        for number in range(requests // 25):
            yield Errand(next(marks), "words", ("looked", "unseen")[number % 2])
    yield Errand(next(marks), "deploy", "glass")
    for _ in range(max(1, requests // 60)):
        yield Errand(next(marks), "words", "standing")
    for number in range(max(1, requests // 60)):
        first, second = (
            Errand(next(marks), "rooms", fate, overtakes=f"#shared-{number}")
            for fate in ("approve", "overtaken")
        )
        first.after = second
        yield from (first, second)
    for mark in marks:
        (kind,) = rng.choices(list(KINDS), list(KINDS.values()))
        (fate,) = rng.choices(list(FATES), list(FATES.values()))
        yield Errand(mark, kind, "approve" if fate in FEWER.get(kind, ()) else fate)
