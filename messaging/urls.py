"""Dashboard addresses of messaging."""

from __future__ import annotations

from django.urls import path

from messaging.views import channels, conversations, inbox, shell, threads, welcome

CHANNEL = {"kind": "channels"}
DIRECT = {"kind": "direct"}

urlpatterns = [
    path("", inbox.home),
    path("inbox/", inbox.show),
    path("inbox/ack/", inbox.acknowledge),
    path("search/", inbox.search),
    path("complete/", inbox.complete),
    path("places/", shell.places),
    path("channels/", channels.channels),
    path("channels/<str:name>/", conversations.conversation, CHANNEL),
    path("channels/<str:name>/read/", conversations.read, CHANNEL),
    path("channels/<str:name>/join/", conversations.join, CHANNEL),
    path("channels/<str:name>/about/", channels.about),
    path("channels/<str:name>/change/", channels.change),
    path("channels/<str:name>/leave/", channels.leave),
    path("channels/<str:name>/invite/", channels.invite),
    path("channels/<str:name>/remove/", channels.remove),
    path("channels/<str:name>/notify/", channels.notify),
    path("direct/<str:name>/", conversations.conversation, DIRECT),
    path("direct/<str:name>/read/", conversations.read, DIRECT),
    path("threads/<int:message_id>/", threads.thread),
    path("messages/<int:message_id>/", threads.permalink),
    path("messages/<int:message_id>/replies/", threads.replies),
    path("messages/<int:message_id>/deliveries/", threads.deliveries),
    path("welcome/", welcome.first),
    path("welcome/channel/", welcome.channel),
    path("welcome/agent/", welcome.agent),
    path("welcome/end/", welcome.end),
]
