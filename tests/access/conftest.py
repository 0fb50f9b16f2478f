"""A company with something of everything, and its faces as everybody meets them."""

from __future__ import annotations

import functools
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from approvals import services as approvals
from approvals.schemas import Condition, Stage
from messaging.models import Channel, Delivery, Message
from messaging.services import (
    create_channel,
    create_folder,
    open_bridge,
    pin_message,
    save_message,
    schedule_message,
    send_message,
    update_channel,
    upload_file,
)
from messaging.services.files import Inline
from orgchart.models import Member
from orgchart.services import (
    add_to_project,
    create_department,
    create_join_code,
    create_project,
    invite_person,
    issue_credential,
    pause_member,
)
from orgchart.services.access import make_credential
from tasks import services as tasks
from tasks.schemas import Created
from teammcp.core.lane import run_write
from teammcp.serving import Server
from tests.access.table import CAST
from tests.asgi import open_stream
from tests.conftest import agent, held_call, token_of
from tests.scenes import scene

MCP = "/mcp?profile=full"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
JUNE = "2025-06-18"
FORM_SECRET = "f" * 32  # of the form and of the cookie, which a browser sends alike
FIRST_IDS = {"messaging_channel": 54_300, "messaging_message": 65_400, "messaging_delivery": 76_500,
             "orgchart_credential": 87_600, "messaging_schedule": 98_700,
             "messaging_file": 109_800, "messaging_bridge": 1_109_900, "tasks_task": 210_900,
             "tasks_lease": 321_000, "tasks_goal": 432_100,
             "tasks_promise": 543_200, "tasks_blueprint": 654_300,
             "approvals_approvalrequest": 765_400, "approvals_standin": 876_500,
             "approvals_policy": 1_209_700,
             "approvals_standingapproval": 987_600, "approvals_question": 1_320_100}  # fmt: skip


@dataclass(frozen=True)
class Office:
    """Who is asked, by role, and what is there, by name."""

    tokens: Mapping[str, str]
    sessions: Mapping[str, str]
    things: Mapping[str, Any]
    own: Mapping[str, Mapping[str, Any]]

    def ids(self, role: str) -> dict[str, Any]:
        """What the placeholders of a row stand for when this role asks."""
        return {**self.things, **self.own[role]}


@dataclass(frozen=True)
class Reply:
    """What a face answered: `yes`, or the status of the refusal."""

    outcome: str
    content: bytes


@pytest.fixture
def office(transactional_db: None, office_with_everything: Office) -> Office:
    return office_with_everything


@scene
def office_with_everything(
    owner: Member, ada: Member, lin: Member, kay: Member, sam: Member,
    olga: Member, rex: Member,
) -> Office:  # fmt: skip
    """Ids begin high, so that replacing one in an answer replaces nothing else."""
    begin_ids_high()
    people = {"sam": sam, "olga": olga, "lin": lin, "ada": ada, "owner": owner, "rex": rex}
    for person in (ada, owner):
        person.set_password("correct horse")
        person.save(update_fields=["password"])
    things = talk(lin, kay, [handle for handle in people if handle != "rex"])
    things |= work(lin, kay)
    things |= recurring_and_promised(lin, kay)
    things |= asked(owner, ada, lin)
    things["credential"] = issue_credential(actor=lin, label="phone").credential.id
    things["owner_credential"] = issue_credential(actor=owner, label="phone").credential.id
    invite_person(actor=owner, name="Ben")
    create_department(actor=owner, name="Sales")
    things |= walled(owner)
    agent(owner, "moe")
    pause_member(actor=owner, member="moe", reason="A test.")
    things["join_code"] = create_join_code(actor=owner, uses=5).join_code
    return Office(
        tokens={role: token_of(people[handle]) for role, handle in CAST.items() if handle},
        sessions={role: session_of(people[handle]) for role, handle in CAST.items() if handle},
        things=things,
        own={role: belongings(people.get(handle), things) for role, handle in CAST.items()},
    )


