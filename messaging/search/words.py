"""Words as they are compared: what of a text is indexed, and what a query looks for.

Accents, widths and letter case are folded. In scripts that are written without spaces, and in
Korean, which glues endings to its words, each character is a word of its own, and what stands
together in a query is looked for as a phrase: so any part of a sentence is found, down to one
character, and nothing else is. docs/architecture.md says why not otherwise.
"""

from __future__ import annotations

import functools
import itertools
import re
import unicodedata

# Thai, Lao, Myanmar, Khmer; Hangul; kana, ideographs with extensions and repetition marks.
UNSPACED = (
    "\u0e01-\u0e4e\u0e81-\u0ece\u1000-\u109f\u1780-\u17d3"
    "\u1100-\u11ff\uac00-\ud7a3"
    "\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
)


def _marks() -> str:
    """The signs that belong to the letter before them, such as the vowels of Indian scripts, as a
    class of a regular expression. Accents are folded away, variations of emoji are no letters."""
    found = [
        code
        for code in range(0x370, 0xFE00)
        if not 0x20D0 <= code < 0x2100 and unicodedata.category(chr(code)) in {"Mn", "Mc"}
    ]
    groups = itertools.groupby(enumerate(found), lambda pair: pair[1] - pair[0])
    runs = [[code for _, code in group] for _, group in groups]
    return "".join(f"{chr(run[0])}-{chr(run[-1])}" for run in runs)


MARKS = _marks()
_UNSPACED = re.compile(f"[{UNSPACED}]")
_ACCENT = re.compile("[\u0300-\u036f]")
# A character with the marks that folding joins to it: accents, kana's voice marks, Korean vowels.
_SIGN = re.compile("(?s:.)[\u0300-\u036f\u3099\u309a\uff9e\uff9f\u1161-\u11ff]*")
LETTER = rf"(?:(?![{UNSPACED}])(?:[^\W_]|[{MARKS}]))"
_WORD = re.compile(rf"(?![{MARKS}])(?:[{UNSPACED}][{MARKS}]*|{LETTER}+)")


def fold(text: str) -> str:
    """A text without accents, widths and case: Zoë is zoe."""
    if text.isascii():
        return text.lower()
    plain = _ACCENT.sub("", unicodedata.normalize("NFKD", text))
    return unicodedata.normalize("NFC", plain).lower()


def words_of(text: str) -> list[str]:
    """The words of a text, in order."""
    return _WORD.findall(fold(text))


def spaced(text: str) -> str:
    """A text with a space between all its words, where a tokenizer would not see them."""
    if text.isascii():
        return text
    return " ".join(words_of(text))


def is_unspaced(word: str) -> bool:
    """Whether this word is a single character of a script without spaces."""
    return _UNSPACED.match(word) is not None


Span = tuple[int, int]


def folded(text: str) -> tuple[str, list[Span] | None]:
    """`fold`, with what each character was in the original; None where all are at their places."""
    if text.isascii():
        return text.lower(), None
    signs: list[str] = []
    places: list[Span] = []
    for sign in _SIGN.finditer(text):
        plain = _fold_sign(sign[0])
        signs.append(plain)
        places += [sign.span()] * len(plain)
    return "".join(signs), places


@functools.lru_cache(maxsize=10_000)
def _fold_sign(sign: str) -> str:
    return fold(sign)
