"""Channels, messages and deliveries in the admin: what this admin may see, as on every face."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from messaging import services
from messaging.access import visible_channels
from messaging.models import Channel, Delivery, Follow, Membership, Message
from orgchart.models import Member
from teammcp.core.admin import FACES, ByAction, LookOnly, one_of


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
        services.update_channel.call(request.user, payload)  # type: ignore[arg-type]


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
        "channel", "seq", "author", "author_kind", "face", "on_behalf_of", "body", "thread",
        "reply_count", "priority", "expects_reply", "created_at",
    )  # fmt: skip

    @admin.display(description="body")
    def beginning(self, row: Message) -> str:
        return row.body[:80]


@admin.register(Follow)
class FollowAdmin(OfVisibleChannels):
    channel_path = "thread__channel"
    list_display = ("thread", "member")
    search_fields = ("member__handle",)
    list_select_related = ("thread", "member")
    fields = ("thread", "member")
    ordering = ("-pk",)


@admin.register(Delivery)
class DeliveryAdmin(OfVisibleChannels):
    channel_path = "message__channel"
    list_display = (
        "id", "message", "recipient", "reason", "stored_at", "offered_at", "offered_route",
        "acknowledged_at",
    )  # fmt: skip
    list_filter = ("reason", one_of("offered_route", ["mcp", "rest", "dashboard"]))
    search_fields = ("=recipient__handle",)
    list_select_related = ("message", "recipient")
    ordering = ("-pk",)
    fields = (
        "message", "recipient", "reason", "rank", "stored_at", "offered_at", "offered_route",
        "acknowledged_at",
    )  # fmt: skip
