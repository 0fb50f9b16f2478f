"""What can be done in messaging: all writes."""

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
from messaging.services.inbox import ack, mark_read
from messaging.services.resuming import resume
from messaging.services.sending import send_message

__all__ = [
    "ack",
    "check_inbox",
    "create_channel",
    "invite_to_channel",
    "join_channel",
    "leave_channel",
    "mark_read",
    "remove_from_channel",
    "resume",
    "send_message",
    "set_notify",
    "update_channel",
]
