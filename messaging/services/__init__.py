"""What can be done in messaging: all writes."""

from messaging.services.bridging import close_bridge, open_bridge
from messaging.services.channels import (
    create_channel,
    invite_to_channel,
    join_channel,
    leave_channel,
    remove_from_channel,
    set_notify,
    update_channel,
)
from messaging.services.checking import check_inbox
from messaging.services.deleting import delete_message
from messaging.services.editing import edit_message
from messaging.services.files import delete_file, upload_file
from messaging.services.folders import create_folder, delete_folder, move_file
from messaging.services.following import follow_thread, unfollow_thread
from messaging.services.inbox import ack, mark_read
from messaging.services.parking import release_conversation
from messaging.services.pinning import pin_message, unpin_message
from messaging.services.reacting import add_reaction, remove_reaction
from messaging.services.redelivery import redeliver
from messaging.services.resuming import resume
from messaging.services.saving import save_message, unsave_message
from messaging.services.schedules import cancel_schedule, schedule_message, update_schedule
from messaging.services.sending import send_message
from messaging.services.wake_routes import (
    remove_webhook,
    report_wake,
    set_wake_route,
    set_webhook,
)
from messaging.services.walling import move_channel

__all__ = [
    "ack",
    "add_reaction",
    "cancel_schedule",
    "check_inbox",
    "close_bridge",
    "create_channel",
    "create_folder",
    "delete_file",
    "delete_folder",
    "delete_message",
    "edit_message",
    "follow_thread",
    "invite_to_channel",
    "join_channel",
    "leave_channel",
    "mark_read",
    "move_channel",
    "move_file",
    "open_bridge",
    "pin_message",
    "redeliver",
    "release_conversation",
    "remove_from_channel",
    "remove_reaction",
    "remove_webhook",
    "report_wake",
    "resume",
    "save_message",
    "schedule_message",
    "send_message",
    "set_notify",
    "set_wake_route",
    "set_webhook",
    "unfollow_thread",
    "unpin_message",
    "unsave_message",
    "update_channel",
    "update_schedule",
    "upload_file",
]
