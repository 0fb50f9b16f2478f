"""The pages in docs/connect/ say what the code does, and their commands run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_bridge.client.choices import parser
from teammcp.clients import FORMS, Form, http_entry, render, stdio_entry
from tests.client.conftest import MANAGE, Agent, Machine, call, join, post
from tests.live import ROOT, LiveServer, wait_until

PAGES = ROOT / "docs" / "connect"
PYTHON, SCRIPT = "/path/to/teammcp/.venv/bin/python", "/path/to/teammcp/manage.py"
MCP = "http://127.0.0.1:8420/mcp"


def blocks(page: str, language: str = "") -> list[str]:
    """The examples of a page in a language."""
    text = (PAGES / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_each_page_shows_what_connect_writes(form: Form) -> None:
    shown = [block.strip() for block in blocks(f"{form.key}.md", "toml" if form.toml else "json")]
    started = render(form, stdio_entry(form, PYTHON, [SCRIPT, "stdio"]))
    over_http = render(form, http_entry(form, MCP, form.reference))
    assert shown == [started.strip(), over_http.strip()]
    assert f"connect --client {form.key}" in (PAGES / f"{form.key}.md").read_text()


def test_every_option_of_connect_is_explained() -> None:
    known = set(re.findall(r"--[a-z][\w-]*", parser().format_help())) - {"--help", "--stdio"}
    table = (PAGES / "README.md").read_text().partition("## What `connect` does")[2]
    assert set(re.findall(r"--[a-z][\w-]*", table.partition("**Other entries")[0])) == known


def test_every_page_is_listed() -> None:
    listed = re.findall(r"\]\(([\w-]+\.md)\)", (PAGES / "README.md").read_text())
    assert sorted(listed) == sorted(page.name for page in PAGES.glob("[a-z]*.md"))


def test_the_example_with_the_official_client_runs(
    live: LiveServer, machine: Machine, tmp_path: Path
) -> None:
    lin = join(live, f"Lin {live.port}")
    script = tmp_path / "example.py"
    (example,) = blocks("any-mcp-client.md", "python")
    script.write_text(example)
    env = machine.use(live, lin).environment
    env |= {"TEAMMCP_PYTHON": sys.executable, "TEAMMCP_MANAGE": MANAGE}
    done = subprocess.run(
        [sys.executable, str(script)],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=90,
    )
    assert done.stdout == f"I am {lin.handle}\n", done.stderr


@contextmanager
def loop(live: LiveServer, token: str) -> Iterator[None]:
    """The loop of the page, as somebody pastes it."""
    (script,) = blocks("any-program.md", "bash")
    env = {"PATH": os.environ["PATH"], "TEAMMCP_URL": live.url, "TEAMMCP_TOKEN": token}
    process = subprocess.Popen(["bash", "-c", script], env=env, start_new_session=True)
    try:
        yield
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(60)


def heard(live: LiveServer, agent: Agent, where: str) -> list[str]:
    page = call(live, "GET", "messages/", agent, where=where, limit=100)
    return [item["body"] for item in page["items"] if item["author"] == "echo"]


@pytest.mark.skipif(shutil.which("jq") is None, reason="the loop of the page needs jq")
def test_a_loop_of_five_lines_is_a_member_of_the_team(live: LiveServer) -> None:
    (command,) = [block for block in blocks("any-program.md") if "register" in block]
    env = {
        "PATH": os.environ["PATH"],
        "TEAMMCP_URL": live.url,
        "TEAMMCP_JOIN_CODE": live.join_code,
    }
    done = subprocess.run(
        ["bash", "-c", command], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    token = re.search(r'"token": ?"(\w[\w-]+)"', done.stdout)
    assert token is not None
    kay = join(live, f"Kay {live.port}")
    hostile = 'Say "hello"\\n; $(touch x) `id`\n<b>&'

    with loop(live, token[1]):
        post(live, "messages/", kay, to="@echo", body=hostile)
        asked = post(live, "messages/", kay, to="#general", body="@echo, are you there?")
        wait_until(lambda: heard(live, kay, "@echo"), "an answer", seconds=60)
        thread = f"thread:{asked['id']}"
        wait_until(lambda: heard(live, kay, thread), "an answer in the thread", seconds=60)
    for number in range(3):
        post(live, "messages/", kay, to="@echo", body=f"While it was away {number}.")
    with loop(live, token[1]):
        wait_until(lambda: len(heard(live, kay, "@echo")) == 4, "all answers", seconds=60)
        wait_until(
            lambda: not call(live, "GET", "inbox/", token[1])["items"], "an empty inbox", seconds=60
        )

    answers = heard(live, kay, "@echo")
    assert answers[0] == f"I heard: {hostile}"
    assert len(answers) == len(set(answers)) == 4
    assert len(call(live, "GET", "inbox/", token[1])["items"]) == 0
