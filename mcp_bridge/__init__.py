"""The face for agents: the actions of all apps as MCP tools, over HTTP at `/mcp`."""
