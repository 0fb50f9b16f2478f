"""Reading request bodies."""

from __future__ import annotations

from typing import Any

import orjson
from rest_framework.parsers import BaseParser

from teammcp.core.errors import InvalidInput


class FastJSONParser(BaseParser):
    """Reads a JSON object."""

    media_type = "application/json"

    def parse(
        self, stream: Any, media_type: str | None = None, parser_context: Any = None
    ) -> dict[str, Any]:
        try:
            body = orjson.loads(stream.read() or b"{}")
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
