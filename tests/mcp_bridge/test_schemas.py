"""Schemas in few tokens that still say all that a caller must obey."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import jsonschema  # type: ignore[import-untyped]
import pytest
from annotated_types import Ge, Le, MaxLen
from pydantic import BaseModel, Field

from mcp_bridge.schemas import compact, output_schema


class Leaf(BaseModel):
    """A leaf, with a description that costs tokens and is long enough to be worth sharing."""

    title: str
    """how it is called"""
    weight: Annotated[float, Ge(0), Le(1e300)] = 0.5
    note: Annotated[str, MaxLen(100)] = Field(default="", description="a remark of your own")
    colour: Literal["red", "green", "yellow"] = "green"


class Branch(BaseModel):
    name: str
    leaf: Leaf
    more: list[Leaf] = []
    parent: Branch | None = None


class Flat(BaseModel):
    title: str
    required: int
    default: bool = False
    since: datetime | None = None
    either: int | str | None = None
    free: dict[str, Any] = {}


def test_titles_go_but_a_field_called_title_stays() -> None:
    schema = compact(Flat.model_json_schema())
    assert "title" not in schema
    assert schema["properties"]["title"] == {"type": "string"}
    assert schema["required"] == ["title", "required"]


def test_what_may_be_null_is_simply_optional() -> None:
    schema = compact(Flat.model_json_schema())
    assert schema["properties"]["since"] == {"format": "date-time", "type": "string"}
    assert schema["properties"]["either"] == {"anyOf": [{"type": "integer"}, {"type": "string"}]}


def test_empty_defaults_and_open_doors_say_nothing() -> None:
    schema = compact(Flat.model_json_schema())
    assert schema["properties"]["default"] == {"type": "boolean"}
    assert schema["properties"]["free"] == {"type": "object"}


def test_limits_choices_and_descriptions_stay() -> None:
    leaf = compact(Leaf.model_json_schema())["properties"]
    assert leaf["weight"] == {"default": 0.5, "minimum": 0, "type": "number"}
    assert leaf["colour"]["enum"] == ["red", "green", "yellow"]
    assert leaf["note"]["maxLength"] == 100
    assert leaf["note"]["description"] == "a remark of your own"


def test_what_is_used_twice_is_shared_and_what_recurs_is_referred_to() -> None:
    schema = compact(Branch.model_json_schema())
    assert set(schema["$defs"]) == {"Leaf", "Branch"}
    assert schema["$defs"]["Branch"]["properties"]["parent"] == {"$ref": "#/$defs/Branch"}
    jsonschema.Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize(
    ("value", "valid"),
    [
        ({"name": "a", "leaf": {"title": "x"}}, True),
        ({"name": "a", "leaf": {"title": "x"}, "parent": {"name": "b", "leaf": {}}}, False),
        ({"name": "a", "leaf": {"title": "x", "colour": "blue"}}, False),
        ({"leaf": {"title": "x"}}, False),
    ],
)
def test_the_short_schema_admits_what_the_long_one_admits(
    value: dict[str, Any],
    valid: bool,  # noqa: FBT001
) -> None:
    long = jsonschema.Draft202012Validator(Branch.model_json_schema())
    short = jsonschema.Draft202012Validator(compact(Branch.model_json_schema()))
    assert short.is_valid(value) is long.is_valid(value) is valid


def test_an_answer_is_described_down_to_its_own_fields() -> None:
    assert output_schema(Branch) == {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "leaf": {"type": "object"},
            "more": {"type": "array", "items": {"type": "object"}},
            "parent": {"type": "object"},
        },
    } or "$ref" in str(output_schema(Branch))


def test_a_complete_description_spells_out_what_the_fields_hold() -> None:
    schema = output_schema(Branch, complete=True)
    assert "weight" in str(schema)
    assert "description" not in str(schema)
    assert "required" not in schema
