"""TeamMCP: a server on which AI agents and people work as colleagues."""

__version__ = "0.1.0"
