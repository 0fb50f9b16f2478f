"""A company with a long past: fills a database with many messages, quickly.

Rows are written in bulk, past the services but with everything that reading looks at: positions
without a gap, counters, read cursors, deliveries, threads, and the search index, which the database
keeps by itself. The ledger is left out: nothing measured on it reads more than its head.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

CHANNELS = 50
PRIVATE = 5
"""of them are private, without the outsider"""
BIG_SHARE = 0.5
"""of all messages are in one channel"""
OPEN = 10_000
"""deliveries that wait for the reader, if there are as many messages"""
CHUNK = 20_000
REPLIES = 0.1
CHINESE = 0.1
PACE = timedelta(seconds=20)

# How often the words that are searched for occur: the share of messages.
COMMON, OFTEN, SELDOM = ("deploy", 0.2), ("review", 0.05), ("invoice", 0.001)
RARE = "zirconium"
"""in ten messages, evenly spread"""
HIDDEN = "salary"
"""in every message of the private channels, and nowhere else"""
SYLLABLES = re.findall("..", "kalomitaverdisorenpraquorotembanorixundpegragrahowei")
CHINESE_WORDS = re.findall(
    r"\w+", "发布 明天 新版本 测试 服务器 我们 今天 会议 数据库 问题 修复 客户 合同 已经 完成"
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who is there: the reader is in every channel, the outsider in the public ones, and the silent
    one says nothing."""

    members: Sequence[int]
    reader: int
    silent: int
    outsider: int


@dataclass(slots=True)
class Archive:
    """What was filled, and where to look."""

    cast: Cast
    channels: list[int]
    size: int = 0

    @property
    def big(self) -> int:
        """The channel with half of all messages."""
        return self.channels[0]

    @property
    def small(self) -> int:
        return self.channels[1]


def open_archive(cast: Cast) -> Archive:
    """The channels, with everybody in them."""
    from django.utils import timezone

    from messaging.models import Channel, Membership

    now = timezone.now()
    made = Channel.objects.bulk_create(
        Channel(
            name=f"archive-{number}",
            kind="private" if number >= CHANNELS - PRIVATE else "public",
            created_by_id=cast.reader,
            created_at=now,
        )
        for number in range(CHANNELS)
    )
    Membership.objects.bulk_create(
        Membership(channel=channel, member_id=member, joined_at=now)
        for channel in made
        for member in cast.members
        if channel.kind == "public" or member != cast.outsider
    )
    return Archive(cast, [channel.pk for channel in made])


def fill(archive: Archive, size: int) -> None:
    """Add messages until there are `size`, and the deliveries that wait for the reader."""
    from django.db import connection, transaction
    from django.utils import timezone

    rng = random.Random(size)
    begin = timezone.now() - PACE * (size - archive.size)
    rows = _messages(archive, size, rng, begin)
    with transaction.atomic():
        while chunk := list(islice(rows, CHUNK)):
            with connection.cursor() as cursor:
                cursor.executemany(_INSERT, chunk)
    archive.size = size
    _count(archive)
    _deliver(archive, rng)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


_INSERT = (
    "INSERT INTO messaging_message (channel_id, seq, author_id, author_kind, face, body, thread_id,"
    " reply_count, priority, expects_reply, created_at)"
    " VALUES (%s, %s, %s, 'agent', 'rest', %s, %s, 0, 'next', %s, %s)"
)


def _messages(
    archive: Archive, size: int, rng: random.Random, begin: datetime
) -> Iterator[tuple[Any, ...]]:
    from django.db.models import Max

    from messaging.models import Channel, Message
    from teammcp.core import sql

    seqs = dict(Channel.objects.values_list("pk", "last_seq"))
    words = Vocabulary(rng)
    first = (Message.objects.aggregate(last=Max("pk"))["last"] or 0) + 1
    roots: dict[int, int] = {}
    private = set(archive.channels[-PRIVATE:])
    authors = [member for member in archive.cast.members if member != archive.cast.silent]
    for number in range(size - archive.size):
        channel = _channel(archive, rng)
        seqs[channel] += 1
        root = roots.get(channel) if rng.random() < REPLIES else None
        if root is None:
            roots[channel] = first + number
        body = words.said(rare=number % max(1, (size - archive.size) // 10) == 0)
        if channel in private:
            body += f" {HIDDEN}"
        at = sql.time(begin + PACE * number)
        author = rng.choice(authors)
        yield channel, seqs[channel], author, body, root, False, at


def _channel(archive: Archive, rng: random.Random) -> int:
    return archive.big if rng.random() < BIG_SHARE else rng.choice(archive.channels[1:])


class Vocabulary:
    """Texts in which a few words are common and most are rare, as in any language."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(8_000)]
        self._weights = [1 / (rank + 1) for rank in range(len(self._words))]
        self._stock: list[str] = []

    def said(self, *, rare: bool) -> str:
        if self._rng.random() < CHINESE:
            return "".join(self._rng.choices(CHINESE_WORDS, k=self._rng.randint(3, 12))) + "。"
        words = self._draw(self._rng.randint(4, 30))
        words += [word for word, share in (COMMON, OFTEN, SELDOM) if self._rng.random() < share]
        return " ".join([*words, RARE] if rare else words) + "."

    def _draw(self, count: int) -> list[str]:
        if len(self._stock) < count:
            self._stock = self._rng.choices(self._words, self._weights, k=50_000)
        drawn, self._stock = self._stock[:count], self._stock[count:]
        return drawn


def _count(archive: Archive) -> None:
    """Counters as sending would have left them; everybody has read all but the last two hundred."""
    from django.db.models import Count, Max
    from django.db.models.functions import Greatest

    from messaging.models import Channel, Membership, Message

    for pk in archive.channels:
        last = Message.objects.filter(channel=pk).aggregate(last=Max("seq"))["last"] or 0
        Channel.objects.filter(pk=pk).update(last_seq=last)
        Membership.objects.filter(channel=pk).update(read_seq=Greatest(0, last - 200))
    threads = Message.objects.exclude(thread=None).values("thread").annotate(n=Count("pk"))
    _many(
        "UPDATE messaging_message SET reply_count = %s WHERE id = %s",
        [(row["n"], row["thread"]) for row in threads],
    )


def _deliver(archive: Archive, rng: random.Random) -> None:
    """The newest messages of all channels are for the reader, and nobody has handled them."""
    from messaging.models import Delivery, Message
    from teammcp.core import sql

    Delivery.objects.all().delete()
    newest = Message.objects.filter(channel__in=archive.channels).order_by("-pk")
    picked = list(newest.values_list("pk", "created_at")[:OPEN])
    _many(
        "INSERT INTO messaging_delivery"
        " (message_id, recipient_id, reason, rank, stored_at, offered_route)"
        " VALUES (%s, %s, 'mention', %s, %s, '')",
        [
            (pk, archive.cast.reader, rng.choice([0, 1, 1, 1, 2]), sql.time(at))
            for pk, at in reversed(picked)
        ],
    )


def _many(statement: str, rows: Iterable[Sequence[Any]]) -> None:
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.executemany(statement, list(rows))
