"""Channels, messages, and who they are for."""

from messaging.models.channels import Bridge, Channel, Membership
from messaging.models.deliveries import Delivery
from messaging.models.files import Attachment, File, Folder
from messaging.models.messages import Follow, Message, MessageVersion
from messaging.models.questions import Question
from messaging.models.responses import Reaction, Saved
from messaging.models.schedules import Expiry, Schedule, ScheduleRun
from messaging.models.waking import Route, Wake, WakeRoute, Waking

__all__ = [
    "Attachment",
    "Bridge",
    "Channel",
    "Delivery",
    "Expiry",
    "File",
    "Folder",
    "Follow",
    "Membership",
    "Message",
    "MessageVersion",
    "Question",
    "Reaction",
    "Route",
    "Saved",
    "Schedule",
    "ScheduleRun",
    "Wake",
    "WakeRoute",
    "Waking",
]
