"""What Django is told of the database: SQLite in the data folder, or PostgreSQL at a URL."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

POOL_SECONDS = 10  # that a thread waits for a connection before its call is answered `unavailable`
_COMMIT = {"FULL": "on", "NORMAL": "off", "EXTRA": "on"}
_FORM = "DATABASE_URL must look like postgres://user:password@host:5432/name"


def sqlite(path: Path, *, synchronous: str) -> dict[str, Any]:
    """One file, for one machine."""
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path,
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "timeout": 20,
            "transaction_mode": "IMMEDIATE",
            "init_command": (
                f"PRAGMA journal_mode=WAL; PRAGMA synchronous={synchronous};"
                " PRAGMA cache_size=-20000; PRAGMA temp_store=MEMORY;"
                # What is deleted is overwritten: an erased text must not stay in free pages.
                " PRAGMA secure_delete=ON;"
            ),
        },
    }


def postgresql(url: str, *, synchronous: str, connections: int) -> dict[str, Any]:
    """A server, for several processes and machines.

    `connections` is how many a process keeps at the most; threads that need one more wait. 0 means
    no pool: each thread keeps its own, which a process that forks must do. Parameters of the URL
    (`?sslmode=require`) go to the driver.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"} or not parts.path.strip("/"):
        raise ImproperlyConfigured(f"{_FORM}.")
    try:
        port = parts.port
    except ValueError:
        raise ImproperlyConfigured(f"{_FORM}; its port is no number.") from None
    commit = f"-c synchronous_commit={_COMMIT[synchronous]}"
    pool = {"min_size": min(2, connections), "max_size": connections, "timeout": POOL_SECONDS}
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(port or ""),
        "CONN_MAX_AGE": 0 if connections else None,
        "OPTIONS": {
            "options": commit,
            "application_name": "teammcp",
            **({"pool": pool} if connections else {}),
            **dict(parse_qsl(parts.query)),
        },
    }
