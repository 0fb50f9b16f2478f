"""Handles: how members are named, for good."""

from __future__ import annotations

import re
import unicodedata

from orgchart.models import Handle
from teammcp.core.errors import Conflict, InvalidInput

PATTERN = re.compile(r"[a-z][a-z0-9]*(?:[._-][a-z0-9]+)*\Z")
MAX_LENGTH = 32
LOOK_ALIKES = str.maketrans("01i", "oll")
RESERVED = frozenset(
    """
    admin all anyone channel company dept direct dm everybody everyone group here me nobody none
    null role root self skill somebody support system team teammcp thread unknown you
    """.split()  # noqa: SIM905 - a list of words
)
NEXT = "Choose another handle: 2 to 32 of a-z, 0-9 and single . _ - between them, such as 'lin-2'."


def checked_handle(wanted: str) -> str:
    """The handle in its stored form. Raises InvalidInput or Conflict; the answer for a taken one
    says nothing about its owner."""
    handle = wanted.strip().removeprefix("@").lower()
    if not (2 <= len(handle) <= MAX_LENGTH and PATTERN.match(handle)):
        raise InvalidInput(
            f"{wanted[:60]!r} cannot be a handle.", fields={"handle": "not a handle"}, next=NEXT
        )
    if handle in RESERVED:
        raise InvalidInput(f"@{handle} is reserved.", fields={"handle": "reserved"}, next=NEXT)
    if Handle.objects.filter(handle=handle).exists():
        raise Conflict(f"@{handle} is taken. A handle stays with its member for good.", next=NEXT)
    if Handle.objects.filter(skeleton=skeleton(handle)).exists():
        raise Conflict(f"@{handle} looks like a handle that is taken.", next=NEXT)
    return handle


def skeleton(handle: str) -> str:
    """Equal for handles that a reader could mistake for each other: lin, l1n, lln, l.in, li-n."""
    return re.sub(r"[._-]", "", handle).translate(LOOK_ALIKES)


def handle_from(name: str) -> str:
    """A handle for a name: "Zoë Müller" gives "zoe-muller"."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    handle = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:MAX_LENGTH].strip("-")
    if not handle or not handle[0].isalpha() or len(handle) < 2:
        raise InvalidInput(
            f"No handle can be made from the name {name[:60]!r}.",
            fields={"handle": "needed for this name"},
            next=NEXT,
        )
    return handle
