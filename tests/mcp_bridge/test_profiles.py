"""The lists of tools: complete, small, in order, and true."""

from __future__ import annotations

from importlib import import_module

import jsonschema  # type: ignore[import-untyped]
import orjson
import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import module_has_submodule

from mcp_bridge import profiles as module
from mcp_bridge.checks import check_tools
from mcp_bridge.profiles import all_tools, profile_named, profiles
from messaging.services import send_message
from teammcp.core.actions import registry
from teammcp.core.errors import InvalidInput
from teammcp.core.tools import Tool
from tests.mcp_bridge.conftest import tokens

BUDGET = 4_000  # tokens of the whole default list, as the language models of today count them
PER_TOOL = 285  # so that it holds for about 14 tools


def exemptions() -> dict[str, str]:
    """Actions that are no tool, each with its reason, as the apps list them."""
    found: dict[str, str] = {}
    for config in apps.get_app_configs():
        if config.module is not None and module_has_submodule(config.module, "tools"):
            found |= getattr(import_module(f"{config.name}.tools"), "EXEMPT", {})
    return found


def test_every_action_is_a_tool_or_says_why_not() -> None:
    offered = {tool.action.name for tool in all_tools()}
    exempt = exemptions()

    assert registry.keys() - offered - exempt.keys() == set()
    assert exempt.keys() & offered == set()
    assert exempt.keys() - registry.keys() == set()
    assert all(len(reason) > 15 for reason in exempt.values())


def test_every_tool_is_in_the_full_profile() -> None:
    assert [tool.name for tool in all_tools()] == list(profiles()["full"].tools)
    with pytest.raises(ValueError, match="full"):
        Tool(send_message, profiles=frozenset({"default"}))


def test_the_default_profile_has_what_an_agent_does_all_day() -> None:
    daily = {"resume", "check_inbox", "ack", "send", "read", "search", "find_people"}
    assert daily <= profiles()["default"].tools.keys()
    assert next(iter(profiles())) == "default"


def test_the_default_list_stays_within_its_budget(capsys: pytest.CaptureFixture[str]) -> None:
    listing = profiles()["default"].listing
    whole = tokens(orjson.dumps({"tools": listing}).decode())
    with capsys.disabled():
        each = ", ".join(
            f"{tool['name']} {tokens(orjson.dumps(tool).decode())}" for tool in listing
        )
        print(f"\ntools/list: {whole} tokens for {len(listing)} tools: {each}")  # noqa: T201
    assert whole < min(BUDGET, PER_TOOL * len(listing))


def test_the_list_is_the_same_each_time_it_is_made() -> None:
    before = orjson.dumps([profile.listing for profile in profiles().values()])
    profiles.cache_clear()
    assert orjson.dumps([profile.listing for profile in profiles().values()]) == before


@pytest.mark.parametrize("name", ["default", "full"])
def test_every_schema_is_valid_and_says_what_its_action_takes(name: str) -> None:
    for entry in profiles()[name].listing:
        tool = profiles()[name].tools[entry["name"]]
        for schema in (entry["inputSchema"], entry.get("outputSchema", {"type": "object"})):
            jsonschema.Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
        taken = set(tool.action.input.model_fields) | ({"client_key"} if tool.keyed else set())
        assert entry["inputSchema"].get("properties", {}).keys() == taken
        assert entry["inputSchema"]["additionalProperties"] is False
        assert len(entry["description"]) > 20


def test_no_answer_has_a_field_that_the_notice_needs() -> None:
    assert not [tool.name for tool in all_tools() if "waiting" in tool.action.output.model_fields]


def test_only_writes_that_a_repetition_would_do_again_take_a_client_key() -> None:
    keyed = {tool.name for tool in all_tools() if tool.keyed}
    assert "send" in keyed
    assert not keyed & {"ack", "check_inbox", "resume", "read", "search", "find_people"}


def test_hints_say_no_more_than_is_true() -> None:
    hints = {tool.name: tool.hints for tool in all_tools()}
    assert hints["send"] == {"destructiveHint": False, "openWorldHint": False}
    assert hints["ack"]["idempotentHint"] is True
    assert hints["search"] == {"readOnlyHint": True, "openWorldHint": False}
    for tool in all_tools():
        assert hints[tool.name].get("readOnlyHint", False) is not tool.action.writes


def test_two_tools_of_one_name_are_found_by_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    twice = [Tool(send_message, name="send"), Tool(send_message, name="send")]
    monkeypatch.setattr(module, "all_tools", lambda: iter(twice))
    profiles.cache_clear()
    try:
        with pytest.raises(ImproperlyConfigured, match="send"):
            profiles()
        assert [found.id for found in check_tools()] == ["mcp_bridge.E001"]
    finally:
        profiles.cache_clear()


def test_the_checks_pass() -> None:
    assert check_tools() == []


def test_an_unknown_profile_names_the_known_ones() -> None:
    with pytest.raises(InvalidInput) as refused:
        profile_named("huge")
    assert "default, full" in refused.value.next
