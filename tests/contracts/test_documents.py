"""What is written about the server is true: OpenAPI, events, settings, commands, links."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import orjson
import pytest
from django.conf import settings
from django.core.management import call_command, get_commands

from audit.kinds import registry as kinds
from teammcp.core import errors as core_errors
from teammcp.core.actions import registry
from tests.access.routes import rest_routes

ROOT = Path(settings.BASE_DIR)
PACKAGES = ("teammcp", "audit", "orgchart", "messaging", "approvals", "tasks", "mcp_bridge")
SETTING = re.compile(r"[\"'](TEAMMCP_[A-Z_]+)[\"']")
NOT_SETTINGS = {
    "TEAMMCP_LISTEN_FD": "from the process that watches to the one that serves",
    "TEAMMCP_TOKEN": "where the clients' configurations keep their token",
    "TEAMMCP_URL": "the server, on the machines of agents",
    "TEAMMCP_ACCOUNT": "which of several agents, on the machines of agents",
    "TEAMMCP_JOIN_CODE": "with which a new agent registers, on the machines of agents",
    "TEAMMCP_HOOK_SECONDS": "how long a hook may take, on the machines of agents",
    "TEAMMCP_HOOK_DEBUG": "lets a hook say what went wrong, on the machines of agents",
}
NOT_ON_REST = {
    "finish_welcome": "a person's first steps in the dashboard, once",
    "fire_blueprint": "what a blueprint's rule or webhook does by itself",
    "use_tool": "what a permission prompt asks for: ask_permission",
}


def sources() -> Iterator[Path]:
    yield ROOT / "manage.py"
    for package in PACKAGES:
        yield from (ROOT / package).rglob("*.py")


def documents() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


# OpenAPI


@pytest.fixture(scope="module")
def openapi() -> Any:
    """The document, made with every check that there is; a warning fails."""
    out = StringIO()
    options: dict[str, Any] = {"validate": True, "fail_on_warn": True, "format": "openapi-json"}
    call_command("spectacular", stdout=out, **options)
    return orjson.loads(out.getvalue())


def operations(openapi: Any) -> Iterator[tuple[str, str, Any]]:
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield path, method.upper(), operation


def test_the_openapi_document_is_valid_and_has_every_address(openapi: Any) -> None:
    assert openapi["openapi"].startswith("3.1")
    described = {(method, path) for path, method, _ in operations(openapi)}
    routes = {
        (route.method, re.sub(r"<\w+:(\w+)>", r"{\1}", route.pattern)) for route in rest_routes()
    }
    assert described == routes
    names = [operation["operationId"] for _, _, operation in operations(openapi)]
    assert len(set(names)) == len(names)


def test_the_openapi_document_asks_for_nothing_twice(openapi: Any) -> None:
    """What the address names is refused as an argument."""
    for path, method, operation in operations(openapi):
        named = set(re.findall(r"{(\w+)}", path))
        places = {one["name"]: one["in"] for one in operation.get("parameters", [])}
        assert {name for name, where in places.items() if where == "path"} == named
        for content in operation.get("requestBody", {}).get("content", {}).values():
            if "$ref" not in content["schema"]:  # the bytes of a file
                continue
            body = openapi["components"]["schemas"][content["schema"]["$ref"].split("/")[-1]]
            assert not named & body["properties"].keys(), f"{method} {path}"
            assert set(body.get("required", ())) <= body["properties"].keys()


def test_the_openapi_document_shows_the_one_error_shape(openapi: Any) -> None:
    for path, method, operation in operations(openapi):
        refused = operation["responses"]["default"]["content"]["application/problem+json"]
        assert refused["schema"]["$ref"].endswith("/Problem"), f"{method} {path}"


def test_every_action_is_on_rest_or_says_why_not() -> None:
    reachable = {route.action for route in rest_routes()}
    assert registry.keys() - reachable == NOT_ON_REST.keys()


# Errors


def test_every_error_that_is_raised_says_what_to_do_next() -> None:
    errors = {name for name, _ in inspect.getmembers(core_errors, is_error)}
    assert len(errors) > 8
    silent = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for path in sources()
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Name)
        and call.func.id in errors
        and "next" not in {keyword.arg for keyword in call.keywords}
    ]
    assert silent == []


def is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, core_errors.AppError)


# Events, settings, commands, links


def test_the_reference_of_events_is_fresh() -> None:
    out = StringIO()
    call_command("eventdocs", stdout=out)
    written = (ROOT / "docs" / "events.md").read_text()
    assert written == out.getvalue(), "python3 manage.py eventdocs > docs/events.md"
    assert all(f"| `{name}` |" in written for name in kinds)


def test_every_setting_is_documented_and_every_documented_one_is_read() -> None:
    read = {name for path in sources() for name in re.findall(SETTING, path.read_text())}
    written = (ROOT / "docs/settings.md").read_text()
    shown = set(re.findall(r"^\| `(TEAMMCP_\w+)`", written, re.MULTILINE))
    assert len(read) > 5
    assert read - NOT_SETTINGS.keys() == shown


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_command_that_a_document_names_is_there(path: Path) -> None:
    known = get_commands()
    for name in re.findall(r"manage\.py (\w+)", path.read_text()):
        assert name in known, name


def test_every_command_of_ours_is_in_a_document() -> None:
    ours = {name for name, app in get_commands().items() if app in {*PACKAGES, "teammcp.core"}}
    text = "\n".join(path.read_text() for path in documents())
    assert {name for name in ours if f"manage.py {name}" not in text} == set()


def links(path: Path) -> Iterator[str]:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not re.match(r"[a-z]+:", target):
            yield target


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_link_between_documents_leads_somewhere(path: Path) -> None:
    for link in links(path):
        target, _, anchor = link.partition("#")
        linked = (path.parent / target).resolve() if target else path
        assert linked.exists(), link
        if anchor:
            assert anchor in anchors(linked), link


def anchors(path: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_file_that_a_document_names_is_there(path: Path) -> None:
    for name in re.findall(r"`((?:tests|docs|benchmarks)/[\w/.]+)`", path.read_text()):
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_test_that_a_document_names_is_there(path: Path) -> None:
    for file, name in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", path.read_text()):
        assert f"def {name}(" in (ROOT / file).read_text(), f"{file}::{name}"
