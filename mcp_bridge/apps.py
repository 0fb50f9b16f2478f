from django.apps import AppConfig


class McpBridgeConfig(AppConfig):
    name = "mcp_bridge"
    verbose_name = "MCP"

    def ready(self) -> None:
        from mcp_bridge import checks, events  # noqa: F401 - registers them
