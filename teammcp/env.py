"""Typed readers of the environment, and the secrets that the data folder keeps."""

from __future__ import annotations

import ipaddress
import os
import secrets
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured


def text(name: str, default: str) -> str:
    return os.environ.get(name, "").strip() or default


def flag(name: str, *, default: bool) -> bool:
    value = os.environ.get(name, "").strip().lower()
    if value in {"", "1", "true", "yes", "on", "0", "false", "no", "off"}:
        return default if value == "" else value in {"1", "true", "yes", "on"}
    raise ImproperlyConfigured(f"{name} must be true or false, not {value!r}.")


def number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def names(name: str) -> list[str]:
    """A list separated by commas."""
    return [part.strip() for part in os.environ.get(name, "").split(",") if part.strip()]


def networks(name: str) -> list[str]:
    """A list of IP networks separated by commas."""
    found = names(name)
    for network in found:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            message = f"{name} must list networks such as 10.0.0.0/8, not {network!r}."
            raise ImproperlyConfigured(message) from None
    return found


def choice(name: str, allowed: tuple[str, ...]) -> str:
    """One of `allowed`; the first is the default."""
    value = os.environ.get(name, "").strip() or allowed[0]
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} must be one of {', '.join(allowed)}, not {value!r}.")
    return value


def kept_secret(folder: Path, name: str) -> str:
    """A secret that is made at the first start and kept in the data folder, for its owner only."""
    path = folder / name
    try:
        if not path.exists():
            _make_secret(path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"The data folder {folder} cannot be used: {error.strerror}. Name another one with"
            " --data-dir or TEAMMCP_DATA_DIR."
        ) from None


def _make_secret(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)  # never over a file that another process made meanwhile
    except FileExistsError:
        pass
    finally:
        draft.unlink()
