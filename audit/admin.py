"""The ledger in the admin: to read and search, by the same rule as everywhere, never to touch."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from audit import kinds
from audit.models import Checkpoint, Event, EventTopic
from audit.topics import visible_topics
from teammcp.core.admin import FACES, LookOnly, one_of


@admin.register(Event)
class EventAdmin(LookOnly):
    list_display = ("seq", "at", "kind", "actor", "on_behalf_of", "face", "target")
    list_filter = (FACES, one_of("kind", kinds.registry))
    search_fields = ("=actor__handle", "=target", "=request_id", "=kind")
    search_help_text = "A handle, a target such as message:7, a kind, or a request id"
    list_select_related = ("actor", "on_behalf_of")
    ordering = ("-seq",)
    fields = (
        "seq", "at", "kind", "actor", "on_behalf_of", "face", "request_id", "target", "topics",
        "data", "previous_hash", "hash",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Event]:
        """An admin sees what an admin may see: not what others say in private."""
        seen = EventTopic.objects.filter(topic__in=visible_topics(request.user))
        rows: QuerySet[Event] = super().get_queryset(request)
        return rows.filter(seq__in=seen.values("event_id"))


@admin.register(EventTopic)
class EventTopicAdmin(LookOnly):
    list_display = ("event_id", "topic")
    search_fields = ("=topic",)
    fields = ("event", "topic")
    ordering = ("-event_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[EventTopic]:
        rows: QuerySet[EventTopic] = super().get_queryset(request)
        return rows.filter(topic__in=visible_topics(request.user))


@admin.register(Checkpoint)
class CheckpointAdmin(LookOnly):
    list_display = ("seq", "at", "short_hash")
    fields = ("seq", "hash", "at", "signature")
    ordering = ("-seq",)

    @admin.display(description="hash")
    def short_hash(self, row: Any) -> str:
        return f"{row.hash[:16]}…"
