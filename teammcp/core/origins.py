"""Whether a request is meant for this server, and whether the page that sent it is one of its own:
one rule behind MCP, REST and the live socket."""

from __future__ import annotations

from functools import lru_cache
from urllib.parse import urlsplit

from django.conf import settings
from django.http.request import split_domain_port, validate_host


def is_own_host(host: str) -> bool:
    """Whether this Host header names this server. A page that a browser loaded from elsewhere could
    else reach a server on this machine by pointing its own name here (DNS rebinding)."""
    return _allowed(host, tuple(settings.ALLOWED_HOSTS))


@lru_cache(maxsize=256)
def _allowed(host: str, allowed: tuple[str, ...]) -> bool:
    domain, _ = split_domain_port(host)
    return bool(domain) and validate_host(domain, allowed)


def is_own_origin(origin: str, host: str) -> bool:
    """Whether a page of this origin is one of this server's: same host and port, or trusted. What
    else runs on this machine has another port."""
    if origin in settings.CSRF_TRUSTED_ORIGINS:
        return True
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and parts.netloc.lower() == host.lower()
