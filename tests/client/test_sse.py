"""Server-sent events, cut into portions at any byte."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_bridge.client.sse import MAX_EVENT, Event, Parser, TooMuch

patient = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
STREAM = (
    "\ufeffretry: 1000\n: following after 0\n\n"
    'id: 7\nevent: message.sent\ndata: {"where": "#gr\u00fcn \u2713"}\n\n'
    "data: one\r\ndata:two\r\n\r\nid: 8\rdata\r\r: still here\n\nunknown: x\ndata: last\n\n"
).encode()
EVENTS = [
    Event('{"where": "#gr\u00fcn \u2713"}', "7", "message.sent"),
    Event("one\ntwo", "7", ""),
    Event("", "8", ""),
    Event("last", "8", ""),
]


@pytest.mark.parametrize("size", range(1, 40))
def test_portions_of_any_size_give_the_same_events(size: int) -> None:
    parser = Parser()
    portions = [STREAM[start : start + size] for start in range(0, len(STREAM), size)]
    assert [event for portion in portions for event in parser.feed(portion)] == EVENTS
    assert (parser.last_id, parser.retry) == ("8", 1000)


@patient
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_any_cuts_give_the_same_events(cuts: list[int]) -> None:
    parser, found, start = Parser(), [], 0
    for end in [*sorted(cuts), len(STREAM)]:
        found += parser.feed(STREAM[start:end])
        start = end
    assert found == EVENTS


@patient
@given(st.binary(max_size=300))
def test_any_bytes_are_taken(stream: bytes) -> None:
    Parser().feed(stream)


def test_an_event_that_is_not_complete_is_no_event() -> None:
    assert Parser().feed(b"data: half\n") == []


def test_an_endless_event_does_not_fill_the_memory() -> None:
    parser = Parser()
    line = b"data: " + b"x" * (MAX_EVENT // 4) + b"\n"
    for _ in range(3):
        parser.feed(line)
    with pytest.raises(TooMuch):
        parser.feed(line * 2)
