"""Requests that were sent to a name which is not this server's (DNS rebinding)."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.test import Client

from tests.core.test_logs import formatter


@pytest.mark.usefixtures("db")
def test_the_api_refuses_a_foreign_host_in_its_one_error_shape(client: Client) -> None:
    answer = client.get("/api/me/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_input"
    assert "TEAMMCP_ALLOWED_HOSTS" in answer.json()["next"]


@pytest.mark.usefixtures("db")
def test_pages_refuse_a_foreign_host(client: Client) -> None:
    answer = client.get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil" not in answer.content


def test_a_foreign_host_costs_one_line_of_log(
    db: None, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    client.get("/sign-in/", headers={"host": f"evil.example{'x' * 400}"})
    (record,) = caplog.records
    written = formatter().format(record)
    assert "WARNING" in written
    assert "evil.example" in written
    assert "\n" not in written
    assert len(written) < 500


def test_the_public_name_is_admitted_of_itself() -> None:
    """Read in a process of its own, as at a start."""
    said = subprocess.run(
        [sys.executable, "-c", "from teammcp import settings; print(settings.ALLOWED_HOSTS)"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "TEAMMCP_PUBLIC_URL": "https://team.example:8443/",
            "TEAMMCP_DATA_DIR": str(settings.DATA_DIR),
        },
        check=True,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert "'team.example'" in said.stdout
