"""Reading by address: the same answers and the same rights as the tools have."""

from __future__ import annotations

from functools import partial
from typing import Any

import httpx2
import orjson
import pytest
from mcp.shared.exceptions import MCPError
from mcp.types import INTERNAL_ERROR, INVALID_PARAMS, PromptReference, ResourceTemplateReference
from pytest_django import DjangoAssertNumQueries

from mcp_bridge import resources as module
from mcp_bridge.checks import check_resources
from mcp_bridge.resources import address_of, catalogue
from messaging.models import Channel, Delivery
from messaging.resources import RESOURCES
from messaging.services import create_channel, send_message
from orgchart.models import Credential, Member
from tests.mcp_bridge.conftest import (
    JUNE,
    META,
    MODERN,
    Connect,
    Staff,
    in_thread,
    request_of,
    text_of,
    tokens,
)

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])
NOT_FOUND = {"auto": INVALID_PARAMS, "legacy": -32002}
CHANNEL = "teammcp://channel/{name}{?before,after}"


async def text_at(client: Any, uri: str) -> str:
    (content,) = (await client.read_resource(uri)).contents
    assert content.uri == uri
    return str(content.text)


async def refusal(client: Any, uri: str) -> Any:
    with pytest.raises(MCPError) as refused:
        await client.read_resource(uri)
    return refused.value.error


@ERAS
async def test_the_lists_are_small_and_the_same_for_everybody(connect: Connect, mode: str) -> None:
    async with connect("lin", mode=mode) as lin, connect("ada", profile="full") as ada:
        listed = await lin.list_resources()
        templates = await lin.list_resource_templates()
        of_ada = await ada.list_resources()

    uris = [resource.uri for resource in listed.resources]
    names = ("inbox", "channels", "people", "me", "tasks", "work", "promises")
    assert set(uris) == {f"teammcp://{name}" for name in names}
    assert listed.resources == of_ada.resources
    found = [template.uri_template for template in templates.resource_templates]
    assert {CHANNEL, "teammcp://message/{id}", "teammcp://member/{handle}"} < set(found)
    assert tokens(listed.model_dump_json(exclude_none=True)) < 400
    assert tokens(templates.model_dump_json(exclude_none=True)) < 600


@ERAS
async def test_an_address_shows_the_text_of_the_tool(connect: Connect, mode: str) -> None:
    async with connect("lin", mode=mode) as lin, connect("ada", profile="full") as ada:
        sent = await ada.call_tool("send", {"to": "#general", "body": "A fence: <said>, @lin."})
        pk = sent.structured_content["id"]
        pairs = {
            "channels": ("list_channels", {}),
            "channel/general": ("read", {"where": "#general"}),
            "channel/general?after=0": ("read", {"where": "#general", "after": "0"}),
            f"thread/{pk}": ("read", {"where": f"thread:{pk}"}),
            f"message/{pk}": ("show_message", {"message_id": pk}),
            "people": ("find_people", {}),
            "people?query=lin": ("find_people", {"query": "lin"}),
            "member/ada": ("show_member", {"member": "ada"}),
            "me": ("show_member", {}),
        }
        async with connect("lin", profile="full") as full:
            for address, (tool, arguments) in pairs.items():
                text = text_of(await full.call_tool(tool, arguments))
                assert await text_at(lin, f"teammcp://{address}") in text, address
        text = await text_at(lin, "teammcp://channel/general")
    assert ">A fence: &lt;said>, @lin.</said>" in text


@ERAS
async def test_a_channel_is_paged_by_the_cursors_that_it_gives(
    connect: Connect, staff: Staff, mode: str
) -> None:
    for number in range(60):
        body = f"Number {number}."
        await in_thread(partial(send_message, actor=staff.ada, to="#general", body=body))
    async with connect("lin", mode=mode) as lin:
        newest = await text_at(lin, "teammcp://channel/general")
        older = await text_at(lin, "teammcp://channel/general?before=11")
    assert "Number 59." in newest
    assert '"before":"11"' in newest
    assert "Number 9." in older
    assert "Number 10." not in older


@ERAS
async def test_reading_the_inbox_offers_and_acknowledges_nothing(
    connect: Connect, mode: str
) -> None:
    async with connect("lin", mode=mode) as lin, connect("ada") as ada:
        await ada.call_tool("send", {"to": "@lin", "body": "For you."})
        assert "For you." in await text_at(lin, "teammcp://inbox")
        assert 'redelivered="true"' in await text_at(lin, "teammcp://inbox")
    row = await in_thread(Delivery.objects.get)
    assert row.offered_at is not None
    assert row.offered_route == "mcp"
    assert row.acknowledged_at is None


