"""Searching messages: what is asked is what is looked for, and only where one may look."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings as conf
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Channel, Message
from messaging.search import Term, ensure_index, excerpt, first_since, parts, terms_of
from messaging.search.fts5 import TABLE
from messaging.search.words import words_of
from messaging.selectors import search_messages
from messaging.services import send_message
from orgchart.models import Member
from teammcp.core.errors import AppError, InvalidInput, NotFound


def found(member: Member, query: str, **more: Any) -> list[str]:
    """The bodies of the hits, newest first."""
    hits = search_messages(actor=member, query=query, **more).items
    return [Message.objects.get(pk=hit.id).body for hit in hits]


def say(actor: Member, *bodies: str, to: str = "#general") -> None:
    for body in bodies:
        send_message(actor=actor, to=to, body=body)


TEXTS = {
    "deploy": "The deploy is green.",
    "deployment": "Deployments happen on Fridays.",
    "phrase": "Never ship on a Friday evening.",
    "umlaut": "Zoë hört Björk in Málaga.",
    "chinese": "明天 发布 新版本",
    "code": "Call `read_file(path)` or foo.bar-baz.",
    "quote": 'He said "no" twice.',
    "operators": "this AND that OR NOT NEAR(other)",
    "emoji": "Shipped 🚀 today",
    "sentence": "我们明天发布新版本v2，请准备。",
    "japanese": "サーバーを再起動してから発表します。",
    "korean": "내일 회의를 취소했습니다.",
    "thai": "พรุ่งนี้เราจะประชุมทีม",
    "hindi": "मैं हिन्दी में लिखता हूँ",
    "russian": "Привет, коллеги",
    "greek": "η σοφία",
}


@pytest.fixture
def talk(lin: Member) -> None:
    say(lin, *TEXTS.values())


@pytest.mark.parametrize(
    ("query", "hits"),
    [
        ("deploy", ["deploy"]),
        ("DEPLOY", ["deploy"]),
        ("deploy*", ["deployment", "deploy"]),
        ("dep* fri*", ["deployment"]),
        ("green deploy", ["deploy"]),
        ("green friday", []),
        ('"on a friday"', ["phrase"]),
        ('"friday on a"', []),
        ('"ship on" evening', ["phrase"]),
        ('"ship o"*', ["phrase"]),
        ("zoe", ["umlaut"]),
        ("hort bjork", ["umlaut"]),
        ("MÁLAGA", ["umlaut"]),
        ("发布", ["sentence", "chinese"]),
        ("新版*", ["sentence", "chinese"]),
        ("read_file", ["code"]),
        ("read_file(path)", ["code"]),
        ("foo.bar-baz", ["code"]),
        ("bar-baz", ["code"]),
        ("said", ["quote"]),
        ("AND", ["operators"]),
        ("this OR nothing", []),
        ("NOT", ["operators"]),
        ("NEAR(other)", ["operators"]),
        ("this -nothing", ["operators"]),
        ("he -twice", []),
        ('deploy* -"on fridays"', ["deploy"]),
        ("the -dep*", []),
        ("next-day", []),
        ("-that", None),
        ("- this", ["operators"]),
        ("body:that", []),
        ("body : that", []),
        ("^this", ["operators"]),
        ("this + that", ["operators"]),
        ("{this}", ["operators"]),
        ("today 🚀", ["emoji"]),
        ("発", ["japanese"]),
        ("发", ["chinese", "sentence"][::-1]),
        ("新版本", ["sentence", "chinese"]),
        ("版本", ["sentence", "chinese"]),
        ("本今", []),
        ("明天发布", ["sentence", "chinese"]),
        ('"新版本 v2"', ["sentence"]),
        ("v2", ["sentence"]),
        ("サーバー", ["japanese"]),
        ("ｻｰﾊﾞｰ", ["japanese"]),
        ("バー", ["japanese"]),
        ("再起動", ["japanese"]),
        ("회의", ["korean"]),
        ("ประชุม", ["thai"]),
        ("พรุ่งนี้", ["thai"]),
        ("ชุ", ["thai"]),
        ("ช", []),
        ("हिन्दी", ["hindi"]),
        ("हि*", ["hindi"]),
        ("हिन्द", []),
        ("ＺＯＥ", ["umlaut"]),
        ("привет", ["russian"]),
        ("ΣΟΦΙΑ", ["greek"]),
        ("版本 -我们", ["chinese"]),
        ("%", None),
        ("***", None),
        ("🚀", None),
        ('""', None),
        ("' ; --", None),
    ],
)
def test_words_phrases_and_prefixes_are_found_and_nothing_else_is_syntax(
    talk: None, kay: Member, query: str, hits: list[str] | None
) -> None:
    if hits is None:
        with pytest.raises(InvalidInput, match="no word to look for"):
            search_messages(actor=kay, query=query)
    else:
        assert found(kay, query) == [TEXTS[name] for name in hits]


@pytest.mark.parametrize(("query", "spot"), [('say "no', 4), ('"', 0), ('"a" "b', 4)])
def test_a_quotation_mark_that_is_never_closed_is_shown(kay: Member, query: str, spot: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        search_messages(actor=kay, query=query)
    assert f"at position {spot}" in refused.value.message
    assert query[spot:] in refused.value.message
    assert refused.value.state["fields"] == {"query": "unclosed quotation mark"}


@pytest.mark.parametrize(("query", "spot"), [("th*is", 2), ("say th*is", 6), ("say *this", 4)])
def test_a_star_within_a_word_is_shown(kay: Member, query: str, spot: int) -> None:
    with pytest.raises(InvalidInput) as refused:
        search_messages(actor=kay, query=query)
    assert f"at position {spot}" in refused.value.message
    assert query[spot:] in refused.value.message
    assert refused.value.state["fields"] == {"query": "misplaced star"}


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(min_size=1, max_size=40) | st.text('"*()-:^+{}ANDORNT \x00a', min_size=1))
def test_any_query_is_answered_or_refused_and_never_a_fault(lin: Member, query: str) -> None:
    try:
        search_messages.call(lin, {"query": query})
    except InvalidInput:
        return
    assert words_of(query)


@pytest.mark.parametrize("query", ["needle\x00", "a\x1bb", "\u202eneedle"])
def test_a_query_that_is_no_text_is_refused(lin: Member, query: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        search_messages(actor=lin, query=query)
    assert refused.value.state["fields"] == {"query": "contains a control character"}


# Rights


def test_rights_apply_before_the_limit(
    lin: Member, kay: Member, sam: Member, vault: Channel
) -> None:
    say(sam, *(f"needle {number} open" for number in range(5)))
    say(lin, *(f"needle {number} secret" for number in range(20)), to="#vault")
    say(lin, "needle between us", to="@kay")
    assert found(sam, "needle", limit=5) == [f"needle {n} open" for n in (4, 3, 2, 1, 0)]
    page = search_messages(actor=sam, query="needle", limit=5)
    assert (page.remaining, page.cursor) == (False, None)
    assert found(sam, "secret") == []
    assert found(kay, "needle", limit=2) == ["needle between us", "needle 19 secret"]


def test_a_hit_says_where_it_is_and_who_wrote_it(lin: Member, kay: Member) -> None:
    say(lin, "The needle.", to="@kay")
    (hit,) = search_messages(actor=kay, query="needle").items
    message = Message.objects.get()
    assert (hit.id, hit.seq, hit.channel) == (message.pk, 1, "@lin")
    assert (hit.author, hit.author_kind, hit.thread) == ("lin", "agent", None)
    assert (hit.kind, hit.link) == ("message", f"{conf.PUBLIC_URL}/messages/{message.pk}/")


# Narrowing and paging


def test_a_search_is_narrowed_by_place_thread_and_author(
    lin: Member, kay: Member, vault: Channel
) -> None:
    root = send_message(actor=lin, to="#general", body="needle root").id
    say(kay, "needle reply", to=f"thread:{root}")
    say(kay, "needle elsewhere", to="#vault")
    assert found(kay, "needle", where="#vault") == ["needle elsewhere"]
    assert found(kay, "needle", where=f"thread:{root}") == ["needle reply", "needle root"]
    assert found(kay, "needle", author="@lin") == ["needle root"]
    assert found(kay, "needle", author="kay", where="#general") == ["needle reply"]


def test_a_search_is_narrowed_by_time(lin: Member, kay: Member) -> None:
    say(lin, *(f"needle {number}" for number in range(6)))
    begin = datetime(2026, 3, 1, 12, tzinfo=UTC)
    for number, pk in enumerate(Message.objects.order_by("pk").values_list("pk", flat=True)):
        Message.objects.filter(pk=pk).update(created_at=begin + timedelta(days=number))
    Message.objects.filter(body="needle 2").delete()

    def within(**times: Any) -> list[str]:
        page = search_messages.call(kay, {"query": "needle", **times})
        return [hit.body.removeprefix("needle ") for hit in page.items]

    assert within(since="2026-03-04") == ["5", "4", "3"]
    assert within(until="2026-03-04") == ["1", "0"]
    assert within(since="2026-03-02T12:00:00Z", until="2026-03-05T12:00:00+00:00") == ["3", "1"]
    assert within(since="2026-03-02T14:00:00+02:00", limit=2) == ["5", "4"]
    assert within(since="2027-01-01") == within(until="2025-01-01") == []
    assert within(since="0001-01-01", until="9999-12-31T23:59:59-12:00") == list("54310")
    cursor = search_messages.call(kay, {"query": "needle", "limit": 2}).cursor
    assert within(after=cursor, since="2026-03-02") == ["3", "1"]
    with pytest.raises(InvalidInput, match="since"):
        within(since="yesterday")


@pytest.mark.parametrize("size", [0, 1, 2, 7, 40])
def test_the_first_message_since_a_time_is_found_among_any_number(lin: Member, size: int) -> None:
    begin = datetime(2026, 3, 1, tzinfo=UTC)
    for number in range(size):
        stored = send_message(actor=lin, to="#general", body="x").id
        at = begin + timedelta(minutes=number // 2)
        Message.objects.filter(pk=stored).update(created_at=at)
    Message.objects.filter(seq__in=[2, 5, 6]).delete()
    for minutes in range(-1, size + 1):
        at = begin + timedelta(minutes=minutes)
        first = first_since(at)
        assert not Message.objects.filter(pk__lt=first, created_at__gte=at).exists()
        assert not Message.objects.filter(pk__gte=first, created_at__lt=at).exists()


@pytest.mark.parametrize(
    "narrow", [{"where": "#vault"}, {"where": "@kay"}, {"author": "nobody"}, {"where": "thread:9"}]
)
def test_a_place_or_author_that_one_cannot_see_is_not_found(
    lin: Member, sam: Member, kay: Member, vault: Channel, narrow: dict[str, str]
) -> None:
    say(lin, "needle", to="#vault")
    with pytest.raises(NotFound):
        search_messages(actor=sam, query="needle", **narrow)  # type: ignore[arg-type]


def test_pages_of_hits_give_each_once(lin: Member, kay: Member) -> None:
    say(lin, *(f"needle {number}" for number in range(12)))
    seen: list[str] = []
    after = ""
    for expected_more in (True, True, False):
        page = search_messages(actor=kay, query="needle", limit=5, after=after)
        assert page.remaining is expected_more
        assert (page.cursor is None) is not expected_more
        seen += [hit.body for hit in page.items]
        after = page.cursor or ""
        say(lin, "a newer needle")
    assert seen == [f"needle {number}" for number in range(11, -1, -1)]


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", " 1", "9" * 19])
def test_a_damaged_cursor_is_refused(lin: Member, cursor: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        search_messages.call(lin, {"query": "needle", "after": cursor})
    assert refused.value.state["fields"] == {"after": "damaged cursor"}


# The excerpt


def test_an_excerpt_shows_the_hit_in_a_long_text() -> None:
    body = "a " * 500 + "needle" + " b" * 500
    shown = excerpt(body, "needle")
    assert "needle" in shown
    assert shown.startswith("…")
    assert shown.endswith("…")
    assert len(shown) < 200
    assert excerpt("A short needle.", "needle") == "A short needle."
    assert excerpt("Zoë hört zu.", "hort") == "Zoë hört zu."


@pytest.mark.parametrize(
    ("body", "query", "shown"),
    [
        ("é " * 300 + "Die Größe zählt" + " ö" * 300, "zahlt", "zählt"),
        ("我" * 300 + "明天发布" + "你" * 300, "发布", "明天发布"),
        ("ﬁ" * 300 + " Zoë " + "ﬁ" * 300, "zoe", "Zoë"),
        ("needles " * 60 + "needle" + " b" * 300, "needle", "needle"),
        ("word " * 100 + "foo_bar, baz" + " b" * 300, '"bar baz"', "foo_bar, baz"),
    ],
)
def test_an_excerpt_shows_the_hit_as_it_is_written(body: str, query: str, shown: str) -> None:
    assert shown in excerpt(body, query)
    assert len(excerpt(body, query)) < 250


@pytest.mark.parametrize(
    ("text", "query", "hits"),
    [
        ("The deploy, deployed. Deploy!", "deploy", ["deploy", "Deploy"]),
        ("The deploy, deployed.", "dep*", ["deploy", "deployed"]),
        ("Zoë and ZOE", "zoe", ["Zoë", "ZOE"]),
        ("我们明天发布新版本v2", "发布 v2", ["发布", "v2"]),
        ("on a Friday, on Friday", '"on friday"', ["on Friday"]),
        ("this not that", "this -that", ["this"]),
        ("ｻｰﾊﾞｰ停止", "サーバー", ["ｻｰﾊﾞｰ"]),
    ],
)
def test_hits_are_marked_where_they_stand(text: str, query: str, hits: list[str]) -> None:
    cut = parts(text, query)
    assert [part for part, hit in cut if hit] == hits
    assert "".join(part for part, _ in cut) == text


@settings(deadline=None)
@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_an_excerpt_is_a_part_of_its_text(body: str, query: str) -> None:
    try:
        shown = excerpt(body, query)
    except InvalidInput:
        return
    assert shown.strip("…").strip() in body


def test_the_terms_of_a_query() -> None:
    assert terms_of('one "two three" four* "five si"* "" ! -six -"se ven" 发布 a.b') == [
        Term(("one",)),
        Term(("two", "three")),
        Term(("four",), beginning=True),
        Term(("five", "si"), beginning=True),
        Term(("six",), excluded=True),
        Term(("se", "ven"), excluded=True),
        Term(("发", "布")),
        Term(("a", "b")),
    ]


# The index


def indexed(word: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE} WHERE {TABLE} MATCH %s", [word])  # noqa: S608
        return int(cursor.fetchone()[0])


@pytest.mark.sqlite
def test_the_index_follows_every_change_of_a_row(lin: Member) -> None:
    say(lin, "a needle")
    assert indexed("needle") == 1
    Message.objects.update(body="a pin")
    assert (indexed("needle"), indexed("pin")) == (0, 1)
    Message.objects.update(reply_count=3)
    assert indexed("pin") == 1
    Message.objects.all().delete()
    assert indexed("pin") == 0


@pytest.mark.sqlite
@pytest.mark.parametrize("lost", ["triggers", "table", "one trigger"])
def test_what_a_rebuilt_table_lost_comes_back_with_the_next_migration(
    lin: Member, lost: str
) -> None:
    say(lin, "needle one")
    with connection.cursor() as cursor:
        for what in ("insert", "update", "delete"):
            if lost != "one trigger" or what == "insert":
                cursor.execute(f"DROP TRIGGER {TABLE}_{what}")
        if lost == "table":
            cursor.execute(f"DROP TABLE {TABLE}")
    Message.objects.create(
        channel=Channel.objects.get(name="general"),
        seq=2,
        author=lin,
        author_kind="agent",
        face="rest",
        body="needle two",
        created_at="2026-11-22T00:00:00Z",
    )
    ensure_index()
    assert sorted(found(lin, "needle")) == ["needle one", "needle two"]
    Channel.objects.update(last_seq=2)
    say(lin, "needle three")
    assert indexed("needle") == 3


@pytest.mark.sqlite
def test_an_index_that_was_made_otherwise_is_made_anew(lin: Member) -> None:
    say(lin, "发布 needle")
    with connection.cursor() as cursor:
        for what in ("insert", "update", "delete"):
            cursor.execute(f"DROP TRIGGER {TABLE}_{what}")
        cursor.execute(f"DROP TABLE {TABLE}")
        cursor.execute(
            f"CREATE VIRTUAL TABLE {TABLE} USING fts5(body, content='messaging_message',"
            " content_rowid='id')"
        )
        add = f"INSERT INTO {TABLE}(rowid, body) VALUES (new.id, new.body);"  # noqa: S608
        cursor.execute(
            f"CREATE TRIGGER {TABLE}_insert AFTER INSERT ON messaging_message BEGIN {add} END"
        )
    say(lin, "a second needle")
    ensure_index()
    say(lin, "a third needle")
    assert found(lin, "needle") == ["a third needle", "a second needle", "发布 needle"]
    assert found(lin, "布") == ["发布 needle"]


def test_an_index_that_is_whole_is_left_alone(lin: Member, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        ensure_index()


def test_a_broken_call_changes_nothing(lin: Member) -> None:
    say(lin, "needle")
    with pytest.raises(AppError):
        search_messages.call(lin, {"query": "needle", "limit": 51})
    assert found(lin, "needle") == ["needle"]
