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
    Tool(selectors.read, defaults={"max_tokens": 4_000}),
    Tool(selectors.search_messages, name="search"),
    Tool(selectors.show_message, profiles=FULL),
    Tool(selectors.list_deliveries, profiles=FULL),
    Tool(selectors.list_questions, profiles=FULL),
    Tool(services.release_conversation, profiles=FULL, idempotent=True),
    Tool(selectors.list_dead_letters, profiles=FULL),
    Tool(services.redeliver, profiles=FULL, idempotent=True),
    Tool(selectors.list_wake_routes, profiles=FULL),
    Tool(services.set_wake_route, profiles=FULL, idempotent=True),
    Tool(services.set_webhook, profiles=FULL),
    Tool(services.remove_webhook, profiles=FULL, destructive=True),
    Tool(selectors.summarise_thread, profiles=FULL),
    Tool(services.follow_thread, profiles=FULL, idempotent=True),
    Tool(services.unfollow_thread, profiles=FULL, idempotent=True),
    Tool(services.edit_message, profiles=FULL),
    Tool(services.delete_message, profiles=FULL, destructive=True),
    Tool(services.add_reaction, profiles=FULL, idempotent=True),
    Tool(services.remove_reaction, profiles=FULL, idempotent=True),
    Tool(services.pin_message, profiles=FULL, idempotent=True),
    Tool(services.unpin_message, profiles=FULL, idempotent=True),
    Tool(selectors.list_pins, profiles=FULL),
    Tool(services.save_message, profiles=FULL),
    Tool(services.unsave_message, profiles=FULL, idempotent=True),
    Tool(selectors.list_saved, profiles=FULL),
    Tool(selectors.list_versions, profiles=FULL),
    Tool(selectors.list_channels, profiles=FULL, defaults={"limit": 30}),
    Tool(selectors.show_channel, profiles=FULL),
    Tool(selectors.list_channel_members, profiles=FULL, defaults={"limit": 50}),
    Tool(services.create_channel, profiles=FULL),
    Tool(services.update_channel, profiles=FULL, idempotent=True),
    Tool(services.join_channel, profiles=FULL, idempotent=True),
    Tool(services.leave_channel, profiles=FULL, destructive=True),
    Tool(services.invite_to_channel, profiles=FULL, idempotent=True),
    Tool(services.remove_from_channel, profiles=FULL, destructive=True),
    Tool(selectors.list_bridges, profiles=FULL),
    Tool(services.open_bridge, profiles=FULL),
    Tool(services.move_channel, profiles=FULL, idempotent=True),
    Tool(services.close_bridge, profiles=FULL, destructive=True),
    Tool(services.set_notify, profiles=FULL, idempotent=True),
    Tool(services.mark_read, profiles=FULL, idempotent=True),
    Tool(services.schedule_message, profiles=FULL),
    Tool(selectors.preview_schedule, profiles=FULL),
    Tool(selectors.list_schedules, profiles=FULL),
    Tool(selectors.show_schedule, profiles=FULL),
    Tool(services.update_schedule, profiles=FULL, idempotent=True),
    Tool(services.cancel_schedule, profiles=FULL, destructive=True, idempotent=True),
    Tool(services.upload_file, profiles=FULL),
    Tool(selectors.list_files, profiles=FULL),
    Tool(selectors.search_files, profiles=FULL),
    Tool(selectors.show_file, profiles=FULL),
    Tool(selectors.read_file, profiles=FULL),
    Tool(selectors.download_file, profiles=FULL),
    Tool(selectors.show_file_usage, profiles=FULL),
    Tool(services.create_folder, profiles=FULL),
    Tool(services.move_file, profiles=FULL),
    Tool(services.delete_folder, profiles=FULL, destructive=True),
    Tool(services.delete_file, profiles=FULL, destructive=True),
]
EXEMPT = {
    "count_inbox": "every result of a tool ends with these counts",
    "report_wake": "programs on the agent's machine report it, over REST",
}