@ERAS
@pytest.mark.parametrize(
    "uri",
    [
        "teammcp://channel/nowhere",
        "teammcp://channel/nowhere?before=1",
        "teammcp://thread/999999",
        "teammcp://thread/abc",
        "teammcp://message/999999",
        "teammcp://member/nobody-here",
        "teammcp://member/a\u0000b",
        "teammcp://member/%00",
        "teammcp://inbox/lin",
        "teammcp://channel",
        "teammcp://channel/",
        "teammcp://channel/#general",
        "teammcp://secrets",
        "teammcp://[",
        "file:///etc/passwd",
        "",
        "teammcp://channel/" + "x" * 1_000,
    ],
)
async def test_what_is_not_there_is_the_error_of_the_protocol_and_says_what_is(
    connect: Connect, mode: str, uri: str
) -> None:
    async with connect("lin", mode=mode) as lin:
        error = await refusal(lin, uri)
    assert error.code == NOT_FOUND[mode]
    assert error.message.startswith("not_found: ")
    assert "Next: " in error.message
    assert error.data.get("uri", "") == uri
    assert error.data["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "version"), [("resources/read", JUNE), ("subscriptions/listen", MODERN)]
)
@pytest.mark.parametrize("sign", ["\\ud800", "\\u0000", "\\u202e"])
async def test_signs_that_no_address_has_are_refused_as_any_other(
    staff: Staff, http: httpx2.AsyncClient, method: str, version: str, sign: str
) -> None:
    request = request_of(staff.token("lin"), "x", {}, version=version)
    del request["json"]
    request["headers"] |= {"Mcp-Method": method, "Content-Type": "application/json"}
    asked: dict[str, Any] = {"uri": "URI", "notifications": {"resourceSubscriptions": ["URI"]}}
    body = {"jsonrpc": "2.0", "id": 7, "method": method, "params": {**asked, "_meta": META}}
    content = orjson.dumps(body).replace(b"URI", f"teammcp://people?query={sign}".encode())
    answer = await http.post(**request, content=content)
    assert answer.status_code == (400 if version == MODERN or sign == "\\ud800" else 200)
    assert '"error"' in answer.text
    assert str(INTERNAL_ERROR) not in answer.text


@ERAS
@pytest.mark.parametrize(
    "uri",
    [
        "teammcp://channel/general?where=%23vault",
        "teammcp://channel/general?before=soon",
        "teammcp://channel/general?before=1&after=1",
        "teammcp://inbox?limit=1",
        "teammcp://message/abc",
        "teammcp://channels?after=-1",
    ],
)
async def test_a_wrong_page_is_refused_with_what_is_right(
    connect: Connect, mode: str, uri: str
) -> None:
    async with connect("lin", mode=mode) as lin:
        error = await refusal(lin, uri)
    assert error.code == INVALID_PARAMS
    assert error.message.startswith("invalid_input: ")


@ERAS
async def test_what_is_hidden_is_answered_as_what_is_absent(
    connect: Connect, staff: Staff, mode: str
) -> None:
    def hide() -> int:
        create_channel(actor=staff.lin, name="vault", kind="private")
        return send_message(actor=staff.lin, to="#vault", body="xyzzy").id

    pk = await in_thread(hide)
    pairs = {
        "channel/vault": "channel/vaulu",
        f"thread/{pk}": f"thread/{pk + 50}",
        f"message/{pk}": f"message/{pk + 50}",
    }
    async with connect("ada", mode=mode) as ada:
        for hidden, absent in pairs.items():
            one = await refusal(ada, f"teammcp://{hidden}")
            other = await refusal(ada, f"teammcp://{absent}")
            words = zip(*(pair.split("/") for pair in (absent, hidden)), strict=True)
            text = other.model_dump_json()
            for theirs, ours in words:
                text = text.replace(theirs.strip("@"), ours.strip("@"))
            assert one.model_dump_json() == text


@ERAS
async def test_who_has_no_scope_is_refused(connect: Connect, staff: Staff, mode: str) -> None:
    def narrow() -> None:
        Credential.objects.filter(member=staff.lin).update(scopes=["inbox:read"])

    await in_thread(narrow)
    async with connect("lin", mode=mode) as lin:
        error = await refusal(lin, "teammcp://channel/general")
    assert error.code == INVALID_PARAMS
    assert error.data["code"] == "forbidden"


@ERAS
async def test_names_are_completed_from_what_one_may_see(
    connect: Connect, staff: Staff, mode: str
) -> None:
    def found() -> None:
        create_channel(actor=staff.ada, name="garden")
        create_channel(actor=staff.ada, name="big-game")
        create_channel(actor=staff.ada, name="gems", kind="private")

    await in_thread(found)
    member = ResourceTemplateReference(uri="teammcp://member/{handle}")
    async with connect("lin", mode=mode) as lin:

        async def values(ref: Any, name: str, typed: str) -> list[str]:
            found = await lin.complete(ref, {"name": name, "value": typed})
            return list(found.completion.values)

        channel = ResourceTemplateReference(uri=CHANNEL)
        assert await values(channel, "name", "g") == ["general", "garden", "big-game"]
        assert await values(channel, "name", "gem") == []
        assert await values(channel, "before", "1") == []
        assert await values(member, "handle", "@a") == ["ada", "sam"]
        for ref in (ResourceTemplateReference(uri="x://{y}"), PromptReference(name="stand-up")):
            with pytest.raises(MCPError, match="Next: "):
                await values(ref, "name", "g")


def test_two_resources_of_one_name_are_found_by_the_checks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert check_resources() == []
    monkeypatch.setattr(module, "_all_resources", lambda: iter([RESOURCES[0], RESOURCES[0]]))
    catalogue.cache_clear()
    try:
        assert [found.id for found in check_resources()] == ["mcp_bridge.E002"]
    finally:
        catalogue.cache_clear()


@pytest.mark.parametrize(
    ("address", "reading", "watching"),
    [
        ("inbox", 5, 0),
        ("channels", 2, 1),
        ("channel/vault", 3, 2),
        ("thread/{message}", 5, 2),
        ("message/{message}", 1, 1),
        ("people", 7, 0),
        ("me", 1, 1),
        ("member/kay", 1, 1),
    ],
)
def test_the_queries_of_each_address_are_counted(
    lin: Member,
    kay: Member,
    vault: Channel,
    django_assert_num_queries: DjangoAssertNumQueries,
    address: str,
    reading: int,
    watching: int,
) -> None:
    pk = send_message(actor=kay, to="#vault", body="Hello.").id
    found = address_of(f"teammcp://{address.format(message=pk)}")
    with django_assert_num_queries(reading):
        found.resource.action.call(lin, found.arguments)
    with django_assert_num_queries(watching):
        found.changes(lin)
