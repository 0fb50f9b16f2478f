"""Signatures under checkpoints: Ed25519, the private key in the data folder.

Whoever can write the database can rebuild the chain, but can't sign as of yesterday: a checkpoint
kept elsewhere, with the public key, proves what the ledger held.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings


def private_key_path() -> Path:
    return Path(settings.DATA_DIR) / "ledger-signing.key"


def public_key_path() -> Path:
    return Path(settings.DATA_DIR) / "ledger-public.pem"


def sign(text: str) -> str:
    """The signature of this server under `text`, as hex."""
    return _private_key().sign(text.encode()).hex()


def verifier(public_key: Path | None = None) -> Callable[[str, str], bool]:
    """A function that says of a text and a signature whether the holder of the signing key signed
    it. Raises OSError or ValueError where there is no such key."""
    key = load_pem_public_key((public_key or public_key_path()).read_bytes())

    def holds(text: str, signature: str) -> bool:
        if not isinstance(key, Ed25519PublicKey):
            return False
        try:
            key.verify(bytes.fromhex(signature), text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    return holds


def _private_key() -> Ed25519PrivateKey:
    path = private_key_path()
    if not path.exists():
        _make_keys(path)
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _make_keys(path: Path) -> None:
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    public_key_path().write_bytes(public)
