"""Reading request bodies."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from rest_framework.parsers import BaseParser

from teammcp.core.errors import InvalidInput, TooLarge


class FastJSONParser(BaseParser):
    """Reads a JSON object, of at most `DATA_UPLOAD_MAX_MEMORY_SIZE` bytes."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        content = stream.read(limit + 1)
        if len(content) > limit:
            raise too_large()
        return json_object(content)


def too_large() -> TooLarge:
    limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    return TooLarge(f"The body is larger than {limit // 1024**2} MiB.", next="Send less at once.")


def json_object(content: bytes) -> dict[str, Any]:
    """The JSON object that a body holds; an empty body is an empty object. Raises InvalidInput."""
    try:
        body = orjson.loads(content or b"{}")
    except orjson.JSONDecodeError as error:
        raise InvalidInput(
            f"The body is not JSON: {error}.", next="Send a JSON object in UTF-8."
        ) from None
    if not isinstance(body, dict):
        raise InvalidInput(
            f"The body must be a JSON object, not {type(body).__name__}.",
            next='Send an object, such as {"to": "#general", "body": "Hello"}.',
        )
    return body
