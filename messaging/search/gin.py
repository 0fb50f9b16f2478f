"""The index on PostgreSQL: a GIN index over an expression.

An expression rather than a column, because a generated column blocks later changes of its source.
Function and index carry a version in their names: whoever changes what is indexed raises it, and
both are made anew after the next migration.
"""

# ruff: noqa: S608, S611 - SQL out of the names below and bound parameters only

from __future__ import annotations

from django.db import connection
from django.db.models import QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.fields import BooleanField

from messaging.models import Message
from messaging.search.bounds import Bounds
from messaging.search.terms import Term
from messaging.search.words import MARKS, UNSPACED

VERSION = 1
FUNCTION = f"teammcp_search_words_{VERSION}"
INDEX = f"messaging_message_words_{VERSION}"
VECTOR = f"{FUNCTION}(%s)"
LONGEST = 500  # characters of a word: a tsvector takes no more than 2,046 bytes
LAST_PLACE = 16_383  # in a tsvector; words after it are found, but in no phrase
_FOLDED = "lower(normalize(regexp_replace(normalize(body, NFKD), '[\u0300-\u036f]', '', 'g'), NFC))"
# The words are as `words.words_of` gives them. They are made a vector here, because PostgreSQL's
# own parser knows addresses, signed numbers and hyphens that SQLite's index does not.
CREATE_FUNCTION = f"""
CREATE OR REPLACE FUNCTION {FUNCTION}(body text) RETURNS tsvector
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE COST 1000 AS $$
SELECT COALESCE(string_agg(
'''' || left(word, {LONGEST}) || ''':' || least(place, {LAST_PLACE}), ' ' ), '')::tsvector
FROM unnest(string_to_array(CASE WHEN octet_length(body) = length(body)
THEN regexp_replace(lower(body), '[^a-z0-9]+', ' ', 'g')
ELSE regexp_replace(regexp_replace({_FOLDED}, '([{UNSPACED}][{MARKS}]*)', ' \\1 ', 'g'),
'[^[:alnum:]{MARKS}]+', ' ', 'g') END, ' ')) WITH ORDINALITY AS words(word, place)
WHERE word ~ '[[:alnum:]]'
$$"""
CREATE_INDEX = (
    f"CREATE INDEX IF NOT EXISTS {INDEX} ON messaging_message USING gin ({VECTOR % 'body'})"
)


def newest(
    rows: QuerySet[Message], terms: list[Term], bounds: Bounds, limit: int
) -> QuerySet[Message]:
    """The newest of `rows` that hold the terms. The planner chooses between the index and walking
    back from the newest message."""
    vector = VECTOR % '"messaging_message"."body"'
    rows = rows.annotate(
        hit=RawSQL(f"{vector} @@ %s::tsquery", [tsquery(terms)], output_field=BooleanField())
    ).filter(hit=True)
    if bounds.first is not None:
        rows = rows.filter(pk__gte=bounds.first)
    if bounds.before is not None:
        rows = rows.filter(pk__lt=bounds.before)
    return rows.order_by("-pk")[:limit]


def tsquery(terms: list[Term]) -> str:
    """A tsquery in which nothing of the terms is syntax: words are letters and digits."""
    return " & ".join(("!" if term.excluded else "") + _phrase(term) for term in terms)


def _phrase(term: Term) -> str:
    words = [f"'{word}'" for word in term.words]
    if term.beginning:
        words[-1] += ":*"
    return f"({' <-> '.join(words)})"


def ensure_index() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [INDEX])
        if cursor.fetchone()[0] is None:
            cursor.execute(CREATE_FUNCTION)
            cursor.execute(CREATE_INDEX)