def walled(owner: Member) -> dict[str, Any]:
    """A project with Lin in it, and one with nobody, to which a channel of the first is open."""
    agent(owner, "pia")
    create_project(actor=owner, name="Grue", lead="pia")
    add_to_project(actor=owner, project="grue", members=["lin"])
    create_project(actor=owner, name="Gemini")
    create_channel(actor=owner, name="gruesome", project="grue")
    soon = (timezone.now() + timedelta(days=9)).isoformat()
    opened = open_bridge(
        actor=owner, channel="#gruesome", project="gemini", until=soon, reason="grue"
    )
    return {"bridge": opened.id, "soon": soon}


def begin_ids_high() -> None:
    """Also where other tests have used this database before."""
    with connection.cursor() as cursor:
        for table, first in FIRST_IDS.items():
            if connection.vendor != "sqlite":
                cursor.execute(f"ALTER TABLE {table} ALTER COLUMN id RESTART WITH {first + 1}")
                continue
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, first]
            )


def asked(owner: Member, ada: Member, lin: Member) -> dict[str, Any]:
    """What Lin asks for and waits for, one that ran at once, and what was agreed beforehand."""
    policy = approvals.create_policy(
        actor=owner, name="Careful words", pattern="send_message",
        arguments=[Condition(field="body", op="matches", value="May I*")],
        stages=[Stage(approvers=["@ada", "@owner"])],
    )  # fmt: skip
    waiting, broken = (
        held_call(lin, "send_message", to="#plans", body=body) for body in ("May I?", "May I go?")
    )
    approvals.break_glass(actor=owner, request=broken, reason="It burns.")
    end = datetime(2100, 1, 1, tzinfo=UTC)
    sing = Condition(field="body", value="May I sing?")
    standing = approvals.grant_standing(
        actor=ada, policy="Careful words", requester="lin", count=3, until=end, arguments=[sing]
    )
    put = approvals.ask_question(
        actor=lin, question="Grue or not?", asked=["@ada", "@owner"], options=["Yes", "No"]
    )
    return {
        "asked": int(waiting[2:]),
        "put": int(put.id[2:]),
        "policy": policy.id,
        "broken": int(broken[2:]),
        "standing": standing.id,
        "stand_in": approvals.set_stand_in(actor=lin, member="kay", ends_at=end).id,
    }


def talk(lin: Member, kay: Member, everybody: list[str]) -> dict[str, Any]:
    """One message of each kind, and one archived channel."""
    create_channel(actor=lin, name="plans", purpose="What comes next")
    create_channel(actor=lin, name="vault", kind="private", purpose="frobozz", invite=["kay"])
    create_channel(actor=lin, name="attic")
    update_channel(actor=lin, channel="#attic", archived=True)
    named = " ".join(f"@{handle}" for handle in everybody)
    public = send_message(actor=kay, to="#general", body=f"Good morning {named}.").id
    notice = send_message(actor=kay, to="#general", body="It rains.").id
    plan = send_message(actor=lin, to="#plans", body="To the moon.").id
    private = send_message(actor=kay, to="#vault", body="The combination is xyzzy, @lin.").id
    reply = send_message(actor=lin, to=f"thread:{private}", body="I keep xyzzy.").id
    lost = send_message(actor=kay, to="#vault", body="Lost: xyzzy, @lin.").id
    dead = Delivery.objects.filter(message=lost, recipient=lin)
    bury = {"withdrawn_at": NOW, "dead_at": NOW, "dead_reason": "never acknowledged"}
    assert dead.update(**bury) == 1
    direct = send_message(actor=kay, to="@lin", body="Between us: plugh.").id
    for pinned in (notice, private):
        pin_message(actor=kay, message_id=pinned)
    save_message(actor=lin, message_id=private, note="Remember xyzzy.")
    planned = [
        schedule_message(actor=lin, to=to, body=body, cron="0 9 * * *").id
        for to, body in (("#plans", "What is next?"), ("#vault", "Change xyzzy."))
    ]
    create_folder(actor=lin, path="#vault/plugh")
    text = Inline(b"The combination is xyzzy.")
    keep = functools.partial(upload_file, text=text)
    return {
        "public_file": keep(
            actor=kay, name="weather.txt", text=Inline(b"It rains."), to="#general"
        ).id,
        "private_file": keep(actor=lin, name="xyzzy.txt", to="#vault").id,
        "direct_file": keep(actor=kay, name="plugh.txt", to="@lin").id,
        "own_file": keep(actor=lin, name="own.txt").id,
        "schedule": planned[0],
        "private_schedule": planned[1],
        "public": public,
        "notice": notice,
        "open": plan,
        "private": private,
        "reply": reply,
        "direct": direct,
        "dead": dead.get().pk,
        "delivery": Delivery.objects.get(message=private, recipient=lin).pk,
        "vault_id": Channel.objects.get(name="vault").pk,
        "direct_id": Message.objects.get(pk=direct).channel_id,
    }


