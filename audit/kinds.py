"""The register of event kinds. Each app registers its own in `events.py`, with the sentence that
the timeline shows; an event of an unregistered kind can't be recorded."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """`sentence` is a format string over actor, target and the event's data."""

    name: str
    sentence: str
    changes_access: bool = False
    """Live streams look again at what their viewer may see, and whether the credential holds."""


registry: dict[str, Kind] = {}


def kind(name: str, sentence: str, *, changes_access: bool = False) -> str:
    """Register a kind and return its name."""
    if name in registry:
        raise RuntimeError(f"a second event kind named {name}")
    registry[name] = Kind(name, sentence, changes_access)
    return name


class _Blank(dict[str, object]):
    """Old events may lack a field that a newer sentence names."""

    def __missing__(self, key: str) -> str:
        return "?"


def sentence(name: str, *, actor: str, target: str, data: dict[str, object]) -> str:
    """What happened, in one sentence."""
    known = registry.get(name)
    if known is None:  # recorded by an app that is no longer installed
        return f"@{actor}: {name} {target}".rstrip()
    return known.sentence.format_map(_Blank(data, actor=f"@{actor}", target=target))
