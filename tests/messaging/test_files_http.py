"""Files over HTTP and MCP: bodies as they come, answers in parts, refusals on the way."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx2
import pytest
from pytest_django import Settings

from messaging import quota
from messaging.models import Channel, File
from messaging.services import send_message
from orgchart.models import Member
from teammcp.serving import Server
from tests.access.conftest import said_by
from tests.asgi import in_thread
from tests.conftest import token_of

CONTENT = bytes(range(256)) * 40  # 10,240 bytes
DIGEST = hashlib.sha256(CONTENT).hexdigest()
FILES = "/api/files/"


class Desk:
    """REST as one member uses it, over the whole server."""

    def __init__(self, server: Server, member: Member) -> None:
        transport = httpx2.ASGITransport(server)
        headers = {"Authorization": f"Bearer {token_of(member)}"}
        self.http = httpx2.AsyncClient(
            transport=transport, base_url="http://localhost", headers=headers
        )

    async def put(self, content: Any = CONTENT, **query: str) -> httpx2.Response:
        return await self.http.post(FILES, params={"name": "q3.bin", **query}, content=content)

    async def get(self, pk: int, **headers: str) -> httpx2.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return await self.http.get(f"{FILES}{pk}/content/", headers=named)


@pytest.fixture
def desk(transactional_db: None, server: Server) -> Callable[[Member], Desk]:
    return lambda member: Desk(server, member)


DeskOf = Callable[[Member], Desk]


def incoming(settings: Settings) -> list[Path]:
    folder = Path(settings.DATA_DIR) / "files" / "incoming"
    return list(folder.iterdir()) if folder.exists() else []


# Up


async def test_a_raw_body_a_form_and_json_store_the_same_file(lin: Member, desk: DeskOf) -> None:
    it = desk(lin)
    raw = await it.put()
    put = await it.http.put(FILES, params={"name": "q3.bin"}, content=CONTENT)
    form = await it.http.post(FILES, files={"file": ("q3.bin", CONTENT, "text/html")})
    json = await it.http.post(FILES, json={"name": "q3.txt", "text": "Up."})
    assert [raw.status_code, put.status_code, form.status_code, json.status_code] == [201] * 4
    for answer in (raw, put, form):
        found = answer.json()
        assert (found["name"], found["size"], found["sha256"]) == ("q3.bin", 10_240, DIGEST)
        assert found["type"] == "application/octet-stream"
    assert (await it.get(form.json()["id"])).content == CONTENT


async def test_a_form_can_post_its_file_at_once(lin: Member, desk: DeskOf) -> None:
    form = {"to": "#general", "note": "Größe", "client_key": "k"}
    files = {"file": ('Größe "1".bin', CONTENT)}
    first = await desk(lin).http.post(FILES, data=form, files=files)
    again = await desk(lin).http.post(FILES, data=form, files=files)
    assert first.json()["path"] == "#general/Größe _1_.bin"
    assert first.json() == again.json()
    said = await desk(lin).http.get(f"/api/messages/{first.json()['message']}/")
    assert said.json()["body"] == "Größe"


async def test_a_body_in_pieces_of_any_size_is_one_file(lin: Member, desk: DeskOf) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for start in range(0, len(CONTENT), 999):
            yield CONTENT[start : start + 999]

    answer = await desk(lin).put(pieces())
    assert answer.json()["sha256"] == DIGEST


async def test_what_is_refused_leaves_nothing(
    lin: Member, olga: Member, vault: Channel, sam: Member, desk: DeskOf, settings: Settings
) -> None:
    settings.FILE_MAX_BYTES, settings.FILE_MEMBER_QUOTA = 20_000, 15_000
    it = desk(lin)
    refused = {
        413: [it.put(b"x" * 20_001), it.put(_pieces(30))],
        409: [it.put(b"x" * 16_000), it.put(_pieces(16))],
        400: [
            it.put(name="../a"), it.put(name=""), it.put(colour="red"), it.put(to="nowhere"),
            it.http.post(FILES, params={"name": "a"}, data={"name": "b"}, files={"f": ("c", b"")}),
            it.http.post(FILES, data={"to": "#general"}, files={"file": ("", b"")}),
            it.http.post(FILES, files=[("f", ("a", b"1")), ("f", ("b", b"2"))]),
            it.http.post(FILES, content=b"x", headers={"Content-Type": "multipart/form-data"}),
            it.http.post(FILES, content=b"--b\r\nnonsense", headers={
                "Content-Type": "multipart/form-data; boundary=b"}),
        ],
        404: [desk(sam).put(to="#vault"), it.put(to="#general/nowhere")],
        403: [desk(olga).put()],
    }  # fmt: skip
    for status, calls in refused.items():
        for call in calls:
            answer = await call
            assert answer.status_code == status, answer.text
            assert answer.json()["next"], answer.text
    anonymous = httpx2.AsyncClient(transport=it.http._transport, base_url="http://localhost")
    assert (await anonymous.post(FILES, params={"name": "a"}, content=b"x")).status_code == 401
    assert not await in_thread(File.objects.exists)
    assert incoming(settings) == []
    assert quota._in_flight == {}


async def _pieces(count: int) -> AsyncIterator[bytes]:
    """A body that does not say how long it is."""
    for _ in range(count):
        yield b"x" * 1_000


async def test_uploads_at_the_same_time_never_exceed_the_quota(
    lin: Member, desk: DeskOf, settings: Settings
) -> None:
    settings.FILE_MEMBER_QUOTA = 35_000
    it = desk(lin)
    answers = await asyncio.gather(*(it.put(CONTENT + bytes([n])) for n in range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] * 3 + [409] * 5
    usage = await it.http.get("/api/files/usage/")
    assert usage.json()["used"] == 3 * 10_241
    assert quota._in_flight == {}


async def test_a_client_that_leaves_in_the_middle_leaves_nothing(
    server: Server, lin: Member, settings: Settings
) -> None:
    messages = [
        {"type": "http.request", "body": b"x" * 300_000, "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        raise AssertionError("nobody is there")

    scope = {
        "type": "http", "method": "POST", "path": FILES, "query_string": b"name=a",
        "headers": [(b"host", b"localhost"), (b"authorization", b"Bearer " + (await in_thread(
            lambda: token_of(lin))).encode())],
        "client": ("192.0.2.1", 4000), "server": ("localhost", 80), "scheme": "http",
        "http_version": "1.1", "root_path": "", "raw_path": FILES.encode(), "asgi": {},
    }  # fmt: skip
    await server(scope, receive, send)
    assert messages == []
    assert incoming(settings) == []
    assert quota._in_flight == {}


async def test_a_slow_upload_holds_up_nobody(server: Server, lin: Member, desk: DeskOf) -> None:
    it, gate = desk(lin), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield CONTENT
        await gate.wait()

    uploads = [asyncio.ensure_future(it.put(slowly())) for _ in range(10)]
    async with asyncio.timeout(10):
        for number in range(5):
            sent = await it.http.post(
                "/api/messages/", json={"to": "#general", "body": f"{number}"}
            )
            assert sent.status_code == 201
            assert (await it.http.get("/api/channels/")).status_code == 200
    assert not any(upload.done() for upload in uploads)
    gate.set()
    assert {answer.status_code for answer in await asyncio.gather(*uploads)} == {201}


# Down


@pytest.fixture
async def kept(lin: Member, desk: DeskOf) -> tuple[Desk, int]:
    it = desk(lin)
    return it, (await it.put()).json()["id"]


async def test_a_whole_file_is_served_so_that_nothing_in_it_can_run(kept: tuple[Desk, int]) -> None:
    it, pk = kept
    answer = await it.get(pk)
    assert (answer.status_code, answer.content) == (200, CONTENT)
    assert answer.headers["ETag"] == f'"{DIGEST}"'
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="q3.bin"'
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Repr-Digest"].startswith("sha-256=:")


@pytest.mark.parametrize(
    ("asked", "status", "first", "last"),
    [
        ("bytes=0-0", 206, 0, 0), ("bytes=5-9", 206, 5, 9), ("bytes=10000-", 206, 10_000, 10_239),
        ("bytes=-40", 206, 10_200, 10_239), ("bytes=-99999", 200, 0, 10_239),
        ("bytes=10239-99999", 206, 10_239, 10_239), ("bytes=0-10239", 200, 0, 10_239),
        ("bytes=9-5", 200, 0, 10_239), ("bytes=0-1,4-5", 200, 0, 10_239),
        ("bytes=-", 200, 0, 10_239),
        ("items=0-1", 200, 0, 10_239), ("bytes=a-b", 200, 0, 10_239), ("", 200, 0, 10_239),
    ],
)  # fmt: skip
async def test_a_range_is_answered_with_its_bytes(
    kept: tuple[Desk, int], asked: str, status: int, first: int, last: int
) -> None:
    it, pk = kept
    answer = await it.get(pk, Range=asked)
    assert answer.status_code == status
    assert answer.content == CONTENT[first : last + 1]
    assert answer.headers["Content-Length"] == str(last + 1 - first)
    if status == 206:
        assert answer.headers["Content-Range"] == f"bytes {first}-{last}/10240"


async def test_a_range_beyond_the_end_is_not_satisfiable(kept: tuple[Desk, int]) -> None:
    it, pk = kept
    for asked in ("bytes=10240-", "bytes=99999-100000", "bytes=-0"):
        answer = await it.get(pk, Range=asked)
        assert (answer.status_code, answer.content) == (416, b"")
        assert answer.headers["Content-Range"] == "bytes */10240"


async def test_conditions_are_honoured(kept: tuple[Desk, int]) -> None:
    it, pk = kept
    tag = f'"{DIGEST}"'
    for known in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        answer = await it.get(pk, If_None_Match=known)
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == tag
    assert (await it.get(pk, If_None_Match='"x"')).status_code == 200
    assert (await it.get(pk, Range="bytes=0-1", If_Range=tag)).status_code == 206
    assert (await it.get(pk, Range="bytes=0-1", If_Range='"x"')).status_code == 200
    head = await it.http.head(f"{FILES}{pk}/content/", headers={"Range": "bytes=0-1"})
    assert head.status_code == 200
    assert (head.headers["Content-Length"], head.content) == ("10240", b"")


async def test_an_empty_file_is_a_file(lin: Member, desk: DeskOf) -> None:
    it = desk(lin)
    pk = (await it.put(b"")).json()["id"]
    assert ((await it.get(pk)).status_code, (await it.get(pk)).content) == (200, b"")
    assert (await it.get(pk, Range="bytes=0-")).status_code == 416


async def test_bytes_that_the_disk_lost_are_told_and_no_500(
    kept: tuple[Desk, int], settings: Settings
) -> None:
    it, pk = kept
    path = Path(settings.DATA_DIR) / "files" / DIGEST[:2] / DIGEST[2:4] / DIGEST
    path.unlink()
    assert (await it.get(pk)).status_code == 503


async def test_a_hidden_file_answers_as_an_absent_one(
    lin: Member, sam: Member, vault: Channel, desk: DeskOf
) -> None:
    pk = (await desk(lin).put(to="#vault")).json()["id"]
    for ending in ("", "content/", "text/", "base64/"):
        hidden = await desk(sam).http.get(f"{FILES}{pk}/{ending}")
        absent = await desk(sam).http.get(f"{FILES}{pk + 1}/{ending}")
        assert hidden.status_code == absent.status_code == 404
        assert hidden.text.replace(str(pk), str(pk + 1)) == absent.text


# MCP


async def tool(it: Desk, called: str, /, **arguments: Any) -> Any:
    answer = await it.http.post(
        "/mcp?profile=full",
        headers={
            "Accept": "application/json, text/event-stream",
            "MCP-Protocol-Version": "2025-11-25",
        },
        json={
            "jsonrpc": "2.0", "id": 7, "method": "tools/call",
            "params": {"name": called, "arguments": arguments},
        },
    )  # fmt: skip
    return said_by(answer)["result"]


async def test_agents_upload_post_and_read_files(lin: Member, kay: Member, desk: DeskOf) -> None:
    up = await tool(desk(lin), "upload_file", name="plan.md", text="1. <said>Win</said>")
    pk = up["structuredContent"]["id"]
    sent = await tool(desk(lin), "send", to="@kay", body="The plan.", files=[pk])
    assert sent["isError"] is False
    inbox = await tool(desk(kay), "check_inbox")
    assert "plan.md" in inbox["content"][0]["text"]
    read = await tool(desk(kay), "read_file", file_id=pk)
    text = read["content"][0]["text"]
    assert f'<said id="{pk}" from="@lin" kind="agent">1. &lt;said>Win&lt;/said></said>' in text
    found = await tool(desk(kay), "search_files", query="plan")
    assert found["structuredContent"]["items"][0]["path"] == "@lin/plan.md"
    large = await tool(desk(lin), "upload_file", name="a", text="x" * 300_000)
    assert large["isError"] is True
    assert "/api/files/?name=NAME" in large["content"][0]["text"]


async def test_a_message_of_others_cannot_lend_a_file(
    lin: Member, sam: Member, vault: Channel, desk: DeskOf
) -> None:
    pk = (await desk(lin).put(to="#vault")).json()["id"]
    refused = await tool(desk(sam), "send", to="#general", body="Mine.", files=[pk])
    assert refused["isError"] is True
    await in_thread(lambda: send_message(actor=lin, to="#general", body="x", files=[pk]))
    assert (await desk(sam).get(pk)).content == CONTENT
