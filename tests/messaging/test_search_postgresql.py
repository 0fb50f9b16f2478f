"""The index on PostgreSQL."""

from __future__ import annotations

import pytest
from django.db import connection

from messaging.search import gin
from messaging.search.words import spaced, words_of
from messaging.services import send_message
from orgchart.models import Member

pytestmark = pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL")

TEXTS = [
    "Plain words, twice_joined and foo.bar-baz@example.com!",
    "Zoë hört Björk in Málaga; ＷＩＤＥ ﬁne",
    "我们明天发布新版本v2，请准备。",
    "サーバーをｻｰﾊﾞｰ",
    "내일 회의를 취소",
    "พรุ่งนี้เราจะประชุมทีม ภาษาไทย",
    "हिन्दी में लिखा, বাংলা",
    "❤️ 3️⃣ e\u0301te\u0301",
    "x" * 3_000 + " end",
    "Привет Straße ΣΟΦΊΑ",
    "1.5 -3 0x10 1e9 a/b/c http://x.y/z?q=1",
    "🚀 — “quoted”",
]


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("text", TEXTS)
def test_the_database_sees_the_words_that_we_see(text: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {gin.FUNCTION}(%s)", [text])
        places = {
            int(place): word
            for entry in cursor.fetchone()[0].split()
            for word, _, found in [entry.replace("'", "").partition(":")]
            for place in found.split(",")
        }
    assert [places[place] for place in sorted(places)] == [word[:500] for word in words_of(text)]
    assert words_of(text) == words_of(spaced(text))


@pytest.mark.usefixtures("db")
def test_the_index_is_used_and_survives_a_change_of_its_column(lin: Member) -> None:
    send_message(actor=lin, to="#general", body="A needle.")
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        vector = gin.VECTOR % "body"
        plan = f"EXPLAIN SELECT id FROM messaging_message WHERE {vector} @@ 'needle'::tsquery"  # noqa: S608
        cursor.execute(plan)
        assert gin.INDEX in str(cursor.fetchall())
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE messaging_message ALTER COLUMN body TYPE varchar(30000)")
        cursor.execute(plan)
        assert gin.INDEX in str(cursor.fetchall())
