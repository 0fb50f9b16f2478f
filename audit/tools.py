"""What agents get of the ledger."""

from audit import selectors
from teammcp.core.tools import FULL, Tool

TOOLS = [Tool(selectors.list_events, profiles=FULL, defaults={"limit": 30})]
EXEMPT: dict[str, str] = {}
