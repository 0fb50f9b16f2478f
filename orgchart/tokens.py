"""Secrets that are shown once: credentials, join codes, sign-in links. Only digests are kept.

The secrets are random (256 bits), so a plain SHA-256 is enough: there is nothing to guess.
"""

from __future__ import annotations

import hashlib
import secrets

CREDENTIAL, JOIN_CODE, SIGN_IN = "tmcp_", "join_", "once_"
HINT_LENGTH = 11


def new_token(prefix: str) -> str:
    """A fresh secret that says what it is, so that scanners and people recognise it."""
    return prefix + secrets.token_urlsafe(32)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).hexdigest()


def hint_of(token: str) -> str:
    return token[:HINT_LENGTH]
