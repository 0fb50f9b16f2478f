"""The dashboard as its users see it: with a test client, and in a real browser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from django.test import Client
from playwright.sync_api import Browser

from orgchart.models import Member
from tests.browser import browser, page
from tests.dashboard.office import Office
from tests.live import LiveServer

__all__ = ["browser", "page"]

At = Callable[[Member], Client]


@pytest.fixture
def at() -> At:
    """`at(ada)`: a client that is signed in as Ada."""

    def signed_in(member: Member) -> Client:
        client = Client()
        client.force_login(member, backend="orgchart.backends.MemberBackend")
        return client

    return signed_in


@pytest.fixture(scope="module")
def office(browser: Browser) -> Iterator[Office]:
    """A running company, shared by the tests of a module."""
    with LiveServer() as server:
        yield Office(server, browser)
