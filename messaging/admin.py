"""Channels, messages and deliveries in the admin: what this admin may see, as on every face."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from messaging import services
from messaging.access import visible_channels
from messaging.fileaccess import shown, visible_files
from messaging.models import (
    Attachment,
    Bridge,
    Channel,
    Delivery,
    Expiry,
    File,
    Folder,
    Follow,
    Membership,
    Message,
    MessageVersion,
    Question,
    Reaction,
    Saved,
    Schedule,
    ScheduleRun,
    Wake,
    WakeRoute,
    Waking,
)
from messaging.selectors.schedules import visible_schedules
from orgchart.models import Member
from teammcp.core.admin import FACES, ByAction, LookOnly, call, call_for_each, one_of
from teammcp.core.context import CLIENT_ROUTES

ROUTES = ["mcp", "rest", "dashboard", *sorted(CLIENT_ROUTES)]


class OfVisibleChannels(LookOnly):
    """Rows that hang on a channel: conversations that one is not in stay hidden, for admins too."""

    channel_path = "channel"

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(Q((f"{self.channel_path}__in", _visible(request))))


def _visible(request: HttpRequest) -> QuerySet[Channel]:
    return visible_channels(request.user)  # type: ignore[arg-type]


@admin.register(Channel)
class ChannelAdmin(ByAction):
    list_display = ("__str__", "kind", "purpose", "last_seq", "created_by", "archived_at")
    list_filter = ("kind",)
    search_fields = ("name", "purpose")
    list_select_related = ("created_by",)
    ordering = ("name",)
    action_fields = ("name", "purpose")
    fields = ("name", "purpose", "kind", "last_seq", "created_by", "created_at", "archived_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        rows: QuerySet[Channel] = super().get_queryset(request)
        return rows.filter(pk__in=_visible(request))

    def change(self, request: HttpRequest, row: Channel, values: dict[str, Any]) -> None:
        payload = {"channel": f"channel:{row.pk}", **values}
        call(request, services.update_channel, payload)


@admin.register(Bridge)
class BridgeAdmin(LookOnly):
    list_display = ("channel", "project", "reason", "opened_by", "until", "ended_at")
    list_select_related = ("channel", "project", "opened_by")
    search_fields = ("reason",)
    ordering = ("-pk",)
    fields = (
        "channel", "project", "reason", "opened_by", "opened_at", "until", "ended_at", "ended_by",
    )  # fmt: skip
    actions: ClassVar = ["close"]

    @admin.action(description="Close before their time")
    def close(self, request: HttpRequest, rows: QuerySet[Bridge]) -> None:
        payloads = [{"bridge_id": row.pk} for row in rows]
        call_for_each(request, services.close_bridge, payloads, "Closed")


@admin.register(Membership)
class MembershipAdmin(OfVisibleChannels):
    list_display = ("channel", "member", "notify", "read_seq", "joined_at")
    list_filter = ("notify",)
    search_fields = ("channel__name", "member__handle")
    list_select_related = ("channel", "member")
    fields = ("channel", "member", "notify", "read_seq", "joined_at")
    ordering = ("-pk",)


@admin.register(Message)
class MessageAdmin(OfVisibleChannels):
    list_display = ("id", "channel", "seq", "author", "face", "beginning", "priority", "created_at")
    list_filter = (FACES, one_of("author_kind", Member.Kind.values), "priority")
    search_fields = ("=channel__name", "=author__handle")
    search_help_text = "A channel or a handle; the dashboard's search finds words"
    list_select_related = ("channel", "author")
    ordering = ("-pk",)
    fields = (
        "channel", "seq", "author", "author_kind", "face", "on_behalf_of", "shown", "thread",
        "reply_count", "priority", "expects_reply", "created_at", "version", "edited_at",
        "pinned_at", "pinned_by",
        "deleted_at", "deleted_by", "deleted_reason", "erased_at",
    )  # fmt: skip

    @admin.display(description="body")
    def beginning(self, row: Message) -> str:
        return row.text[:80]

    @admin.display(description="body")
    def shown(self, row: Message) -> str:
        return row.text


@admin.register(Question)
class QuestionAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = ("message", "asker", "due_at", "steps", "closed_at")
    search_fields = ("=asker__handle",)
    list_select_related = ("message", "asker")
    fields = ("message", "asker", "due_at", "steps", "answer", "closed_at")
    ordering = ("-pk",)


@admin.register(MessageVersion)
class MessageVersionAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = ("message", "number", "written_at")
    search_fields = ("=message__pk",)
    list_select_related = ("message",)
    fields = ("message", "number", "body", "written_at")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(message__deleted_at=None)


@admin.register(Reaction)
class ReactionAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = ("message", "member", "emoji", "created_at")
    search_fields = ("member__handle",)
    list_select_related = ("message", "member")
    fields = ("message", "member", "emoji", "created_at")
    ordering = ("-pk",)


@admin.register(Saved)
class SavedAdmin(OfVisibleChannels):
    """What others keep for later is theirs: an admin finds only the own rows here."""

    channel_path = "message__channel"
    list_display = ("message", "note", "saved_at", "remind_at", "reminded_at")
    search_fields = ("note",)
    list_select_related = ("message",)
    fields = ("message", "note", "saved_at", "remind_at", "reminded_at")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(member=request.user)


@admin.register(Follow)
class FollowAdmin(OfVisibleChannels):
    channel_path = "thread__channel"
    list_display = ("thread", "member", "left_at")
    search_fields = ("member__handle",)
    list_select_related = ("thread", "member")
    fields = ("thread", "member", "left_at")
    ordering = ("-pk",)


@admin.register(Delivery)
class DeliveryAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = (
        "id", "message", "recipient", "reason", "stored_at", "offered_at", "offered_route",
        "acknowledged_at", "withdrawn_at",
    )  # fmt: skip
    list_filter = ("reason", one_of("offered_route", ROUTES))
    search_fields = ("=recipient__handle",)
    list_select_related = ("message", "recipient")
    ordering = ("-pk",)
    fields = (
        "message", "recipient", "reason", "rank", "stored_at", "offered_at", "offered_route",
        "offers", "last_offered_at", "acknowledged_at", "withdrawn_at", "withdrawn_reason",
        "dead_at", "dead_reason",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Reminders are their recipient's own."""
        return super().get_queryset(request).filter(Q(round=0) | Q(recipient=request.user))


