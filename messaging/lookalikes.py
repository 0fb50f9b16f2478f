"""Names that a reader could mistake for each other."""

from __future__ import annotations

# Small letters of other scripts that look like Latin ones: Cyrillic, Greek, Armenian, phonetic.
_TWINS = {
    "\u0430\u03b1\u0251\u1d00": "a",
    "\u044c\u0185": "b",
    "\u0441\u03f2\u1d04": "c",
    "\u0501": "d",
    "\u0435\u04bd\u1d07": "e",
    "\u0584": "f",
    "\u0261\u0581": "g",
    "\u04bb\u0570": "h",
    "\u0456\u03b9\u0131\u0269\u026a\u04cf\u01c0": "i",
    "\u0458\u03f3": "j",
    "\u043a\u03ba\u1d0b": "k",
    "\u043c\u1d0d": "m",
    "\u043f\u03b7\u0578\u057c": "n",
    "\u043e\u03bf\u0585\u03c3\u1d0f": "o",
    "\u0440\u03c1": "p",
    "\u051b\u0566": "q",
    "\u0433\u1d26": "r",
    "\u0455\ua731": "s",
    "\u0442\u03c4\u1d1b": "t",
    "\u057d\u03c5\u1d1c": "u",
    "\u03bd\u0475\u1d20": "v",
    "\u051d\u03c9\u0461\u1d21": "w",
    "\u0445\u03c7": "x",
    "\u0443\u04af\u03b3\u1d8c": "y",
    "\u1d22": "z",
}
_LETTERS = str.maketrans({sign: letter for signs, letter in _TWINS.items() for sign in signs})
_FORMS = str.maketrans("01i_", "oll-")  # as for handles


def skeleton(name: str) -> str:
    """Equal for names that look the same, sign by sign: general with a Cyrillic a, genera1."""
    return name.translate(_LETTERS).translate(_FORMS)
