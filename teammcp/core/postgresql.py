"""What PostgreSQL needs that SQLite does not."""

from __future__ import annotations

from typing import Any

NUL, SHOWN = "\x00", "\N{REPLACEMENT CHARACTER}"


def tolerate_nul() -> None:
    """Let a parameter hold NUL, which PostgreSQL's text can't.

    What is stored is cleaned before (`texts.clean_text`). What is only looked for, such as a name
    in a path, must not be found; without this it would end in an error of the driver.
    """
    from psycopg import adapters
    from psycopg.types.string import StrDumper, StrDumperUnknown

    def without_nul(dumper: type[Any]) -> type[Any]:
        def dump(self: Any, text: str) -> Any:
            return dumper.dump(self, text.replace(NUL, SHOWN) if NUL in text else text)

        return type(dumper.__name__, (dumper,), {"dump": dump})

    for dumper in (StrDumper, StrDumperUnknown):  # the last one registered is the default
        adapters.register_dumper(str, without_nul(dumper))
