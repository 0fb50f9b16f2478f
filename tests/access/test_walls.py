"""Walls between projects, on every face: Lin, of the project Grue, finds nothing of Zarathus.

The rows of the table are asked twice more: as they are, whose answers hold no word of the other
project; and with their hidden names and ids put for those of the other project, whose answers are,
byte for byte, those for something absent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import orjson
import pytest
from django.utils import timezone

from audit.live import hub
from audit.selectors import list_events
from messaging.models import Message
from messaging.services import (
    close_bridge,
    create_channel,
    open_bridge,
    pin_message,
    schedule_message,
    send_message,
    upload_file,
)
from messaging.services.files import Inline
from orgchart.board import board, tell_presence
from orgchart.models import Member
from orgchart.recent import touch
from orgchart.services import (
    create_department,
    create_project,
    move_member,
    register_agent,
    set_manager,
    update_member,
)
from tasks import services as tasks
from teammcp.core.actions import registry
from tests.access.conftest import Faces, Office, Snapshot
from tests.access.table import TABLE
from tests.access.test_live import STREAM, socket
from tests.access.test_table import Ask, Face, difference, every_face, plain
from tests.asgi import in_thread, open_stream, until
from tests.scenes import scene

HANDLES = ("vashti", "ilmari")
PEOPLE = (*HANDLES, "snark", "boojum")
"""Of its members: handles and names, a skill, a charter."""
WORDS = (
    "zarathus", "quorvex", "xylomancy", "grebfarb", "mulvaney", "frondle", "brindle", "oompah",
    "wuthering", "jabberwock",
)  # fmt: skip
"""Of the other project, each in one place: its name, a channel, a message, a task, a file, a
purpose, a lease, a goal, recurring work, a schedule."""
SOON = datetime(2100, 1, 1, tzinfo=UTC)
TWINS = {
    "vault": ("quorvex", "quorvez"),
    "kay": ("vashti", "vashtz"),
    "grue": ("zarathus", "zarathuz"),
}
"""A name in the table, what it stands for here, and something absent of the same length."""
TAKEN = {
    "take the name of a private channel",
    "rename a channel to the name of a private one",
}
"""Names of channels are those of the whole company: docs/projects.md says what that gives away."""


@pytest.fixture
def office(transactional_db: None, office_with_walls: Office) -> Office:
    return office_with_walls


@scene
def office_with_walls(owner: Member, office_with_everything: Office) -> Office:
    create_project(actor=owner, name="Zarathus", purpose="frondle")
    for name in HANDLES:
        register_agent(actor=owner, name=name.title(), handle=name, project="zarathus",
                       capabilities=["snark"], charter="Knows the boojum.")  # fmt: skip
    vashti, ilmari = (Member.objects.get(handle=name) for name in HANDLES)
    things = said_and_done(owner, vashti, ilmari)
    return replace(office_with_everything, things={**office_with_everything.things, **things})


def said_and_done(owner: Member, vashti: Member, ilmari: Member) -> dict[str, Any]:
    """Something of each kind in the other project, under the names that the table gives what is
    hidden there, with a sign before them."""
    create_channel(actor=vashti, name="quorvex", purpose="frondle")
    create_channel(actor=vashti, name="quorvex-own", kind="private", invite=["ilmari"])
    message = send_message(actor=vashti, to="#quorvex", body="The xylomancy, @ilmari.",
                           expects_reply=True).id  # fmt: skip
    pin_message(actor=vashti, message_id=message)
    reply = send_message(actor=ilmari, to=f"thread:{message}", body="xylomancy indeed").id
    direct = send_message(actor=ilmari, to="@vashti", body="xylomancy between us").id
    file = upload_file(actor=vashti, name="mulvaney.txt", text=Inline(b"frondle"), to="#quorvex")
    own = upload_file(actor=vashti, name="mulvaney2.txt", text=Inline(b"frondle"), to="@ilmari")
    task = tasks.create_task(actor=vashti, title="Grebfarb", assignee="ilmari").task.id
    send_message(actor=vashti, to=f"#{task.lower()}", body="xylomancy of the task")
    lease = tasks.take_lease(actor=ilmari, names=["brindle/**"], why="frondle").id
    goal = tasks.create_goal(actor=vashti, title="Oompah").id
    blueprint = tasks.create_blueprint(actor=vashti, title="Wuthering", cron="0 9 * * *").id
    schedule = schedule_message(actor=vashti, to="#quorvex", body="jabberwock", cron="0 9 * * *").id
    promised = tasks.promise(actor=vashti, text="frondle", due_at=SOON, to="ilmari").id
    create_department(actor=owner, name="Attic", head="vashti")
    move_member(actor=owner, member="ilmari", department="attic")
    set_manager(actor=owner, member="sam", manager="vashti")
    update_member(actor=ilmari, charter="Still knows the boojum.")
    channels = Message.objects.in_bulk([message, direct])
    hidden = {
        "private": message, "reply": reply, "direct": direct,
        "vault_id": channels[message].channel_id, "direct_id": channels[direct].channel_id,
        "private_file": file.id, "direct_file": own.id, "private_lease": int(lease[2:]),
        **dict.fromkeys(
            ("private_task", "private_reviewed", "private_blocked", "private_done"), int(task[2:])
        ),
        "private_goal": int(goal[2:]), "private_blueprint": blueprint,
        "private_schedule": schedule, "promise": promised,
    }  # fmt: skip
    return {f"b_{name}": value for name, value in hidden.items()}


def found_in(text: str, words: tuple[str, ...]) -> list[str]:
    return [word for word in words if word in text.lower()]


def forbidden_to(role: str) -> tuple[str, ...]:
    """Company staff know who is there, and nothing else."""
    return WORDS if role == "outsider" else (*WORDS, *PEOPLE)


# What is there to be read


def test_the_table_asks_for_every_read() -> None:
    reads = {name for name, action in registry.items() if not action.writes}
    assert reads <= {row.action for row in TABLE}


async def shown(faces: Faces, face: Face, snapshot: Snapshot, roles: tuple[str, ...]) -> list[str]:
    """Where an answer holds a word of the other project."""
    wrong = []
    for ask in face():
        for role in roles:
            reply = await ask.put(faces, role, {})
            words = found_in(reply.content.decode(), forbidden_to(role))
            wrong += [f"{ask.row.what}: {ask.label} as {role} shows {word}" for word in words]
            if snapshot.changed:
                snapshot.restore()
    return wrong


@pytest.mark.no_cover
@every_face
@pytest.mark.timeout(240)
async def test_no_answer_holds_a_word_of_another_project(
    faces: Faces, snapshot: Snapshot, face: Face
) -> None:
    assert not await shown(faces, face, snapshot, ("member", "outsider"))


async def test_the_words_are_there_for_those_who_may_read_them(faces: Faces) -> None:
    """Else the walk would prove nothing."""
    found: set[str] = set()
    for path, arguments in (
        ("projects/zarathus/", {}), ("tasks/", {}), ("members/", {}), ("goals/", {}),
        ("blueprints/", {}), ("leases/", {}), ("channels/", {}), ("events/", {"limit": 500}),
        ("messages/", {"where": "#quorvex"}), ("files/", {"where": "#quorvex"}),
    ):  # fmt: skip
        reply = await faces.rest("owner", "GET", f"/api/{path}", arguments)
        found.update(found_in(reply.content.decode(), (*WORDS, *PEOPLE)))
    assert found == {*WORDS, *PEOPLE} - {"jabberwock"}  # which is the author's own


# What is guessed


def guesses(faces: Faces, place: int) -> dict[str, str]:
    """From what a row speaks of to the other project (0), or to something absent (1)."""
    things = faces.office.things
    names = {name: pair[place] for name, pair in TWINS.items()}
    ids = {
        str(things[name.removeprefix("b_")]): str(things[name] + 50 * place)
        for name in things
        if name.startswith("b_")
    }
    return {**ids, **names}


def about_hidden(ask: Ask, *, people: bool) -> bool:
    """Whether a row names something that has a counterpart here."""
    said = f"{dict(ask.row.arguments)} {ask.label if ask.on_page else ''} {ask.row.what}"
    signs = ["{private", "{reply", "{direct", "{vault_id", "{promise}", "vault", "grue"]
    return any(sign in said for sign in [*signs, *(["kay"] if people else [])])


@pytest.mark.no_cover
@every_face
@pytest.mark.timeout(240)
async def test_a_guess_is_answered_byte_for_byte_as_what_is_absent(
    faces: Faces, snapshot: Snapshot, face: Face
) -> None:
    compared, wrong = 0, []
    back = {pair[1]: pair[0] for pair in TWINS.values()}
    ids = {str(v + 50): str(v) for k, v in faces.office.things.items() if k.startswith("b_")}
    for ask in face():
        for role in ("member", "outsider"):
            if ask.row.what in TAKEN or not about_hidden(ask, people=role == "member"):
                continue
            hidden = await ask.put(faces, role, guesses(faces, 0))
            if snapshot.changed:
                snapshot.restore()
            absent = await ask.put(faces, role, guesses(faces, 1))
            if snapshot.changed:
                snapshot.restore()
            compared += 1
            if plain(hidden, {}) != plain(absent, {**ids, **back}):
                wrong.append(f"{ask.row.what}: {ask.label} as {role}: {difference(hidden, absent)}")
    assert not wrong, "\n".join(wrong)
    assert compared > 10


# What is pushed


async def test_the_ledger_is_silent_beyond_the_wall(faces: Faces, lin: Member) -> None:
    def everything() -> str:
        lin.refresh_from_db()
        after, told = 0, b""
        while True:
            page = list_events(actor=lin, after=after, limit=500)
            told += page.model_dump_json().encode()
            if not page.more:
                return told.decode()
            after = page.cursor

    assert found_in(await in_thread(everything), forbidden_to("member")) == []


async def test_a_stream_from_the_beginning_is_silent_beyond_the_wall(
    faces: Faces, lin: Member
) -> None:
    for more in ("", "&snapshot=true"):
        async with open_stream(
            faces.server, f"{STREAM}?after=0{more}", token=faces.office.tokens["member"]
        ) as stream:
            await in_thread(partial(send_message, actor=lin, to="#general", body="The end."))
            text = ""
            last: dict[str, Any] = {}
            while last.get("where") != "#general" or "lin wrote" not in text[-2_000:]:
                (frame,) = await stream.frames(1)
                text += orjson.dumps(frame.data).decode()
                last = frame.data.get("data", {})
        assert found_in(text, forbidden_to("member")) == []


async def test_live_pages_are_told_of_nobody_beyond_the_wall(faces: Faces) -> None:
    member, staff = socket(faces, "member"), socket(faces, "outsider")
    for live in (member, staff):
        assert (await live.connect())[0]
    await until(lambda: len(hub._news) == 2, "both pages follow")

    def they_come() -> None:
        board.forget()
        for name in (*HANDLES, "kay"):
            touch(Member.objects.get(handle=name).pk)
        tell_presence()

    await in_thread(they_come)
    heard = {}
    for role, live in (("member", member), ("outsider", staff)):
        heard[role] = set(await _present(live, "kay"))
        await live.disconnect()
    assert heard["outsider"] >= {*HANDLES, "kay"}
    assert not heard["member"] & set(PEOPLE)


async def _present(live: Any, last: str) -> Mapping[str, str]:
    while True:
        frame: Any = orjson.loads(await asyncio.wait_for(live.receive_from(timeout=60), 60))
        if isinstance(frame, dict) and last in frame.get("presence", {}):
            return dict(frame["presence"])


# Over a bridge and after it


@pytest.mark.no_cover
@every_face
@pytest.mark.timeout(240)
async def test_after_a_bridge_nothing_is_left_to_find(
    faces: Faces, owner: Member, lin: Member, face: Face, monkeypatch: pytest.MonkeyPatch
) -> None:
    def over_and_back() -> None:
        lin.refresh_from_db()
        until_then = (timezone.now() + timedelta(days=1)).isoformat()
        opened = open_bridge(actor=owner, channel="#quorvex", project="grue", until=until_then,
                             reason="frondle")  # fmt: skip
        send_message(actor=lin, to="#quorvex", body="Good day.")
        vashti = Member.objects.get(handle="vashti")
        send_message(actor=vashti, to="#quorvex", body="Good day, @lin.", expects_reply=True)
        close_bridge(actor=owner, bridge_id=opened.id)

    await in_thread(over_and_back)
    wrong = []
    for ask in face():
        if ask.row.action not in registry or not registry[ask.row.action].writes:
            reply = await ask.put(faces, "member", {})
            words = found_in(reply.content.decode(), forbidden_to("member"))
            wrong += [f"{ask.row.what}: {ask.label} shows {word}" for word in words]
    assert not wrong, "\n".join(wrong)
