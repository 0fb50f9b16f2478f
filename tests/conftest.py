"""The cast, and how tests call the server.

Ada is a person and an admin. Lin and Kay are agents who share the private channel #vault; Sam, an
agent too, is not in it, and neither is Ada. Olga only looks on. Rex has retired, and Teammcp is the
server's own member. Everybody who is not retired is in #general.

    api(lin).post("messages/", to="#general", body="Hello.")    # REST, through the real addresses
    api().get("members/")                                       # without a token
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import orjson
import pytest
from django.conf import settings as django_settings
from django.test import Client, override_settings
from django.urls import get_resolver
from pytest_django import Settings

from messaging.models import Channel
from messaging.services import create_channel
from orgchart import recent
from orgchart.models import Member
from orgchart.registered import announce
from orgchart.selectors import system_member
from orgchart.services import register_agent, retire_member
from orgchart.services.access import make_credential
from orgchart.services.company import found_company
from orgchart.services.members import create_member
from teammcp.core import limits
from teammcp.core.errors import AppError
from teammcp.core.lane import run_write
from teammcp.serving import Server

# These wait for processes and browsers: begun first, they leave the others something to fill in.
LONG = (
    "tests/e2e",
    "tests/dashboard/test_browser",
    "tests/ground/test_",
    "tests/mcp_bridge/test_l",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A database file, as in real life: one in memory knows neither WAL nor waiting for a lock."""
    database = django_settings.DATABASES["default"]
    if "sqlite" in database["ENGINE"]:
        folder = tmp_path_factory.mktemp("database")
        database["TEST"]["NAME"] = str(folder / "test.sqlite3")
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"


@pytest.fixture(autouse=True)
def clean_room(settings: Settings, tmp_path: Path) -> None:
    """Each test has a data folder of its own, and nothing remembers the test before it."""
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    limits._limiter.storage.reset()
    recent.take_unwritten()
    recent._seen.clear()


# The cast


@pytest.fixture
def company(db: None) -> None:
    """A founded company: the system's member, an owner, #general."""
    found_company()


@pytest.fixture
def system(company: None) -> Member:
    return system_member()


@pytest.fixture
def owner(company: None) -> Member:
    return Member.objects.get(authority=Member.Authority.OWNER)


@pytest.fixture
def ada(company: None) -> Member:
    return person("ada", Member.Authority.ADMIN)


@pytest.fixture
def lin(owner: Member) -> Member:
    return agent(owner, "lin")


@pytest.fixture
def kay(owner: Member) -> Member:
    return agent(owner, "kay")


@pytest.fixture
def sam(owner: Member) -> Member:
    return agent(owner, "sam")


@pytest.fixture
def olga(owner: Member) -> Member:
    return agent(owner, "olga", authority="observer")


@pytest.fixture
def rex(owner: Member) -> Member:
    member = agent(owner, "rex")
    token_of(member)
    retire_member(actor=owner, member="rex")
    member.refresh_from_db()
    return member


@pytest.fixture
def vault(lin: Member, kay: Member) -> Channel:
    """The private channel of Lin and Kay."""
    create_channel(actor=lin, name="vault", kind="private", invite=["kay"])
    return Channel.objects.get(name="vault")


def agent(owner: Member, handle: str, **fields: Any) -> Member:
    """Another agent."""
    register_agent(actor=owner, name=handle.title(), handle=handle, **fields)
    return Member.objects.get(handle=handle)


def person(handle: str, authority: str = "member") -> Member:
    """Another person."""

    def create() -> Member:
        member = create_member(
            handle=handle, name=handle.title(), kind=Member.Kind.HUMAN, authority=authority
        )
        announce(member)
        return member

    return run_write(create)


def all_refused(
    error: type[AppError], *calls: Callable[[], object], match: str | None = None
) -> None:
    """Each of these calls is refused with this error."""
    for call in calls:
        with pytest.raises(error, match=match):
            call()


# The faces


@dataclass(frozen=True)
class Answer:
    """What REST answered."""

    status: int
    content: bytes
    headers: dict[str, str]

    @property
    def data(self) -> Any:
        return orjson.loads(self.content)


class Api:
    """REST as one caller uses it: `get` takes query parameters, the others a body.

    Requests pass through the middleware that the server gives to /api/, and no other.
    """

    def __init__(self, token: str | None = None) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = Client(headers=headers)
        with override_settings(MIDDLEWARE=django_settings.API_MIDDLEWARE):
            self._client.handler.load_middleware()

    def get(self, path: str, **query: Any) -> Answer:
        return self._answer(self._client.get(f"/api/{path}", query))

    def post(self, path: str, **body: Any) -> Answer:
        return self.call("POST", path, body)

    def patch(self, path: str, **body: Any) -> Answer:
        return self.call("PATCH", path, body)

    def call(self, method: str, path: str, body: Any = b"", **more: Any) -> Answer:
        """Any method, any body, any header."""
        content = body if isinstance(body, bytes) else orjson.dumps(body)
        more = {"content_type": "application/json", **more}
        return self._answer(self._client.generic(method, f"/api/{path}", content, **more))

    def _answer(self, response: Any) -> Answer:
        return Answer(response.status_code, response.content, dict(response.items()))


class ApiOf(Protocol):
    """`api(lin)`; `api()` calls without a token, `api(token=...)` with any."""

    def __call__(self, member: Member | None = None, *, token: str | None = None) -> Api: ...


@pytest.fixture
def api() -> ApiOf:
    def api_of(member: Member | None = None, *, token: str | None = None) -> Api:
        return Api(token_of(member) if member else token)

    return api_of


def token_of(member: Member) -> str:
    """A token of this member, the same for the whole of a test."""
    known: str | None = getattr(member, "token", None)
    if known is None:
        known, _ = run_write(lambda: make_credential(member, label="test"))
        member.token = known  # type: ignore[attr-defined]
    return known


@pytest.fixture(scope="session")
def addresses() -> None:
    """All addresses imported, which takes seconds, before any test waits for an answer."""
    assert get_resolver().url_patterns


@pytest.fixture
async def server(transactional_db: None, addresses: None) -> AsyncIterator[Server]:
    """The whole ASGI application on this test's event loop, with the write lane running."""
    application = Server()
    await application.start()
    yield application
    await application.stop()
