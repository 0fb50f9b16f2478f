"""What may be in a text that comes from outside."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_line, clean_text

FORBIDDEN = {
    "null": "\x00",
    "bell": "\x07",
    "escape": "\x1b",
    "vertical tab": "\x0b",
    "delete": "\x7f",
    "a C1 control": "\x9b",
    "right-to-left override": "\u202e",
    "left-to-right embedding": "\u202a",
    "isolate": "\u2066",
    "pop isolate": "\u2069",
    "half a character": "\ud83d",
    "its other half": "\ude00",
    "a noncharacter": "\uffff",
}


@pytest.mark.parametrize("sign", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_what_is_not_text_is_refused_with_its_place(sign: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_text("body", f"some{sign}thing")
    assert f"U+{ord(sign):04X} at position 4" in refused.value.message
    assert refused.value.state["fields"] == {"body": "contains a control character"}
    refused.value.message.encode()  # the refusal itself can be sent


WORDS = ["Zoë", "日本語", "مرحبا", "שלום", "👩🏽‍🚀", "a\tb\nc", "e\u0301", "\u200dx", "\U0001d518"]


@pytest.mark.parametrize("text", WORDS)
def test_every_language_and_every_emoji_is_text(text: str) -> None:
    assert clean_text("body", text, required=True) == text


@pytest.mark.parametrize("text", ["a\r\nb", "a\rb", "a\nb"])
def test_line_ends_are_unified(text: str) -> None:
    assert clean_text("body", text) == "a\nb"


@pytest.mark.parametrize("text", ["", " ", "\n\t ", "\u00a0", "\u3000", "\u200b", "\ufeff\u2060"])
def test_text_in_which_nothing_can_be_seen_is_empty(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        clean_text("body", text, required=True)
    assert refused.value.state["fields"] == {"body": "empty"}
    assert clean_text("body", text) == text


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\r\nb", "a\u2028b", "a\u2029b"])
def test_a_line_is_one_line(text: str) -> None:
    with pytest.raises(InvalidInput, match="must be one line"):
        clean_line("name", text)


def test_space_around_a_line_is_dropped() -> None:
    assert clean_line("name", " \tAda Lovelace\n ") == "Ada Lovelace"


@settings(deadline=None)
@given(st.text(st.characters()))
def test_any_text_is_kept_as_it_is_or_refused(text: str) -> None:
    try:
        kept = clean_text("body", text)
    except InvalidInput:
        bad = {"Cc", "Cf", "Cs", "Cn"}
        assert any(unicodedata.category(sign) in bad for sign in text)
        return
    assert kept == text.replace("\r\n", "\n").replace("\r", "\n")
    assert clean_text("body", kept) == kept
    kept.encode()


@settings(deadline=None)
@given(st.text())
def test_any_line_is_one_line_or_refused(text: str) -> None:
    try:
        kept = clean_line("name", text)
    except InvalidInput:
        return
    assert len(kept.splitlines()) <= 1
    assert kept == kept.strip()
    assert clean_line("name", kept) == kept
