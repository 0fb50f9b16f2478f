"""Changing one entry of a JSON file: all else stays, to the byte."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mcp_bridge.client.jsonedit import MISSING, Broken, Document

ENTRY = {"command": "/usr/bin/python", "args": ["a"]}
COMMENTED = """\
// my settings
{
    "theme": "dark", // keep
    /* the servers */
    "mcpServers": {
        "other": {"command": "x"}, // mine
    },
    "last": [1, 2],
}
"""


def test_an_entry_is_added_and_comments_order_and_layout_stay() -> None:
    document = Document(COMMENTED, comments=True)
    document.put(["mcpServers", "teammcp"], ENTRY)
    assert document.text == COMMENTED.replace(
        '"other": {"command": "x"}, // mine\n',
        '"other": {"command": "x"}, // mine\n'
        '        "teammcp": {\n'
        '            "command": "/usr/bin/python",\n'
        '            "args": [\n                "a"\n            ]\n'
        "        }\n",
    )
    document.remove(["mcpServers", "teammcp"])
    assert document.value == Document(COMMENTED, comments=True).value
    for comment in ("// my settings", "// keep", "/* the servers */", "// mine"):
        assert comment in document.text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", '{\n  "a": {\n    "b": 1\n  }\n}\n'),
        ("{}", '{\n  "a": {\n    "b": 1\n  }\n}'),
        ('{"x": 1}', '{"x": 1, "a": {"b": 1}}'),
        ('{"a": {}}', '{"a": {\n  "b": 1\n}}'),
        ('{\n\t"x": 1\n}\n', '{\n\t"x": 1,\n\t"a": {\n\t\t"b": 1\n\t}\n}\n'),
        ('{\r\n  "x": 1\r\n}', '{\r\n  "x": 1,\r\n  "a": {\r\n    "b": 1\r\n  }\r\n}'),
        ('{"a": {"b": 0, "c": 2}}', '{"a": {"b": 1, "c": 2}}'),
        ('\ufeff{"x": 1}', '\ufeff{"x": 1, "a": {"b": 1}}'),
    ],
)
def test_an_entry_takes_the_layout_of_its_file(before: str, after: str) -> None:
    document = Document(before)
    document.put(["a", "b"], 1)
    assert document.text == after


def test_of_several_members_with_one_name_the_last_counts() -> None:
    document = Document('{"a": 1, "a": 2}')
    document.put(["a"], 3)
    assert document.text == '{"a": 1, "a": 3}'


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ('{"a": 1,\n "b" 2}', "line 2, column 6"),
        ('{"a": [1, 2}', "line 1, column 12"),
        ('{"a": 1', "line 1, column 8"),
        ('{"a": "x\n"}', "line 1, column 7"),
        ("{\n  // no\n}", "line 2, column 3"),
        ('{"a": 1,}', "line 1, column 9"),
        ('{"a": 01}', "line 1, column 7"),
        ("[]", "line 1, column 1"),
        ('{"a": 1} {"b": 2}', "line 1, column 10"),
        ("{1: 2}", "line 1, column 2"),
        ('{"a": ' + "[" * 1000, "too deeply nested"),
    ],
)
def test_a_broken_file_is_refused_with_the_place(text: str, place: str) -> None:
    with pytest.raises(Broken, match=place):
        Document(text)


def test_what_is_no_object_is_not_replaced() -> None:
    with pytest.raises(Broken, match="mcpServers should be an object"):
        Document('{"mcpServers": []}').put(["mcpServers", "teammcp"], ENTRY)


def test_items_of_a_list_come_and_go() -> None:
    document = Document('{\n  "hooks": {\n    "Stop": [\n      {"a": 1}\n    ]\n  }\n}\n')
    before = document.text
    document.append(["hooks", "Stop"], {"b": 2})
    assert document.get(["hooks", "Stop"]) == [{"a": 1}, {"b": 2}]
    document.remove_item(["hooks", "Stop"], {"b": 2})
    assert document.text == before
    document.append(["hooks", "Start"], {"c": 3})
    assert document.get(["hooks", "Start"]) == [{"c": 3}]


short = st.text(max_size=4)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4)
    ),
    max_leaves=12,
)
patient = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
objects = st.dictionaries(short, values, max_size=5)
layouts = st.sampled_from([None, 0, 1, 2, "\t"])


@patient
@given(before=objects, indent=layouts, key=short, value=values)
def test_whatever_the_file_only_the_entry_changes(
    before: dict[str, Any], indent: Any, key: str, value: Any
) -> None:
    document = Document(json.dumps(before, indent=indent))
    document.put([key], value)
    assert json.loads(document.text) == {**before, key: value}
    document.remove([key])
    assert json.loads(document.text) == {k: v for k, v in before.items() if k != key}
    assert document.get([key]) is MISSING


@patient
@given(before=objects, indent=layouts, value=values)
def test_a_new_entry_is_taken_out_without_a_trace_of_meaning(
    before: dict[str, Any], indent: Any, value: Any
) -> None:
    document = Document(json.dumps({"other": 1, **before}, indent=indent))
    document.put(["new one", "inner"], value)
    document.remove(["new one"])
    assert document.text == json.dumps({"other": 1, **before}, indent=indent)


@patient
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        Document(text, comments=True)
    except Broken:
        return
