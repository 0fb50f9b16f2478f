"""Names of files and folders: what may be one, and paths such as "#general/reports/q3.pdf"."""

from __future__ import annotations

import re
import unicodedata
from typing import Annotated

from annotated_types import MaxLen, MinLen

from teammcp.core.errors import InvalidInput
from teammcp.core.texts import clean_line

NAME_LIMIT = 150
FOLDER_NAME_LIMIT = 60
DEPTH = 8  # folders in folders
FileName = Annotated[str, MinLen(1), MaxLen(500)]
Path = Annotated[str, MinLen(1), MaxLen(1_000)]

_AWKWARD = re.compile(r'[<>:"|?*`]')
_RESERVED = re.compile(
    r"(?:con|prn|aux|nul|conin\$|conout\$|com[0-9¹²³]|lpt[0-9¹²³])(?=\.|$)", re.IGNORECASE
)
_INVISIBLE = re.compile("[\u200b-\u200f\u2060-\u2064\u061c\ufeff\u00ad]")


def clean_file_name(name: str) -> str:
    """A name that any system can store and no reader can misread. Raises InvalidInput.

    What would leave the folder is refused; what only some system dislikes is replaced.
    """
    return _clean("name", name, NAME_LIMIT)


def clean_folder_name(name: str) -> str:
    """The same for a folder."""
    return _clean("path", name, FOLDER_NAME_LIMIT)


def _clean(field: str, name: str, limit: int) -> str:
    plain = unicodedata.normalize("NFC", clean_line(field, name, required=True))
    plain = _INVISIBLE.sub("", plain)
    if "/" in plain or "\\" in plain or not plain.strip(". "):
        raise InvalidInput(
            f"{name[:60]!r} is no name: it leads elsewhere.",
            fields={field: "has a path in it"},
            next="Give the bare name, without / and \\, such as 'q3.pdf'.",
        )
    plain = _AWKWARD.sub("_", plain).rstrip(". ")
    if _RESERVED.match(plain):
        plain = f"_{plain}"
    if len(plain) > limit:
        raise InvalidInput(
            f"The name has {len(plain)} characters; at most {limit} can be stored.",
            fields={field: "too long"},
            next="Give it a shorter name.",
        )
    return plain


def key_of(name: str) -> str:
    """What makes two names the same: case does not count."""
    return unicodedata.normalize("NFC", name.casefold())


def split_path(path: str) -> tuple[str, list[str]]:
    """The place of a path and the names below it. Raises InvalidInput for one that climbs."""
    place, *parts = path.strip().rstrip("/").split("/")
    if any(part.strip() in {"", ".", ".."} for part in parts):
        raise InvalidInput(
            f"{path[:80]!r} is no path.",
            fields={"path": "has an empty or climbing part"},
            next="Write it out from the channel on, such as '#general/reports/q3.pdf'.",
        )
    return place, parts


def shared(names: list[str]) -> str:
    """What a message says that has nothing to say but its files."""
    quoted = [f"`{name}`" for name in names]
    listed = quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} and {quoted[-1]}"
    return f"Shared {listed}."
