"""What a list of tasks is narrowed by, as its address says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from tasks.views.words import COLUMNS, PRIORITIES

VIEWS = {"board": "Board", "list": "List", "calendar": "Calendar"}
WHICH = {"all": "All", "open": "Open", "mine": "Mine", "free": "Free to claim"}
TEXTS = {"text": 200, "assignee": 60, "label": 40, "home": 400, "parent": 20}
ORDERS = {
    "urgency": "Most urgent",
    "due": "Due first",
    "newest": "Newest",
    "changed": "Latest change",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """Cleaned: whatever an address says, it makes a page or an explained refusal."""

    view: str
    which: str
    priority: str
    order: str
    texts: dict[str, str]

    @property
    def arguments(self) -> dict[str, Any]:
        """For the actions that list."""
        asked = {**self.texts, "priority": self.priority}
        return {name: value for name, value in asked.items() if value}

    @property
    def narrowed(self) -> bool:
        return bool(self.arguments)

    def address(self, **other: str) -> str:
        """The query of the same page, with these differences."""
        asked = {"view": self.view, "which": self.which, "order": self.order, **self.arguments}
        asked |= other
        usual = {"view": "board", "which": self.usual(asked["view"]), "order": "urgency"}
        return urlencode({k: v for k, v in asked.items() if v and usual.get(k) != v})

    @staticmethod
    def usual(view: str) -> str:
        return "open" if view == "list" else "all"


def filters_of(query: QueryDict) -> Filters:
    view = _one_of(query.get("view", ""), VIEWS, "board")
    known = {**WHICH, **COLUMNS} if view == "list" else WHICH
    return Filters(
        view=view,
        which=_one_of(query.get("which", ""), known, Filters.usual(view)),
        priority=_one_of(query.get("priority", ""), PRIORITIES, ""),
        order=_one_of(query.get("order", ""), ORDERS, "urgency"),
        texts={
            name: query.get(name, "").strip().replace("\x00", "")[:most]
            for name, most in TEXTS.items()
        },
    )


def _one_of(given: str, known: Any, usual: str) -> str:
    return given if given in known else usual
