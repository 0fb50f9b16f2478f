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
from django.utils import timezone
from pytest_django import Settings

from approvals.rules import rules
from audit import listening
from messaging import causes
from messaging.models import Channel
from messaging.services import create_channel
from orgchart import recent
from orgchart.board import board
from orgchart.models import Member
from orgchart.registered import announce
from orgchart.selectors import system_member
from orgchart.services import register_agent, retire_member
from orgchart.services.access import make_credential
from orgchart.services.company import found_company
from orgchart.services.members import create_member
from teammcp.core import limits
from teammcp.core.actions import registry
from teammcp.core.errors import AppError, Held
from teammcp.core.lane import run_write
from teammcp.serving import Server
from tests.live import LiveServer, copy_migrated
from tests.migrated import Migrated
from tests.scenes import db, scene, stage, transactional_db

__all__ = ["db", "stage", "transactional_db"]

# These wait for processes and browsers: begun first, they leave the others something to fill in.
LONG = (
    "tests/client",
    "tests/e2e",
    "tests/dashboard/test_browser",
    "tests/ground/test_",
    "tests/mcp_bridge/test_l",
)


SQLITE = "sqlite" in django_settings.DATABASES["default"]["ENGINE"]
MIGRATED = pytest.StashKey[Migrated | None]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if any(item.get_closest_marker("django_db") for item in items):
        raise pytest.UsageError("Take `db` or `transactional_db` in place of the django_db marker.")
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))
    for item in items:
        if not SQLITE and item.get_closest_marker("sqlite"):
            item.add_marker(pytest.mark.skip(reason="looks into SQLite itself"))


def pytest_configure(config: pytest.Config) -> None:
    """In a worker: where the run's migrated database will be."""
    if found := getattr(config, "workerinput", {}).get("migrated"):
        LiveServer.migrated = Path(found)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Before a worker starts: make that database, once."""
    if SQLITE:
        migrated = node.config.stash.setdefault(MIGRATED, None) or Migrated()
        node.config.stash[MIGRATED] = migrated
        node.workerinput["migrated"] = str(migrated.folder)


def pytest_unconfigure(config: pytest.Config) -> None:
    if migrated := config.stash.get(MIGRATED, None):
        migrated.remove()


@pytest.fixture(scope="session")
def database_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where this worker's database is, or will be made where there is none to copy."""
    file = tmp_path_factory.mktemp("database") / "test.sqlite3"
    if SQLITE:
        copy_migrated(LiveServer.migrated, file)
    return file


@pytest.fixture(scope="session")
def django_db_keepdb(database_file: Path, request: pytest.FixtureRequest) -> bool:
    """What was copied is used as it is."""
    return database_file.exists() or bool(request.config.getvalue("reuse_db"))


@pytest.fixture(scope="session")
def django_db_modify_db_settings(database_file: Path, request: pytest.FixtureRequest) -> None:
    """A database file, as in real life: one in memory knows neither WAL nor waiting for a lock."""
    database = django_settings.DATABASES["default"]
    if SQLITE:
        database["TEST"]["NAME"] = str(database_file)
        database["OPTIONS"]["init_command"] += " PRAGMA synchronous=OFF;"
    else:
        request.getfixturevalue("django_db_modify_db_settings_parallel_suffix")
        database["OPTIONS"].pop("pool", None)  # tests drop their database, which a pool would hold
        database["OPTIONS"]["options"] = "-c synchronous_commit=off"
        database["CONN_MAX_AGE"] = 0


@pytest.fixture(autouse=True)
def clean_room(settings: Settings, tmp_path: Path) -> None:
    """Each test has a data folder of its own, and nothing remembers the test before it."""
    settings.DATA_DIR = tmp_path
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.WHITENOISE_AUTOREFRESH = True  # else each handler begins by reading all static files
    limits._limiter.storage.reset()
    recent.forget()
    listening.forget()
    board.forget()
    causes.forget()
    rules.forget()


# The cast


@scene
def company(db: None) -> None:
    """A founded company: the system's member, an owner, #general."""
    found_company()


@scene
def system(company: None) -> Member:
    return system_member()


@scene
def owner(company: None) -> Member:
    return Member.objects.get(authority=Member.Authority.OWNER)


@scene
def ada(company: None) -> Member:
    return person("ada", Member.Authority.ADMIN)


@scene
def lin(owner: Member) -> Member:
    return agent(owner, "lin")


@scene
def kay(owner: Member) -> Member:
    return agent(owner, "kay")


@scene
def sam(owner: Member) -> Member:
    return agent(owner, "sam")


@scene
def olga(owner: Member) -> Member:
    return agent(owner, "olga", authority="observer")


@scene
def rex(owner: Member) -> Member:
    member = agent(owner, "rex")
    token_of(member)
    retire_member(actor=owner, member="rex")
    member.refresh_from_db()
    return member


@scene
def vault(lin: Member, kay: Member) -> Channel:
    """The private channel of Lin and Kay."""
    create_channel(actor=lin, name="vault", kind="private", invite=["kay"])
    return Channel.objects.get(name="vault")


def agent(owner: Member, handle: str, **fields: Any) -> Member:
    """Another agent."""
    register_agent(actor=owner, name=handle.title(), handle=handle, **fields)
    return Member.objects.get(handle=handle)


def person(handle: str, authority: str = "member") -> Member:
    """Another person, who has been here for a while."""

    def create() -> Member:
        member = create_member(
            handle=handle,
            name=handle.title(),
            kind=Member.Kind.HUMAN,
            authority=authority,
            welcomed_at=timezone.now(),
        )
        announce(member)
        return member

    return run_write(create)


def held_call(member: Member, action: str, /, **arguments: Any) -> str:
    """Make a call that a policy holds, and give the name of the request."""
    with pytest.raises(Held) as held:
        registry[action].call(member, arguments)
    return str(held.value.state["request"])


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
