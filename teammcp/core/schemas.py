"""The base of every answer. An answer has one definition for REST, MCP and the dashboard."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Out(BaseModel):
    """What an action or query returns. Plain values only, no model instances."""

    model_config = ConfigDict(use_attribute_docstrings=True, from_attributes=True)

    def stored(self) -> str:
        """What a client key keeps of the answer. Answers with a secret in them override this."""
        return self.model_dump_json()


class EarlierAnswer(Out):
    """A stored answer in a shape that its action has given up since. Its values, as they were."""

    model_config = ConfigDict(extra="allow")
