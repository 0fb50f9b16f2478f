"""The hub on a test's event loop, and writers in other threads and processes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator

import pytest
from django.conf import settings
from django.db import connection

from audit.live import Hub, hub
from teammcp.core.lane import WriteLane, lane


@pytest.fixture
def writing(transactional_db: None) -> Iterator[WriteLane]:
    """The write lane, as in a server."""
    lane.start()
    yield lane
    lane.stop()


@pytest.fixture
async def live(writing: WriteLane) -> AsyncIterator[Hub]:
    """The hub, following the ledger of this test."""
    await hub.start()
    yield hub
    await hub.stop()


ELSEWHERE = """
import sys, django
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
django.setup()
from messaging.services import send_message
from orgchart.models import Member
actor = Member.objects.get(handle=sys.argv[2])
for body in sys.argv[4:]:
    send_message(actor=actor, to=sys.argv[3], body=body)
"""


def send_elsewhere(handle: str, to: str, *bodies: str) -> None:
    """Send messages from another process on the same database."""
    database = str(connection.settings_dict["NAME"])
    subprocess.run(
        [sys.executable, "-c", ELSEWHERE, database, handle, to, *bodies],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "teammcp.settings",
            "TEAMMCP_DATA_DIR": str(settings.DATA_DIR),
        },
        check=True,
        timeout=30,
    )
