"""What can be read in messaging."""

from messaging.selectors.channels import list_channel_members, list_channels, show_channel
from messaging.selectors.inbox import unread_channels, waiting_line
from messaging.selectors.messages import list_deliveries, read, show_message
from messaging.selectors.searching import search_messages

__all__ = [
    "list_channel_members",
    "list_channels",
    "list_deliveries",
    "read",
    "search_messages",
    "show_channel",
    "show_message",
    "unread_channels",
    "waiting_line",
]