def work(lin: Member, kay: Member) -> dict[str, Any]:
    """A task in each state, open to all and in the private channel; Lin has to do with each."""
    things: dict[str, Any] = {}
    for prefix, home, word in (("", "", "moon"), ("private_", "#vault", "xyzzy")):
        make = functools.partial(tasks.create_task, home=home)
        if not prefix:
            things["task"] = number(make(actor=lin, title="Weigh the moon."))
        held = make(actor=kay, title=f"Change {word}.").task.id
        tasks.claim_task(actor=lin, task=held)
        send_message(actor=lin, to=f"#{held.lower()}", body=f"I begin with {word}.")
        things[f"{prefix}task" if prefix else "held_task"] = int(held[2:])
        checked = make(actor=lin, title=f"Watch {word}.", reviewer="lin").task.id
        tasks.claim_task(actor=kay, task=checked)
        tasks.submit_task(actor=kay, task=checked)
        things[f"{prefix}reviewed" if prefix else "reviewed_task"] = int(checked[2:])
        stuck = make(actor=lin, title=f"Open {word}.", needs=[checked]).task.id
        tasks.assign_task(actor=lin, task=stuck, to="kay")
        tasks.block_task(actor=kay, task=stuck, on="lin", what=f"Bring {word}.")
        things[f"{prefix}blocked" if prefix else "blocked_task"] = int(stuck[2:])
        done = make(actor=lin, title=f"Find {word}.").task.id
        tasks.claim_task(actor=lin, task=done)
        tasks.complete_task(actor=lin, task=done)
        things[f"{prefix}done" if prefix else "done_task"] = int(done[2:])
    open_, private = (
        tasks.take_lease(actor=lin, names=names, why=why, home=home)
        for names, why, home in (
            (["moon/**", "deploy:moon"], "Mapping it.", ""),
            (["safe:*"], "Changing xyzzy.", "#vault"),
        )
    )
    things |= {"lease": int(open_.id[2:]), "private_lease": int(private.id[2:])}
    for name, home, parts in (
        ("goal", "", [things["private_blocked"]]),
        ("private_goal", "#vault", [things["private_task"]]),
    ):
        goal = tasks.create_goal(actor=lin, title=f"Be where the {name} is: xyzzy."
                                 if home else "Fly to the moon.", home=home).id  # fmt: skip
        things[name] = int(goal[2:])
        for part in parts:
            tasks.attach_task(actor=lin, goal=goal, task=f"T-{part}")
    return things


def recurring_and_promised(lin: Member, kay: Member) -> dict[str, Any]:
    """Lin's recurring work, open to all and in the private channel, and promises about it."""
    rule: dict[str, Any] = {"title": "Sweep.", "cron": "0 9 * * *"}
    public = tasks.create_blueprint(actor=lin, **rule).id
    hidden = tasks.create_blueprint(actor=lin, **{**rule, "title": "Move xyzzy."}, home="#vault").id
    url = tasks.make_blueprint_hook(actor=lin, blueprint_id=public).url or ""
    due = datetime(2100, 1, 1, tzinfo=UTC)
    return {
        "blueprint": public,
        "private_blueprint": hidden,
        "hook": url.rstrip("/").rpartition("/")[2],
        "promise": tasks.promise(actor=lin, text="Count the stars.", due_at=due, to="kay").id,
        "promised": tasks.promise(actor=kay, text="Bring the stars.", due_at=due, to="lin").id,
    }


