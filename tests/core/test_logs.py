"""What the log says, and that it gives no secret away."""

from __future__ import annotations

import logging
import sys
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.utils.module_loading import import_string

from orgchart.tokens import CREDENTIAL, JOIN_CODE, SIGN_IN, new_token

LOGGING: Any = settings.LOGGING


def formatter() -> logging.Formatter:
    """As the settings make it."""
    options = dict(LOGGING["formatters"]["line"])
    made: logging.Formatter = import_string(options.pop("()"))(options.pop("format"), **options)
    return made


def test_a_link_that_is_opened_without_its_cookie_does_not_leave_its_token_in_the_log(
    db: None, caplog: pytest.LogCaptureFixture
) -> None:
    token = new_token(SIGN_IN)
    answer = Client(enforce_csrf_checks=True).post(f"/sign-in/{token}/")
    assert answer.status_code == 403
    assert caplog.records
    for record in caplog.records:
        assert token not in formatter().format(record)


@pytest.mark.parametrize("prefix", [SIGN_IN, JOIN_CODE, CREDENTIAL, "whsec_"])
def test_no_token_is_written_wherever_it_stands(prefix: str) -> None:
    token = new_token(prefix)
    try:
        raise ValueError(f"no such thing: {token}")
    except ValueError:
        record = logging.LogRecord(
            "x", logging.ERROR, "f", 1, "%s/%s", (f"a{token}", token), sys.exc_info()
        )
    written = formatter().format(record)
    assert token not in written
    assert f"{prefix}…" in written
    assert "ValueError" in written


def test_names_that_begin_alike_are_written_out() -> None:
    record = logging.LogRecord("x", logging.ERROR, "f", 1, "POST join_company failed", (), None)
    assert "join_company failed" in formatter().format(record)


def test_every_line_of_the_log_is_written_so() -> None:
    handlers = LOGGING["handlers"].values()
    assert {handler["formatter"] for handler in handlers} == {"line"}
