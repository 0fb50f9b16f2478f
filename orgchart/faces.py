"""How members look on pages: what an avatar is drawn of."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from orgchart.models import Member


@dataclass(frozen=True, slots=True)
class Face:
    """What an avatar is drawn of."""

    handle: str
    name: str
    kind: str


def faces_of(handles: Iterable[str | None]) -> Mapping[str, Face]:
    """Those with these handles, in one query. Who is in the company is no secret within it."""
    wanted = {handle for handle in handles if handle}
    rows = Member.objects.filter(handle__in=wanted).values_list("handle", "name", "kind")
    return {handle: Face(handle, name, kind) for handle, name, kind in rows}
