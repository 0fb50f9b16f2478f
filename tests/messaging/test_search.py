"""Searching messages: what is asked is what is looked for, and only where one may look."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from messaging.models import Channel, Message
from messaging.search import TABLE, ensure_index, excerpt, terms_of
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
        ("发布", ["chinese"]),
        ("新版*", ["chinese"]),
        ("read_file", ["code"]),
        ("read_file(path)", ["code"]),
        ("foo.bar-baz", ["code"]),
        ("bar-baz", ["code"]),
        ("said", ["quote"]),
        ("AND", ["operators"]),
        ("this OR nothing", []),
        ("NOT", ["operators"]),
        ("NEAR(other)", ["operators"]),
        ("-that", ["operators"]),
        ("body:that", []),
        ("body : that", []),
        ("^this", ["operators"]),
        ("this + that", ["operators"]),
        ("{this}", ["operators"]),
        ("th*is", []),
        ("today 🚀", ["emoji"]),
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


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(query=st.text(min_size=1, max_size=40) | st.text('"*()-:^+{}ANDORNT \x00a', min_size=1))
def test_any_query_is_answered_or_refused_and_never_a_fault(lin: Member, query: str) -> None:
    try:
        search_messages.call(lin, {"query": query})
    except InvalidInput:
        return
    assert any(character.isalnum() for character in query)


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


@given(st.text(max_size=300), st.text(min_size=1, max_size=20))
def test_an_excerpt_is_a_part_of_its_text(body: str, query: str) -> None:
    try:
        shown = excerpt(body, query)
    except InvalidInput:
        return
    assert shown.strip("…").strip() in body


def test_the_terms_of_a_query() -> None:
    assert terms_of('one "two three" four* "five si"* "" !') == [
        ("one", False),
        ("two three", False),
        ("four", True),
        ("five si", True),
    ]


# The index


def indexed(word: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT COUNT(*) FROM {TABLE} WHERE {TABLE} MATCH %s", [word])  # noqa: S608
        return int(cursor.fetchone()[0])


def test_the_index_follows_every_change_of_a_row(lin: Member) -> None:
    say(lin, "a needle")
    assert indexed("needle") == 1
    Message.objects.update(body="a pin")
    assert (indexed("needle"), indexed("pin")) == (0, 1)
    Message.objects.update(reply_count=3)
    assert indexed("pin") == 1
    Message.objects.all().delete()
    assert indexed("pin") == 0


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


def test_an_index_that_is_whole_is_left_alone(lin: Member, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        ensure_index()


def test_a_broken_call_changes_nothing(lin: Member) -> None:
    say(lin, "needle")
    with pytest.raises(AppError):
        search_messages.call(lin, {"query": "needle", "limit": 51})
    assert found(lin, "needle") == ["needle"]
