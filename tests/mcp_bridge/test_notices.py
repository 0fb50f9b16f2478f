""" "2 unread, 1 urgent" at the end of every result: when true, and else nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mcp_bridge import notices
from messaging.services import send_message
from tests.mcp_bridge.conftest import Connect, Staff, in_thread, text_of

ERAS = pytest.mark.parametrize("mode", ["auto", "legacy"])


@ERAS
async def test_a_result_ends_with_what_waits(connect: Connect, mode: str) -> None:
    async with connect("ada") as ada, connect("lin", mode=mode) as lin:
        before = await lin.call_tool("find_people", {})
        await ada.call_tool("send", {"to": "@lin", "body": "One."})
        await ada.call_tool("send", {"to": "@lin", "body": "Two.", "priority": "now"})
        after = await lin.call_tool("find_people", {})

    assert "unread" not in text_of(before)
    assert "waiting" not in before.structured_content
    assert text_of(after).endswith("\n2 unread, 1 urgent")
    assert after.structured_content["waiting"] == "2 unread, 1 urgent"


async def test_the_line_goes_with_the_acknowledgement_itself(connect: Connect) -> None:
    async with connect("ada") as ada, connect("lin") as lin:
        await ada.call_tool("send", {"to": "@lin", "body": "One."})
        inbox = await lin.call_tool("check_inbox", {})
        assert inbox.structured_content["waiting"] == "1 unread"

        acknowledged = await lin.call_tool("ack", {"up_to": inbox.structured_content["cursor"]})
        after = await lin.call_tool("find_people", {})

    assert "unread" not in text_of(acknowledged)
    assert "unread" not in text_of(after)


async def test_the_line_knows_of_a_message_sent_over_another_face(
    staff: Staff, connect: Connect
) -> None:
    async with connect("lin") as lin:
        assert "unread" not in text_of(await lin.call_tool("find_people", {}))
        await in_thread(lambda: send_message(actor=staff.ada, to="@lin", body="From the page."))
        assert text_of(await lin.call_tool("find_people", {})).endswith("\n1 unread")


async def test_the_line_is_asked_for_only_when_it_may_have_changed(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = _count(monkeypatch, lambda: "")
    async with connect("lin") as lin:
        for _ in range(5):
            await lin.call_tool("send", {"to": "#general", "body": "News."})
    assert len(asked) == 1


async def test_a_line_that_cannot_be_told_spoils_no_result(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken() -> str:
        raise RuntimeError("no")

    _count(monkeypatch, broken)
    async with connect("lin") as lin:
        sent = await lin.call_tool("send", {"to": "#general", "body": "News."})
    assert sent.structured_content["state"] == "stored"
    assert "could not tell what waits" in caplog.text


def _count(monkeypatch: pytest.MonkeyPatch, line: Callable[[], str]) -> list[object]:
    asked: list[object] = []

    def waiting_line(member: object) -> str:
        asked.append(member)
        return line()

    monkeypatch.setattr(notices, "waiting_line", waiting_line)
    return asked
