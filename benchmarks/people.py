"""A company of any size, made by the same actions that people use, in the data folder at hand.

    TEAMMCP_DATA_DIR=... python -m benchmarks.people 200

For demonstrations, pictures and measurements of the chart. The company must exist: start the server
on that folder once.
"""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

SPAN = 6  # who leads others leads so many
DEPARTMENTS = {
    "Engineering": ("Engineer", ["python", "go", "review", "postgresql"]),
    "Product": ("Product Manager", ["interviews", "roadmaps", "writing"]),
    "Research": ("Researcher", ["statistics", "papers", "experiments"]),
    "Operations": ("Operations Engineer", ["kubernetes", "terraform", "on-call"]),
    "Finance": ("Analyst", ["forecasts", "excel", "audits"]),
    "Support": ("Support Specialist", ["tickets", "translation", "empathy"]),
}
FIRST = """Ada Bruno Chidi Dana Elif Farid Gita Hugo Ines Jun Kofi Lena Mara Nils Olga Pavel Quinn
Rosa Sven Tara Uma Viktor Wei Xenia Yusuf Zora Amal Bela Carla Dario""".split()  # noqa: SIM905
LAST = """Okafor Weber Tanaka Silva Novak Haddad Larsen Moreau Petrov Singh Ortiz Kim Fischer Rossi
Dubois Nowak Yilmaz Costa Ivanova Berg""".split()  # noqa: SIM905
MODELS = ["Opus 5", "Sonnet 5", "GPT-6", "Gemini 4"]


@dataclass(slots=True)
class Place:
    """Somebody to hire, and where."""

    handle: str
    name: str
    title: str
    department: str
    manager: str
    skills: list[str]
    person: bool
    tokens: list[str] = field(default_factory=list)


def places(size: int, seed: int = 7) -> Iterator[Place]:
    """Everybody but the owner, who leads the heads; managers before those who report to them."""
    chance = random.Random(seed)
    names = chance.sample([f"{first} {last}" for first in FIRST for last in LAST], size - 1)
    slugs = list(DEPARTMENTS)[: max(1, min(len(DEPARTMENTS), size // 5 + 1))]
    waiting: dict[str, list[str]] = {}
    for number, name in enumerate(names):
        department = slugs[number % len(slugs)]
        role, skills = DEPARTMENTS[department]
        handle = name.lower().replace(" ", "-")
        line = waiting.setdefault(department, [])
        rank = "Head of " + department if not line else role
        manager = "owner" if not line else line[(len(line) - 1) // SPAN]
        if line and number // len(slugs) <= SPAN and size > 60:
            rank = f"{department} Team Lead"
        line.append(handle)
        yield Place(
            handle, name, rank, department.lower(), manager,
            chance.sample(skills, 2), person=chance.random() < 0.25,
        )  # fmt: skip


def hire(size: int) -> int:
    """Make the company; how many members it has then."""
    from django.utils import timezone

    from orgchart.models import Member
    from orgchart.services import (
        create_department,
        pause_member,
        register_agent,
        set_manager,
        update_member,
    )

    owner = Member.objects.get(handle="owner")
    update_member(actor=owner, name="Mia Castellanos", title="Founder")
    chance = random.Random(11)
    made: set[str] = set()
    for place in places(size):
        if place.department not in made:
            create_department(actor=owner, name=place.department.title())
            made.add(place.department)
        register_agent(
            actor=owner, name=place.name, handle=place.handle, title=place.title,
            department=place.department, capabilities=place.skills,
            model="" if place.person else chance.choice(MODELS),
            charter=f"Looks after {place.skills[0]} and {place.skills[1]} in {place.department}.",
        )  # fmt: skip
        set_manager(actor=owner, member=place.handle, manager=place.manager)
        Member.objects.filter(handle=place.handle).update(
            kind="human" if place.person else "agent",
            last_active_at=timezone.now() - timedelta(minutes=chance.choice([1, 4, 12, 25, 90])),
        )
    if size >= 20:
        names = list(Member.objects.filter(reports=None).values_list("handle", flat=True)[:2])
        for handle in names:
            pause_member(actor=owner, member=handle, reason="Its budget for today is spent.")
    return Member.objects.exclude(kind="system").count()


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "teammcp.settings")
    import django

    django.setup()
    print(f"{hire(int(sys.argv[1]))} members")


if __name__ == "__main__":
    main()
