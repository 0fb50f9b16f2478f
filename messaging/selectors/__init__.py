"""What can be read in messaging."""

from messaging.selectors.bridges import list_bridges
from messaging.selectors.channels import list_channel_members, list_channels, show_channel
from messaging.selectors.files import (
    download_file,
    list_files,
    read_file,
    search_files,
    show_file,
    show_file_usage,
)
from messaging.selectors.inbox import count_inbox, unread_channels, waiting_line
from messaging.selectors.messages import list_deliveries, read, show_message
from messaging.selectors.pins import list_pins
from messaging.selectors.questions import list_questions
from messaging.selectors.redelivery import list_dead_letters
from messaging.selectors.saved import list_saved
from messaging.selectors.schedules import list_schedules, preview_schedule, show_schedule
from messaging.selectors.searching import search_messages
from messaging.selectors.threads import summarise_thread
from messaging.selectors.versions import list_versions
from messaging.selectors.waking import list_wake_routes

__all__ = [
    "count_inbox",
    "download_file",
    "list_bridges",
    "list_channel_members",
    "list_channels",
    "list_dead_letters",
    "list_deliveries",
    "list_files",
    "list_pins",
    "list_questions",
    "list_saved",
    "list_schedules",
    "list_versions",
    "list_wake_routes",
    "preview_schedule",
    "read",
    "read_file",
    "search_files",
    "search_messages",
    "show_channel",
    "show_file",
    "show_file_usage",
    "show_message",
    "show_schedule",
    "summarise_thread",
    "unread_channels",
    "waiting_line",
]
