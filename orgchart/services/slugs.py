"""Short names in addresses, made of longer ones."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.text import slugify

from teammcp.core.errors import Conflict, InvalidInput

KEPT = {"bridges"}  # has an address of its own beside those of the slugs


def slug_of(name: str, rows: QuerySet[Any], *, what: str, look: str) -> str:
    """A slug made of a name, free among these rows. Raises InvalidInput, or Conflict for one that
    is taken; `look` is the call that shows what there is."""
    slug = slugify(name)[:40].strip("-")
    if not slug or not slug[0].isalpha():
        raise InvalidInput(
            f"No slug can be made from {name!r}.",
            fields={"name": "needs a letter first"},
            next="Begin the name with a Latin letter, such as 'Platform'.",
        )
    if slug in KEPT or rows.filter(slug=slug).exists():
        raise Conflict(f"There is a {what} {slug} already.", next=f"Call {look} to see it.")
    return slug
