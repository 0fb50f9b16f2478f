from django.urls import path

from messaging import selectors, services
from messaging.api.views import InboxView
from teammcp.core.api import action_view

urlpatterns = [
    path("resume/", action_view(get=services.resume)),
    path("inbox/", InboxView.as_view()),
    path("inbox/ack/", action_view(post=services.ack)),
    path("messages/", action_view(created=True, get=selectors.read, post=services.send_message)),
    path("messages/<int:message_id>/", action_view(get=selectors.show_message)),
    path("messages/<int:message_id>/deliveries/", action_view(get=selectors.list_deliveries)),
    path("search/", action_view(get=selectors.search_messages)),
    path(
        "channels/",
        action_view(created=True, get=selectors.list_channels, post=services.create_channel),
    ),
    path(
        "channels/<str:channel>/",
        action_view(get=selectors.show_channel, patch=services.update_channel),
    ),
    path("channels/<str:channel>/join/", action_view(post=services.join_channel)),
    path("channels/<str:channel>/leave/", action_view(post=services.leave_channel)),
    path(
        "channels/<str:channel>/members/",
        action_view(get=selectors.list_channel_members, post=services.invite_to_channel),
    ),
    path("channels/<str:channel>/remove/", action_view(post=services.remove_from_channel)),
    path("channels/<str:channel>/notify/", action_view(post=services.set_notify)),
    path("channels/<str:channel>/read/", action_view(post=services.mark_read)),
]
