"""Webhooks out: which addresses may be called, how a call is signed, and calling.

Signed as the Standard Webhooks specification says (https://www.standardwebhooks.com): `webhook-id`,
`webhook-timestamp` and `webhook-signature`, an HMAC-SHA256 over all three with the body.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import ipaddress
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit, urlunsplit

import httpx2
from django.conf import settings

from teammcp.core.errors import InvalidInput

SECRET_PREFIX = "whsec_"  # noqa: S105 - what such secrets begin with
TIMEOUT = 5.0  # seconds for one call
PAUSES = (0.0, 2.0, 10.0)  # seconds before each call of one try; all carry the same id

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class WebhookFailed(Exception):
    """The receiver could not be reached, or did not answer 2xx."""


def secret_of(route_id: int, version: int) -> str:
    """The secret of one webhook, derived from this server's own key: it is kept nowhere."""
    text = f"webhook:{route_id}:{version}".encode()
    key = hmac.new(settings.SECRET_KEY.encode(), text, hashlib.sha256).digest()
    return SECRET_PREFIX + base64.b64encode(key).decode()


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """The value of `webhook-signature` for this call."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


# Where to


def check_target(url: str) -> None:
    """Raise InvalidInput for an address that must not be called. Names are looked up at each call
    too, because what they point to may change."""
    parts = _parts(url)
    try:
        address = ipaddress.ip_address(parts.host)
    except ValueError:
        if parts.host.rpartition(".")[2].lower() == "localhost":
            _check_addresses(url, ["127.0.0.1"])
        return
    _check_addresses(url, [str(address)])


def _parts(url: str) -> httpx2.URL:
    try:
        urlsplit(url).port  # noqa: B018 - raises for one that is no number
        parts = httpx2.URL(url)
    except (ValueError, httpx2.InvalidURL):
        raise _refused(url, "it is no address of a web server") from None
    if parts.scheme not in {"http", "https"} or not parts.host or parts.userinfo:
        raise _refused(url, "it must be http:// or https:// with a host, without a password")
    return parts


def _check_addresses(url: str, addresses: Sequence[str]) -> None:
    for text in addresses:
        address = ipaddress.ip_address(text)
        if not _is_open(address):
            raise _refused(url, f"{address} is private to this machine or its network")


def _is_open(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    allowed = (ipaddress.ip_network(network) for network in settings.WEBHOOK_NETWORKS)
    return (address.is_global and not address.is_multicast) or any(
        address in network for network in allowed if network.version == address.version
    )


def _refused(url: str, why: str) -> InvalidInput:
    return InvalidInput(
        f"{url[:100]!r} cannot be called: {why}.",
        fields={"url": why},
        next="Use a public https address, or let the operator allow the network with"
        " TEAMMCP_WEBHOOK_NETWORKS.",
    )


# Calling


async def post(url: str, secret: str, message_id: str, body: bytes) -> None:
    """Call the receiver, up to three times under the same id. Raises WebhookFailed."""
    failure = WebhookFailed("not called")
    for pause in PAUSES:
        await asyncio.sleep(pause)
        try:
            await _post_once(url, secret, message_id, body)
        except WebhookFailed as error:
            failure = error
        else:
            return
    raise failure


async def _post_once(url: str, secret: str, message_id: str, body: bytes) -> None:
    timestamp = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": "TeamMCP-webhook",
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature(secret, message_id, timestamp, body),
    }
    try:
        target, host = await _resolved(url)
        async with httpx2.AsyncClient(timeout=TIMEOUT, trust_env=False) as client:
            answer = await client.post(
                target,
                content=body,
                headers={**headers, "host": host},
                extensions={"sni_hostname": httpx2.URL(url).host},
            )
    except (httpx2.HTTPError, OSError) as error:
        raise WebhookFailed(f"{type(error).__name__}: {error}"[:200]) from error
    except InvalidInput as error:
        raise WebhookFailed(error.message[:200]) from error
    if not answer.is_success:
        raise WebhookFailed(f"it answered {answer.status_code}")


async def _resolved(url: str) -> tuple[str, str]:
    """The address with its host looked up and checked, and the host: what was checked is what is
    called, whatever the name points to a moment later."""
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    found = await asyncio.get_running_loop().getaddrinfo(
        parts.hostname, port, type=socket.SOCK_STREAM
    )
    addresses = [str(entry[4][0]) for entry in found]
    _check_addresses(url, addresses)
    literal = f"[{addresses[0]}]" if ":" in addresses[0] else addresses[0]
    return urlunsplit(parts._replace(netloc=f"{literal}:{port}")), parts.netloc
