"""How fast it is to read in a company with a long past: `python -m benchmarks.sizes`.

One database of 50 channels and 30 members is filled with 1,000, then 100,000, then 1,000,000
messages, half of them in one channel. At each size every read is measured twice: over HTTP, from
request to answer on a keep-alive connection of one client, against `manage.py up` as a user starts
it; and as a call of the service in this process, which leaves out HTTP and JSON. The reader is in
all channels, with up to 10,000 deliveries that wait.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import urlencode

from benchmarks import archive
from benchmarks.archive import Archive, Cast
from benchmarks.figures import Spread, table
from benchmarks.office import Agent, Office

STAFF = 30
SIZES = (1_000, 100_000, 1_000_000)
WARM_UP = 3


@dataclass(frozen=True, slots=True)
class Read:
    """One thing that is read: over REST, and by calling a function."""

    name: str
    path: str
    call: Callable[[], Any]
    query: Mapping[str, Any] = field(default_factory=dict)
    outsider: bool = False


class Caller:
    """A keep-alive connection of one member."""

    def __init__(self, port: int, agent: Agent) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        self._headers = {"Authorization": f"Bearer {agent.token}", "Accept": "application/json"}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def get(self, path: str, query: Mapping[str, Any]) -> Any:
        target = f"/api/{path}?{urlencode(query)}"
        self._connection.request("GET", target, headers=self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise SystemExit(f"{target}: {answer.status} {content[:400].decode()}")
        return json.loads(content)


def reads_of(filled: Archive) -> Iterator[Read]:
    """All that is measured."""
    from messaging import selectors, services
    from messaging.models import Message
    from orgchart.models import Member

    reader = Member.objects.get(pk=filled.cast.reader)
    silent = Member.objects.get(pk=filled.cast.silent)
    outsider = Member.objects.get(pk=filled.cast.outsider)
    big, small = f"channel:{filled.big}", f"channel:{filled.small}"
    in_big = Message.objects.filter(channel=filled.big)
    middle = in_big.order_by("seq")[in_big.count() // 2]
    threaded = Message.objects.filter(reply_count__gt=0).latest("pk").pk

    def history(name: str, where: str, **more: Any) -> Read:
        query = {"where": where, "limit": 50, **more}
        return Read(name, "messages/", lambda: selectors.read(actor=reader, **query), query)

    def search(name: str, text: str, *, who: Member = reader, **more: Any) -> Read:
        query = {"query": text, "limit": 10, **more}
        return Read(
            f"search: {name}",
            "search/",
            lambda: selectors.search_messages(actor=who, **query),
            query,
            outsider=who is outsider,
        )

    yield history("history, big channel", big)
    yield history("history, small channel", small)
    yield history("history, back from the middle", big, before=str(middle.seq))
    yield history("a thread", f"thread:{threaded}")
    yield history("a permalink with surroundings", f"message:{middle.pk}")
    yield Read(
        "a permalink",
        f"messages/{middle.pk}/",
        lambda: selectors.show_message(actor=reader, message_id=middle.pk),
    )
    yield Read(
        "channel list with unread counts",
        "channels/",
        lambda: selectors.list_channels(actor=reader),
    )
    yield Read("inbox", "inbox/", lambda: services.check_inbox(actor=reader))
    yield Read("unread line of a tool's result", "", lambda: selectors.waiting_line(reader))
    common, often, seldom = archive.COMMON[0], archive.OFTEN[0], archive.SELDOM[0]
    yield search("a word in 20 %", common)
    yield search("a word in 0.1 %", seldom)
    yield search("a word in ten messages", archive.RARE)
    yield search("a word in none", "nowhere")
    yield search("two words, 20 % and 5 %", f"{common} {often}")
    yield search("a phrase", f'"{common} {often}"')
    yield search("a prefix", f"{common[:3]}*")
    yield search("Chinese, two characters", "发布")
    yield search("in the big channel", common, where=big)
    yield search("in a small channel", common, where=small)
    yield search("a rare word in a small channel", archive.RARE, where=small)
    yield search("by one author", common, author=reader.handle)
    yield search("by an author who never wrote it", common, author=silent.handle)
    yield search("hidden from who asks", archive.HIDDEN, who=outsider)
    yield search("a page further back", common, after=str(middle.pk))


def timed(call: Callable[[], Any], rounds: int) -> Spread:
    for _ in range(WARM_UP):
        call()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return Spread.of(times)


def measure(office: Office, filled: Archive, rounds: int, only: str) -> Iterator[dict[str, Any]]:
    """Every read at the present size."""
    first, last = office.agents[0], office.agents[-1]
    port = office.server.port
    with Caller(port, first) as reader, Caller(port, last) as outsider:
        for read in reads_of(filled):
            if only not in read.name:
                continue
            caller = outsider if read.outsider else reader
            row: dict[str, Any] = {"messages": filled.size, "read": read.name}
            if read.path:
                over_rest = timed(lambda: caller.get(read.path, read.query), rounds)  # noqa: B023
                row |= {"rest p50": over_rest.p50, "rest p99": over_rest.p99}
            else:
                row |= {"rest p50": "", "rest p99": ""}
            alone = timed(read.call, rounds)
            yield row | {"service p50": alone.p50, "service p99": alone.p99}


@contextlib.contextmanager
def opened(office: Office) -> Iterator[Archive]:
    """The same database in this process, with its channels."""
    os.environ |= {
        "TEAMMCP_DATA_DIR": str(office.server.data_dir),
        "DJANGO_SETTINGS_MODULE": "teammcp.settings",
    }
    import django
    from django.db import connections

    django.setup()
    members = [agent.id for agent in office.agents]
    try:
        yield archive.open_archive(Cast(members, members[0], members[1], members[-1]))
    finally:
        connections.close_all()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--sizes", nargs="+", type=int, default=list(SIZES))
    parser.add_argument("--rounds", type=int, default=50, help="calls per figure (50)")
    parser.add_argument("--only", default="", help="reads whose name has this")
    parser.add_argument("--json", action="store_true", help="one JSON object per row")
    options = parser.parse_args()
    found: list[dict[str, Any]] = []
    with Office(STAFF) as office, opened(office) as filled:
        for size in sorted(options.sizes):
            began = time.monotonic()
            archive.fill(filled, size)
            print(f"{size:,} messages after {time.monotonic() - began:.0f} s", file=sys.stderr)
            found += measure(office, filled, options.rounds, options.only)
    if options.json:
        print("\n".join(map(json.dumps, found)))
    else:
        print(table(list(found[0]), [list(row.values()) for row in found]))


if __name__ == "__main__":
    main()
