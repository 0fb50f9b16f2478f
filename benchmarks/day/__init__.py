"""A day in the company: agents talk over MCP while the server is killed again and again, and at the
end their own records are compared with what the server holds."""
