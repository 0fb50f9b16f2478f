"""Every route, tool and page is asked by everybody, and answers as the table says."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mcp_bridge.resources import catalogue
from orgchart.authority import ALL_SCOPES, BY_AUTHORITY
from teammcp.core.actions import registry
from tests.access.conftest import Faces, Reply, Snapshot, at_address
from tests.access.routes import OPEN_TO_ALL, TOOLS, Route, pages, rest_routes
from tests.access.table import ADDRESSES, ROLES, TABLE, TWINS, Row, document, filled

SECRETS = ("xyzzy", "plugh", "frobozz")


class Ask(NamedTuple):
    """One question to one face: its address or tool, and how to put it."""

    row: Row
    label: str
    put: Callable[[Faces, str, Mapping[str, str]], Awaitable[Reply]]
    on_page: bool = False


def over_rest() -> list[Ask]:
    return [
        Ask(row, f"{route.method} {route.pattern}", _to_route(route, row))
        for route in rest_routes()
        for row in TABLE
        if row.action == route.action and at_address(route.pattern, row.arguments)
    ]


def _to_route(route: Route, row: Row) -> Any:
    async def put(faces: Faces, role: str, twins: Mapping[str, str]) -> Reply:
        given = replaced(filled(row.arguments, faces.office.ids(role)), twins)
        found = at_address(route.pattern, given)
        assert found is not None
        return await faces.rest(role, route.method, *found)

    return put


def over_mcp() -> list[Ask]:
    return [Ask(row, TOOLS[row.action], _to_tool(row)) for row in TABLE if row.action in TOOLS]


def _to_tool(row: Row) -> Any:
    async def put(faces: Faces, role: str, twins: Mapping[str, str]) -> Reply:
        given = replaced(filled(row.arguments, faces.office.ids(role)), twins)
        return await faces.tool(role, TOOLS[row.action], given)

    return put


def on_the_dashboard() -> list[Ask]:
    return [
        Ask(row, page, _to_page(page, row), on_page=True) for row in TABLE for page in row.pages
    ]


def _to_page(page: str, row: Row) -> Any:
    method, _, address = page.partition(" ")

    async def put(faces: Faces, role: str, twins: Mapping[str, str]) -> Reply:
        ids = faces.office.ids(role)
        form = replaced(filled(row.arguments, ids), twins) if method == "POST" else {}
        return await faces.page(role, method, replaced(address.format_map(ids), twins), form)

    return put


def by_address() -> list[Ask]:
    return [
        Ask(row, f"{how} {ADDRESSES[row.what]}", _to_resource(how, ADDRESSES[row.what]))
        for row in TABLE
        if row.what in ADDRESSES
        for how in ("resources/read", "resources/subscribe")
    ]


def _to_resource(how: str, address: str) -> Any:
    async def put(faces: Faces, role: str, twins: Mapping[str, str]) -> Reply:
        named = replaced(address.format_map(faces.office.ids(role)), twins)
        return await faces.resource(role, how, f"teammcp://{named}")

    return put


FACES = {
    "REST": over_rest,
    "MCP": over_mcp,
    "resources": by_address,
    "dashboard": on_the_dashboard,
}
Face = Callable[[], list[Ask]]
every_face = pytest.mark.parametrize("face", FACES.values(), ids=FACES)


def replaced(value: Any, twins: Mapping[str, str]) -> Any:
    """The value with each name by its twin, ids among them."""
    if isinstance(value, Mapping):
        return {replaced(key, twins): replaced(item, twins) for key, item in value.items()}
    if isinstance(value, list):
        return [replaced(item, twins) for item in value]
    if isinstance(value, int) and not isinstance(value, bool):
        return int(twins.get(str(value), value))
    if isinstance(value, str):
        for name, twin in twins.items():
            value = value.replace(name, twin)
    return value


# The table is complete


def test_every_rest_address_is_in_the_table() -> None:
    asked = {ask.label for ask in over_rest()}
    assert {f"{route.method} {route.pattern}" for route in rest_routes()} == asked


def test_every_tool_is_in_the_table() -> None:
    assert set(TOOLS.values()) == {ask.label for ask in over_mcp()}


def test_every_resource_is_in_the_table() -> None:
    asked = {ask.label.split()[1].partition("/")[0]: ask.row.action for ask in by_address()}
    assert set(ADDRESSES) <= {row.what for row in TABLE}
    assert asked == {one.name: one.action.name for one in catalogue().values()}


def test_every_page_is_in_the_table() -> None:
    def matches(pattern: str, page: str) -> bool:
        address = page.split()[1].partition("?")[0]
        return re.fullmatch(re.sub(r"<\w+:\w+>", "[^/]+", pattern), address) is not None

    asked = [page for row in TABLE for page in row.pages]
    assert {p for p in pages() if not any(matches(p, page) for page in asked)} == set()


def test_every_action_and_no_other_is_in_the_table() -> None:
    inner = {"use_tool", "fire_blueprint"}  # on no face: ask_permission and take_hook call them
    assert {row.action for row in TABLE} - {"", "stream_events"} == registry.keys() - inner


def test_every_row_is_asked_somewhere() -> None:
    asked = {ask.row.what for face in FACES.values() for ask in face()}
    assert [row.what for row in TABLE if row.what not in asked] == []
    assert len({row.what for row in TABLE}) == len(TABLE)


def test_every_scope_that_an_action_needs_is_granted_to_somebody() -> None:
    needed = {action.scope for action in registry.values()}
    assert needed - ALL_SCOPES == {"join"}  # the server's own, with a join code
    assert set().union(*BY_AUTHORITY.values()) == ALL_SCOPES


def test_an_observer_may_write_nothing_but_its_own_reading_state() -> None:
    granted = BY_AUTHORITY["observer"]
    writes = {a.name for a in registry.values() if a.writes and a.scope in granted}
    own = {"ack", "mark_read", "report_wake", "set_notify", "save_message", "unsave_message",
           "follow_thread", "unfollow_thread", "follow_task", "unfollow_task",
           "finish_welcome", "set_password"}  # fmt: skip
    assert writes == own


def test_the_document_says_what_the_table_says() -> None:
    path = Path(__file__).parents[2] / "docs" / "access.md"
    assert path.read_text() == document(), "python -m tests.access.table > docs/access.md"


# The table is true


@pytest.mark.no_cover
@every_face
@pytest.mark.timeout(240)  # some thousands of calls
async def test_everybody_is_answered_as_the_table_says(
    faces: Faces, snapshot: Snapshot, face: Face
) -> None:
    wrong: list[str] = []
    for ask in face():
        for role in ROLES:
            reply = await ask.put(faces, role, {})
            wrong += problems(ask, role, reply, faces, changed=snapshot.changed)
            if snapshot.changed:
                snapshot.restore()
    assert not wrong, "\n".join(wrong)


def problems(ask: Ask, role: str, reply: Reply, faces: Faces, *, changed: bool) -> Iterator[str]:
    """What is wrong with one answer."""
    where = f"{ask.row.what}: {ask.label} as {role}"
    expected = ask.row.expected[role]
    # Pages for those with more authority look absent to others.
    absent = ask.on_page and (reply.outcome, expected) == ("404", "403")
    if reply.outcome != expected and not absent:
        yield f"{where}: {reply.outcome} instead of {expected}: {reply.content[:300]!r}"
    if reply.outcome != "yes" and changed:
        yield f"{where}: refused, but something was written"
    text = reply.content.decode()
    if role == "member":
        silent = ask.label.startswith("resources/subscribe")
        if ask.row.shows and ask.row.shows not in text and not silent:
            yield f"{where}: does not show {ask.row.shows}"
    else:
        yield from (f"{where}: shows {secret}" for secret in seen_by_others(ask, text, faces))


def seen_by_others(ask: Ask, text: str, faces: Faces) -> Iterator[str]:
    """Secrets of the member in an answer to somebody else; the name too, unless it was asked by."""
    asked = f"{ask.label} {dict(ask.row.arguments)}"
    for secret in (*SECRETS, "vault", *faces.office.tokens.values()):
        if secret in text and secret not in asked:
            yield secret


async def test_what_is_open_to_all_says_nothing_about_the_company(faces: Faces) -> None:
    for path in OPEN_TO_ALL:
        answer = await faces.http.get(f"/{path}")
        assert answer.status_code in {200, 301}
        assert not [secret for secret in (*SECRETS, "vault") if secret in answer.text]


# What is hidden looks absent


def twins_of(row: Row, faces: Faces) -> dict[str, str]:
    """From what the row speaks of to something of the same length that is not there."""
    ids = {str(pk): str(pk + 50) for pk in faces.office.things.values() if isinstance(pk, int)}
    return {**TWINS, **ids, **row.twin}


def hidden_from(row: Row) -> list[str]:
    """The roles from which the row hides something. An observer may be refused before that."""
    expected = row.expected
    if "404" not in expected.values():
        return []
    return [role for role, word in expected.items() if (role, word) in BEFORE or word == "404"]


BEFORE = {("observer", "403"), ("anonymous", "401"), ("retired", "401")}


@pytest.mark.no_cover
@every_face
@pytest.mark.timeout(240)
async def test_what_is_hidden_answers_byte_for_byte_as_what_is_absent(
    faces: Faces, snapshot: Snapshot, face: Face
) -> None:
    compared = 0
    wrong = []
    for ask in face():
        twins = twins_of(ask.row, faces)
        back = {twin: name for name, twin in twins.items()}
        for role in hidden_from(ask.row):
            hidden = await ask.put(faces, role, {})
            absent = await ask.put(faces, role, twins)
            compared += 1
            if plain(hidden, {}) != plain(absent, back):
                wrong.append(f"{ask.label} as {role}: {difference(hidden, absent)}")
    assert not wrong, "\n".join(wrong)
    assert compared > 25
    assert not snapshot.changed


def plain(reply: Reply, back: Mapping[str, str]) -> tuple[str, str]:
    """The answer without what differs in every one: tokens of forms, keys of composers."""
    text = re.sub(r'value="[\w-]{36,}"', "", reply.content.decode())
    return reply.outcome, replaced(text, back)


def difference(one: Reply, other: Reply) -> str:
    """Where two answers part."""
    pairs = enumerate(zip(one.content, other.content, strict=False))
    same = next((place for place, (left, right) in pairs if left != right), 0)
    parts = (reply.content[max(0, same - 20) : same + 80] for reply in (one, other))
    return f"{one.outcome} {other.outcome} {' | '.join(map(repr, parts))}"
