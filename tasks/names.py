"""What a lease can be taken on: the grammar of its names.

    src/api/**            files of the company's one repository, relative to its root
    web:src/api/*.ts      the same in the repository that the company calls "web"
    deploy:production     anything else with a name, of whatever kind
    customer:acme/eu      names have parts as paths do

A name is an optional scope before the first colon and a pattern of parts with "/" between them.
`*` stands for any characters within a part, `?` for one, and `**`, as a whole part, for any number
of parts. A name whose last part has no wildcard covers what lies below it as well: a folder all its
files. Capitals do not matter. Names with different scopes, or one with and one without, never
overlap.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from tasks import globs
from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_line, shortened

LONGEST = 300  # characters of a name
MOST = 20  # names of one lease
MOST_WILDCARDS = 20  # in one name
_SCOPE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,39}")


class Name(NamedTuple):
    """A name as it is compared."""

    scope: str
    parts: globs.Segments

    def overlaps(self, other: Name) -> bool:
        """Whether something has both names."""
        return self.scope == other.scope and globs.meet(self.parts, other.parts)


def kept(given: Iterable[str]) -> list[str]:
    """Names as they are stored: each once, in the order given. Raises InvalidInput."""
    names = [_cleaned(name) for name in given]
    if not 1 <= len(names) <= MOST:
        raise InvalidInput(
            f"A lease is on 1 to {MOST} names.",
            fields={"names": "none, or too many"},
            next="Name what you need, such as names=['src/api/**', 'deploy:production'].",
        )
    return list({name_of(name): name for name in names}.values())


@functools.lru_cache(maxsize=20_000)
def name_of(kept_name: str) -> Name:
    """A stored name, ready to be compared."""
    scope, pattern = _split(kept_name)
    parts = tuple(folded(pattern).split("/"))
    below = () if parts[-1] == globs.ANY or {"*", "?"} & set(parts[-1]) else (globs.ANY,)
    return Name(scope, (*parts, *below))


def folded(text: str) -> str:
    """A text as it is compared: capitals and ways to write an accent do not matter."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).lower())


def overlapping(one: Iterable[str], other: Iterable[str]) -> list[str]:
    """Those of the first names that overlap one of the others."""
    others = [name_of(name) for name in other]
    return [name for name in one if any(name_of(name).overlaps(known) for known in others)]


class Finder:
    """Which of many names cover a path; made once for thousands of paths."""

    def __init__(self, names: Iterable[str], scope: str) -> None:
        found = [(name, name_of(name)) for name in names]
        own = {name: globs.expression(n.parts) for name, n in found if n.scope == scope}
        self._each = {name: re.compile(text) for name, text in own.items()}
        self._any = re.compile("|".join(own.values())) if own else None

    def covering(self, path: str) -> list[str]:
        """The names that cover this path, which is one of the repository, without a scope."""
        path = "/" + folded(path)
        if self._any is None or not self._any.fullmatch(path):
            return []
        return [name for name, pattern in self._each.items() if pattern.fullmatch(path)]


def scope_of(repo: str) -> str:
    """The scope that a repository's files have. Raises InvalidInput."""
    scope = repo.strip().removesuffix(":").lower()
    if scope and not _SCOPE.fullmatch(scope):
        raise _wrong("repo", repo, "is no name of a repository", "Use letters, digits, '-'.")
    return scope


def _split(name: str) -> tuple[str, str]:
    before, colon, after = name.partition(":")
    return (before.lower(), after) if colon else ("", name)


def _cleaned(given: str) -> str:
    text = unicodedata.normalize("NFC", clean_line("names", given, required=True))
    if len(text) > LONGEST:
        raise _wrong("names", text, f"has more than {LONGEST} characters", "Name a folder.")
    scope, pattern = _split(text)
    if ":" in text and not _SCOPE.fullmatch(scope):
        raise _wrong(
            "names", text, "has a colon without a plain word before it",
            "A name is a path ('src/api/**') or 'kind:name' ('deploy:production').",
        )  # fmt: skip
    parts = [part.strip() for part in pattern.split("/") if part.strip() not in {"", "."}]
    _check(text, parts)
    return (f"{scope}:" if ":" in text else "") + "/".join(parts)


def _check(text: str, parts: list[str]) -> None:
    """Raises InvalidInput for what would look as if it protected something, and did not."""
    joined = "/".join(parts)
    if not parts or ".." in parts:
        raise _wrong("names", text, "names nothing within its root", "Begin at the root: 'src/a'.")
    if "\\" in joined:
        raise _wrong("names", text, "has a backslash", "Write paths with '/'.")
    if any(globs.ANY in part and part != globs.ANY for part in parts):
        raise _wrong("names", text, "has '**' within a part", "Write 'src/**/*.py'.")
    if parts[0].startswith("!") or {"{", "}"} & set(joined):
        raise _wrong(
            "names", text, "has '!' or braces, which stand for nothing here",
            "Send several names, and only what you need.",
        )  # fmt: skip
    if joined.count("*") + joined.count("?") > MOST_WILDCARDS:
        raise _wrong("names", text, "has too many wildcards", "Name a folder: 'src/**'.")


def _wrong(field: str, given: str, why: str, advice: str) -> InvalidInput:
    return InvalidInput(f"{shortened(given)!r} {why}.", fields={field: why}, next=advice)