@admin.register(WakeRoute)
class WakeRouteAdmin(LookOnly):
    list_display = ("member", "route", "position", "failures", "last_error", "paused_at")
    list_filter = ("route",)
    search_fields = ("=member__handle",)
    list_select_related = ("member",)
    fields = ("member", "route", "position", "url", "failures", "last_error", "paused_at")
    ordering = ("member_id", "position")


@admin.register(Wake)
class WakeAdmin(LookOnly):
    list_display = ("member", "route", "tried_at", "count", "up_to", "error")
    list_filter = ("route",)
    search_fields = ("=member__handle",)
    list_select_related = ("member",)
    fields = ("member", "route", "tried_at", "count", "up_to", "error")
    ordering = ("-pk",)


@admin.register(Waking)
class WakingAdmin(LookOnly):
    list_display = ("member", "route", "up_to", "due_at")
    search_fields = ("=member__handle",)
    list_select_related = ("member",)
    fields = ("member", "route", "up_to", "tried", "due_at")
    ordering = ("member_id",)


@admin.register(Expiry)
class ExpiryAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = ("message", "expires_at", "done_at", "dropped")
    search_fields = ("=message__author__handle",)
    list_select_related = ("message",)
    fields = ("message", "expires_at", "done_at", "dropped")
    ordering = ("-pk",)


@admin.register(Schedule)
class ScheduleAdmin(LookOnly):
    list_display = ("id", "author", "to", "beginning", "cron", "zone", "planned_at", "state")
    list_filter = ("state", "late")
    search_fields = ("=author__handle", "=channel__name")
    search_help_text = "A handle or a channel"
    list_select_related = ("author", "channel")
    ordering = ("-pk",)
    actions: ClassVar = ["pause", "resume", "cancel"]
    fields = (
        "author", "to", "channel", "body", "priority", "expects_reply", "cron", "zone",
        "planned_at", "due_at", "until", "max_runs", "late", "condition", "expires_minutes",
        "state", "reason", "sent", "failures", "created_at", "updated_at",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Schedule]:
        rows: QuerySet[Schedule] = super().get_queryset(request)
        return rows.filter(pk__in=visible_schedules(request.user).values("pk"))  # type: ignore[arg-type]

    @admin.display(description="body")
    def beginning(self, row: Schedule) -> str:
        return row.body[:80]

    @admin.action(description="Pause")
    def pause(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        payloads = [{"schedule_id": row.pk, "state": "paused"} for row in rows]
        call_for_each(request, services.update_schedule, payloads, "Paused")

    @admin.action(description="Resume, with what comes from now on")
    def resume(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        payloads = [{"schedule_id": row.pk, "state": "active"} for row in rows]
        call_for_each(request, services.update_schedule, payloads, "Resumed")

    @admin.action(description="Cancel for good")
    def cancel(self, request: HttpRequest, rows: QuerySet[Schedule]) -> None:
        payloads = [{"schedule_id": row.pk} for row in rows]
        call_for_each(request, services.cancel_schedule, payloads, "Cancelled")


@admin.register(ScheduleRun)
class ScheduleRunAdmin(LookOnly):
    list_display = ("id", "schedule", "planned_at", "ran_at", "outcome", "reason", "message")
    list_filter = ("outcome",)
    search_fields = ("=schedule__author__handle",)
    list_select_related = ("schedule", "message")
    fields = ("schedule", "planned_at", "ran_at", "outcome", "reason", "message")
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ScheduleRun]:
        rows: QuerySet[ScheduleRun] = super().get_queryset(request)
        mine = visible_schedules(request.user).values("pk")  # type: ignore[arg-type]
        return rows.filter(schedule__in=mine)


@admin.register(File)
class FileAdmin(LookOnly):
    list_display = ("id", "name", "media_type", "size", "uploader", "created_at", "deleted_at")
    list_filter = ("media_type",)
    search_fields = ("key", "=uploader__handle", "=sha256")
    list_select_related = ("uploader",)
    ordering = ("-pk",)
    fields = ("name", "media_type", "size", "sha256", "uploader", "created_at", "deleted_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.filter(pk__in=visible_files(request.user))  # type: ignore[arg-type]


@admin.register(Folder)
class FolderAdmin(OfVisibleChannels):
    list_display = ("id", "channel", "parent", "name", "created_by", "created_at")
    search_fields = ("key", "=channel__name")
    list_select_related = ("channel", "parent", "created_by")
    ordering = ("-pk",)
    fields = ("channel", "parent", "name", "created_by", "created_at")


@admin.register(Attachment)
class AttachmentAdmin(OfVisibleChannels):
    list_display = ("id", "channel", "message", "folder", "name", "version", "created_at")
    search_fields = ("key", "=channel__name")
    list_select_related = ("channel", "message", "folder")
    ordering = ("-pk",)
    fields = ("file", "message", "channel", "folder", "name", "version", "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return shown(super().get_queryset(request))
