"""The event kinds of the MCP face."""

from audit.kinds import kind

SUBSCRIBED = kind("resource.subscribed", "{actor} listens to {uri}")
UNSUBSCRIBED = kind("resource.unsubscribed", "{actor} no longer listens to {uri}")
