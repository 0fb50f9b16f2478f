"""The grammar of names: overlap is decided exactly, as trying all words shows."""

from __future__ import annotations

import itertools
import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks import globs
from tasks.names import Finder, kept, name_of, overlapping
from teammcp.core.errors import InvalidInput

# Brute force: all words up to a length that two short patterns need to meet


def fits(pattern: str, word: str) -> bool:
    """What the grammar says, written down a second time."""
    signs = {"*": ".*", "?": "."}
    return re.fullmatch("".join(signs.get(sign, sign) for sign in pattern), word) is not None


LETTERS = ["".join(word) for size in range(1, 8) for word in itertools.product("ab", repeat=size)]
segments = st.lists(st.sampled_from("ab*?"), min_size=1, max_size=4).map("".join)


@settings(max_examples=600, deadline=None)
@given(segments, segments)
def test_two_parts_meet_if_and_only_if_some_word_fits_both(one: str, other: str) -> None:
    expected = any(fits(one, word) and fits(other, word) for word in LETTERS)
    assert globs.segments_meet(one, other) == globs.segments_meet(other, one) == expected


PIECES = ("a", "b", "ab", "ba", "aa", "bb")
PATHS = [path for size in range(1, 6) for path in itertools.product(PIECES, repeat=size)]


def covers(pattern: tuple[str, ...], path: tuple[str, ...]) -> bool:
    """The meaning of `**`, by trying where it ends."""
    if not pattern:
        return not path
    head, rest = pattern[0], pattern[1:]
    if head == "**":
        return any(covers(rest, path[skip:]) for skip in range(len(path) + 1))
    return bool(path) and fits(head, path[0]) and covers(rest, path[1:])


parts = st.sampled_from(["a", "b", "ab", "*", "a*", "*b", "?", "?a", "**"])
patterns = st.lists(parts, min_size=1, max_size=3).map(tuple)


@settings(max_examples=250, deadline=None)
@given(patterns, patterns)
def test_two_patterns_meet_if_and_only_if_some_path_fits_both(
    one: tuple[str, ...], other: tuple[str, ...]
) -> None:
    expected = any(covers(one, path) and covers(other, path) for path in PATHS)
    assert globs.meet(one, other) == globs.meet(other, one) == expected


@settings(max_examples=100, deadline=None)
@given(patterns)
def test_the_expression_of_a_pattern_covers_the_same_paths(pattern: tuple[str, ...]) -> None:
    expression = re.compile(globs.expression(pattern))
    for path in PATHS[:2000]:
        said = expression.fullmatch("/" + "/".join(path)) is not None
        assert said == covers(pattern, path), path


# The names that members send


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("src/api/**", "src/api/x.py", True),
        ("src/api", "src/api/deep/x.py", True),
        ("src/api/", "./src//api/x.py", True),
        ("src/api", "src/apis/x.py", False),
        ("src/*", "src/api/x.py", False),
        ("src/**/*.py", "src/x.py", True),
        ("**/test_*.py", "src/api/*_models.py", True),
        ("**/*.py", "docs/**/*.md", False),
        ("README.md", "readme.MD", True),
        ("deploy:production", "DEPLOY:Production", True),
        ("deploy:production", "deploy:staging", False),
        ("deploy:*", "deploy:staging", True),
        ("customer:acme", "customer:acme/eu", True),
        ("deploy:production", "customer:production", False),
        ("web:src/**", "src/x.py", False),
        ("web:src/**", "web:src/x.py", True),
        ("pages/[id].tsx", "pages/i.tsx", False),
        ("caf\u00e9", "cafe\u0301", True),
    ],
)
def test_names_overlap(one: str, other: str, expected: bool) -> None:  # noqa: FBT001
    first, second = kept([one])[0], kept([other])[0]
    assert name_of(first).overlaps(name_of(second)) is expected
    assert name_of(second).overlaps(name_of(first)) is expected


@pytest.mark.parametrize(
    "name",
    ["", " ", "/", "../x", "a/../b", "a\\b", "a**", "src/{a,b}", "!src", ":x", "a b:c", "a:",
     "x" * 301, "*?" * 11, "a\nb", "\x00"],
)  # fmt: skip
def test_what_would_protect_nothing_is_refused(name: str) -> None:
    with pytest.raises(InvalidInput):
        kept([name])


def test_a_lease_has_some_names_and_not_too_many() -> None:
    with pytest.raises(InvalidInput):
        kept([])
    with pytest.raises(InvalidInput):
        kept([f"n{number}" for number in range(21)])
    assert kept(["a/b", "A/b/", "./a/b"]) == ["./a/b".removeprefix("./")]


def test_it_says_which_of_the_names_overlap() -> None:
    assert overlapping(["src/**", "docs", "deploy:a"], ["src/x.py", "deploy:b"]) == ["src/**"]


def test_no_name_makes_a_path_expensive() -> None:
    names = ["*a" * 9 + "*b", "/".join(["**", "a"] * 9), "**/" + "/".join(["*a*"] * 8) + "/**/b"]
    finder = Finder(kept(names), "")
    started = time.process_time()
    for path in ("a" * 4000, "a/" * 2000, "aa/" * 1300 + "c"):
        finder.covering(path)
    assert time.process_time() - started < 1


def test_a_finder_tells_which_names_cover_a_path_of_a_repository() -> None:
    finder = Finder(["src/api", "src/**/*.py", "web:src", "docs/*"], "")
    assert finder.covering("src/api/x.py") == ["src/api", "src/**/*.py"]
    assert finder.covering("docs/a/b.md") == []
    assert finder.covering("src/Odd*name") == []
    assert Finder(["web:src"], "web").covering("src/x") == ["web:src"]
    assert Finder([], "").covering("x") == []
