"""How the log is written: a line per event, and never a secret."""

from __future__ import annotations

import copy
import logging
import re

# Enough of a token's signs behind its prefix that no ordinary word looks like one.
_SECRETS = re.compile(r"(once_|join_|tmcp_|whsec_)[\w+/=-]{12,}")
_REFUSED = "django.security."  # requests that Django refuses, each of which it logs as an error
LONGEST_REFUSAL = 300


class LineFormatter(logging.Formatter):
    """Leaves tokens out, wherever they stand: in addresses, in messages, in tracebacks. What
    somebody sent that was refused is one line, and no error of ours."""

    def format(self, record: logging.LogRecord) -> str:
        refused = record.name.startswith(_REFUSED)
        if refused:
            record = copy.copy(record)
            record.levelno, record.levelname = logging.WARNING, "WARNING"
            record.msg, record.args = record.getMessage()[:LONGEST_REFUSAL], None
            record.exc_info = record.exc_text = None
        return _SECRETS.sub(r"\1…", super().format(record))
