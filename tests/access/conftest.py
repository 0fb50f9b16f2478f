"""A company with something of everything, and its faces as everybody meets them."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx2
import orjson
import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from messaging.models import Channel, Delivery, Message
from messaging.services import create_channel, send_message, update_channel
from orgchart.models import Member
from orgchart.services import create_join_code, issue_credential
from orgchart.services.access import make_credential
from teammcp.core.lane import run_write
from teammcp.serving import Server
from tests.access.table import CAST
from tests.asgi import open_stream
from tests.conftest import token_of

MCP = "/mcp?profile=full"
FORM_SECRET = "f" * 32  # of the form and of the cookie, which a browser sends alike
FIRST_IDS = {"messaging_channel": 54_300, "messaging_message": 65_400, "messaging_delivery": 76_500,
             "orgchart_credential": 87_600}  # fmt: skip


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
def office(
    transactional_db: None, owner: Member, ada: Member, lin: Member, kay: Member, sam: Member,
    olga: Member, rex: Member,
) -> Office:  # fmt: skip
    """Ids begin high, so that replacing one in an answer replaces nothing else."""
    begin_ids_high()
    people = {"sam": sam, "olga": olga, "lin": lin, "ada": ada, "owner": owner, "rex": rex}
    for person in (ada, owner):
        person.set_password("correct horse")
        person.save(update_fields=["password"])
    things = talk(lin, kay, [handle for handle in people if handle != "rex"])
    things["credential"] = issue_credential(actor=lin, label="phone").credential.id
    things["owner_credential"] = issue_credential(actor=owner, label="phone").credential.id
    things["join_code"] = create_join_code(actor=owner, uses=5).join_code
    return Office(
        tokens={role: token_of(people[handle]) for role, handle in CAST.items() if handle},
        sessions={role: session_of(people[handle]) for role, handle in CAST.items() if handle},
        things=things,
        own={role: belongings(people.get(handle), things) for role, handle in CAST.items()},
    )


def begin_ids_high() -> None:
    """Also where other tests have used this database before."""
    with connection.cursor() as cursor:
        for table, first in FIRST_IDS.items():
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute(
                "INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, first]
            )


def talk(lin: Member, kay: Member, everybody: list[str]) -> dict[str, Any]:
    """One message of each kind, and one archived channel."""
    create_channel(actor=lin, name="plans", purpose="What comes next")
    create_channel(actor=lin, name="vault", kind="private", purpose="frobozz", invite=["kay"])
    create_channel(actor=lin, name="attic")
    update_channel(actor=lin, channel="#attic", archived=True)
    named = " ".join(f"@{handle}" for handle in everybody)
    public = send_message(actor=kay, to="#general", body=f"Good morning {named}.").id
    notice = send_message(actor=kay, to="#general", body="It rains.").id
    send_message(actor=lin, to="#plans", body="To the moon.")
    private = send_message(actor=kay, to="#vault", body="The combination is xyzzy, @lin.").id
    reply = send_message(actor=lin, to=f"thread:{private}", body="I keep xyzzy.").id
    direct = send_message(actor=kay, to="@lin", body="Between us: plugh.").id
    return {
        "public": public,
        "notice": notice,
        "private": private,
        "reply": reply,
        "direct": direct,
        "delivery": Delivery.objects.get(message=private, recipient=lin).pk,
        "vault_id": Channel.objects.get(name="vault").pk,
        "direct_id": Message.objects.get(pk=direct).channel_id,
    }


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
async def faces(office: Office, server: Server) -> AsyncIterator[Faces]:
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
    with closing(Snapshot(str(connection.settings_dict["NAME"]))) as taken:
        yield taken


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
