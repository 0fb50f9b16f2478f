"""What Django is told of outgoing mail: a server at a URL, or none."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SECONDS = 20  # that a mail server may be silent
_PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
_FORM = "TEAMMCP_EMAIL_URL must look like smtp+tls://user:password@host:587"


class Mail(NamedTuple):
    """The values of Django's settings of the same names."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starts_tls: bool = False
    tls: bool = False

    def __repr__(self) -> str:
        """Without the password: this may end in a log."""
        return f"Mail({self.host}:{self.port})"


def at(url: str) -> Mail:
    """How mail leaves: `smtp` plainly, `smtp+tls` by STARTTLS, `smtps` in TLS from the beginning.
    Raises ImproperlyConfigured, without what the URL says, in which there is a password."""
    if not url:
        return Mail("django.core.mail.backends.dummy.EmailBackend")
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise ImproperlyConfigured(f"{_FORM}.") from None
    if not port or not parts.hostname or parts.path.strip("/") or parts.query:
        raise ImproperlyConfigured(f"{_FORM}; the schemes are {', '.join(_PORTS)}.")
    return Mail(
        "django.core.mail.backends.smtp.EmailBackend", parts.hostname, port,
        unquote(parts.username or ""), unquote(parts.password or ""),
        parts.scheme == "smtp+tls", parts.scheme == "smtps",
    )  # fmt: skip