def number(made: Created) -> int:
    return int(made.task.id[2:])


def belongings(member: Member | None, things: Mapping[str, Any]) -> dict[str, Any]:
    """What each has of their own; the anonymous and the retired try what is Lin's."""
    if member is None or member.handle == "rex":
        own = {"own_credential": things["credential"], "own_delivery": things["delivery"]}
        return {"me": "rex", **own}
    _, credential = run_write(lambda: make_credential(member, label="spare"))
    delivery = Delivery.objects.get(message=things["public"], recipient=member)
    return {"me": member.handle, "own_credential": credential.pk, "own_delivery": delivery.pk}


def session_of(member: Member) -> str:
    """The session of a browser that this member signed in with, even if it was long ago."""
    client = Client()
    client.force_login(member, backend="orgchart.backends.MemberBackend")
    return client.cookies[settings.SESSION_COOKIE_NAME].value


class Faces:
    """REST, MCP and the dashboard of one server, as each role uses them."""

    def __init__(self, server: Server, http: httpx2.AsyncClient, office: Office) -> None:
        self.server = server
        self.http = http
        self.office = office

    async def rest(self, role: str, method: str, path: str, arguments: Mapping[str, Any]) -> Reply:
        headers = self._bearer(role)
        if path.endswith("/stream/"):
            return await self._stream(role, path)
        if method == "GET":
            answer = await self.http.get(path, params=dict(arguments), headers=headers)
        else:
            answer = await self.http.request(method, path, json=arguments, headers=headers)
        return Reply("yes" if answer.is_success else str(answer.status_code), answer.content)

    async def _stream(self, role: str, path: str) -> Reply:
        """A stream has no end: its status says whether one may follow it."""
        token = self.office.tokens.get(role, "")
        async with open_stream(self.server, path, token=token) as stream:
            if stream.status == 200:
                return Reply("yes", b"")
            return Reply(str(stream.status), await stream.body())

    async def tool(self, role: str, name: str, arguments: Mapping[str, Any]) -> Reply:
        params = {"name": name, "arguments": arguments}
        answer = await self.http.post(
            MCP,
            headers={
                **self._bearer(role),
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": "2025-11-25",
            },
            json={"jsonrpc": "2.0", "id": 7, "method": "tools/call", "params": params},
        )
        if answer.status_code != 200:
            return Reply(str(answer.status_code), answer.content)
        result = said_by(answer)["result"]
        if not result["isError"]:
            return Reply("yes", answer.content)
        return Reply(str(result["_meta"]["teammcp/problem"]["status"]), answer.content)

    async def resource(self, role: str, method: str, uri: str) -> Reply:
        """Read an address, or subscribe to it in a session that is begun for that."""
        hello = {"capabilities": {}, "clientInfo": {"name": "t", "version": "1"}}
        begun = await self._ask(role, "initialize", {"protocolVersion": JUNE, **hello})
        if begun.status_code != 200:
            return Reply(str(begun.status_code), begun.content)
        session = {"Mcp-Session-Id": begun.headers["Mcp-Session-Id"]}
        answer = await self._ask(role, method, {"uri": uri}, session)
        said = said_by(answer)
        if "error" in said:
            return Reply(str(said["error"]["data"]["status"]), orjson.dumps(said))
        return Reply("yes", answer.content)

    async def _ask(
        self, role: str, method: str, params: Any, more: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        return await self.http.post(
            MCP,
            headers={
                **self._bearer(role),
                **(more or {}),
                "Accept": "application/json, text/event-stream",
                "MCP-Protocol-Version": JUNE,
            },
            json={"jsonrpc": "2.0", "id": 7, "method": method, "params": params},
        )

    async def page(self, role: str, method: str, path: str, form: Mapping[str, Any]) -> Reply:
        cookies = f"{settings.CSRF_COOKIE_NAME}={FORM_SECRET}"
        if role in self.office.sessions:
            cookies += f"; {settings.SESSION_COOKIE_NAME}={self.office.sessions[role]}"
        headers = {"Cookie": cookies, "X-CSRFToken": FORM_SECRET}
        data = None
        if method == "POST":  # as our script sends it; a refusal then draws no page around itself
            data, headers["HX-Request"] = dict(form), "true"
        answer = await self.http.request(method, path, data=data, headers=headers)
        if answer.headers.get("Location", "").startswith("/sign-in/?next="):
            return Reply("401", answer.content)
        seen = answer.is_success or answer.is_redirect
        return Reply("yes" if seen else str(answer.status_code), answer.content)

    def _bearer(self, role: str) -> dict[str, str]:
        token = self.office.tokens.get(role)
        return {"Authorization": f"Bearer {token}"} if token else {}


@pytest.fixture
async def faces(
    office: Office, server: Server, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Faces]:
    monkeypatch.setitem(sys.modules, "sniffio", None)  # else each call looks for it in all places
    transport = httpx2.ASGITransport(server)
    async with httpx2.AsyncClient(transport=transport, base_url="http://localhost") as http:
        yield Faces(server, http, office)


class Snapshot:
    """The database as it was, to come back to after a call that was allowed."""

    def __init__(self, path: str) -> None:
        self._now = sqlite3.connect(path, timeout=10, isolation_level=None)
        self._then = sqlite3.connect(":memory:", isolation_level=None)
        self._now.backup(self._then)
        rows = self._now.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
        tables = [name for (name,) in rows if not name.startswith("sqlite_")]
        counts = (f'(SELECT count(*) FROM "{name}")' for name in tables)  # noqa: S608
        self._counting = f"SELECT {', '.join(counts)}"
        self._before = self._count()

    def _count(self) -> Any:
        return self._now.execute(self._counting).fetchone()

    @property
    def changed(self) -> bool:
        """Whether any table, the ledger among them, has more or fewer rows."""
        return bool(self._count() != self._before)

    def restore(self) -> None:
        self._then.backup(self._now)

    def close(self) -> None:
        self._now.close()
        self._then.close()


@pytest.fixture
def snapshot(office: Office) -> Iterator[Snapshot]:
    if connection.vendor != "sqlite":
        pytest.skip("comes back to the file as it was, thousands of times")
    with closing(Snapshot(str(connection.settings_dict["NAME"]))) as taken:
        yield taken


@pytest.fixture
def make_snapshot(office: Office) -> Iterator[Callable[[], Snapshot]]:
    """Take one later: after a test has set the scene."""
    if connection.vendor != "sqlite":
        pytest.skip("comes back to the file as it was, many times")
    with ExitStack() as taken:
        path = str(connection.settings_dict["NAME"])
        yield lambda: taken.enter_context(closing(Snapshot(path)))


def said_by(answer: httpx2.Response) -> Any:
    """The JSON-RPC response, whether it came as one body or as a stream."""
    if answer.headers["Content-Type"].startswith("text/event-stream"):
        last = [line for line in answer.text.splitlines() if line.startswith("data: {")][-1]
        return orjson.loads(last.removeprefix("data: "))
    return answer.json()


def at_address(pattern: str, arguments: Mapping[str, Any]) -> tuple[str, dict[str, Any]] | None:
    """The path of a route for these arguments and those that are left; None if it needs others."""
    left = dict(arguments)
    parts = []
    for part in pattern.split("/"):
        name = part.strip("<>").partition(":")[2] if part.startswith("<") else ""
        if name and name not in left:
            return None
        parts.append(quote(str(left.pop(name)), safe="") if name else part)
    return "/".join(parts), left
