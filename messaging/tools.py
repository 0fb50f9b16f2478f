"""What agents get of messaging: six tools in the default profile, the rest on demand."""

from audit.topics import inbox_topic
from messaging import selectors, services
from teammcp.core.tools import FULL, Tool
from teammcp.core.waiting import Waiter

WAIT_FOR_INBOX = Waiter(
    topic=lambda member: inbox_topic(member.pk), empty=lambda inbox: not inbox.items
)

TOOLS = [
    Tool(services.resume),
    Tool(services.check_inbox, wait=WAIT_FOR_INBOX),
    Tool(services.ack, idempotent=True),
    Tool(services.send_message, name="send"),
    Tool(selectors.read),
    Tool(selectors.search_messages, name="search"),
    Tool(selectors.show_message, profiles=FULL),
    Tool(selectors.list_deliveries, profiles=FULL),
    Tool(selectors.list_channels, profiles=FULL),
    Tool(selectors.show_channel, profiles=FULL),
    Tool(selectors.list_channel_members, profiles=FULL),
    Tool(services.create_channel, profiles=FULL),
    Tool(services.update_channel, profiles=FULL, idempotent=True),
    Tool(services.join_channel, profiles=FULL, idempotent=True),
    Tool(services.leave_channel, profiles=FULL, destructive=True),
    Tool(services.invite_to_channel, profiles=FULL, idempotent=True),
    Tool(services.remove_from_channel, profiles=FULL, destructive=True),
    Tool(services.set_notify, profiles=FULL, idempotent=True),
    Tool(services.mark_read, profiles=FULL, idempotent=True),
]
EXEMPT: dict[str, str] = {}
