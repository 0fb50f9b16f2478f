"""Requests that were sent to a name which is not this server's (DNS rebinding)."""

from __future__ import annotations

import pytest
from django.test import Client


@pytest.mark.django_db
def test_the_api_refuses_a_foreign_host_in_its_one_error_shape(client: Client) -> None:
    answer = client.get("/api/me/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "invalid_input"
    assert "TEAMMCP_ALLOWED_HOSTS" in answer.json()["next"]


@pytest.mark.django_db
def test_pages_refuse_a_foreign_host(client: Client) -> None:
    answer = client.get("/sign-in/", headers={"host": "evil.example"})
    assert answer.status_code == 400
    assert b"evil" not in answer.content
