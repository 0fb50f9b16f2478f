from django.urls import path

from messaging import selectors, services
from messaging.api.files import ContentView, FilesView
from messaging.api.views import InboxView
from teammcp.core.api import action_view

urlpatterns = [
    path("resume/", action_view(get=services.resume)),
    path("inbox/", InboxView.as_view()),
    path("inbox/count/", action_view(get=selectors.count_inbox)),
    path("inbox/questions/", action_view(get=selectors.list_questions)),
    path("conversations/release/", action_view(post=services.release_conversation)),
    path("inbox/dead/", action_view(get=selectors.list_dead_letters)),
    path("deliveries/<int:delivery>/redeliver/", action_view(post=services.redeliver)),
    path("wakes/", action_view(get=selectors.list_wake_routes, post=services.report_wake)),
    path("wakes/route/", action_view(post=services.set_wake_route)),
    path("wakes/webhook/", action_view(post=services.set_webhook)),
    path("wakes/webhook/remove/", action_view(post=services.remove_webhook)),
    path("inbox/ack/", action_view(post=services.ack)),
    path("messages/", action_view(created=True, get=selectors.read, post=services.send_message)),
    path(
        "messages/<int:message_id>/",
        action_view(
            get=selectors.show_message,
            patch=services.edit_message,
            delete=services.delete_message,
        ),
    ),
    path(
        "messages/<int:message_id>/reactions/",
        action_view(post=services.add_reaction, delete=services.remove_reaction),
    ),
    path(
        "messages/<int:message_id>/pin/",
        action_view(post=services.pin_message, delete=services.unpin_message),
    ),
    path("messages/<int:message_id>/versions/", action_view(get=selectors.list_versions)),
    path("messages/<int:message_id>/deliveries/", action_view(get=selectors.list_deliveries)),
    path(
        "bridges/",
        action_view(created=True, get=selectors.list_bridges, post=services.open_bridge),
    ),
    path("bridges/<int:bridge_id>/close/", action_view(post=services.close_bridge)),
    path("search/", action_view(get=selectors.search_messages)),
    path(
        "schedules/",
        action_view(created=True, get=selectors.list_schedules, post=services.schedule_message),
    ),
    path("schedules/preview/", action_view(get=selectors.preview_schedule)),
    path(
        "schedules/<int:schedule_id>/",
        action_view(get=selectors.show_schedule, patch=services.update_schedule),
    ),
    path("schedules/<int:schedule_id>/cancel/", action_view(post=services.cancel_schedule)),
    path(
        "channels/",
        action_view(created=True, get=selectors.list_channels, post=services.create_channel),
    ),
    path(
        "channels/<str:channel>/",
        action_view(get=selectors.show_channel, patch=services.update_channel),
    ),
    path("channels/<str:channel>/project/", action_view(put=services.move_channel)),
    path("threads/<int:thread>/summary/", action_view(get=selectors.summarise_thread)),
    path(
        "threads/<int:thread>/follow/",
        action_view(post=services.follow_thread, delete=services.unfollow_thread),
    ),
    path("saved/", action_view(get=selectors.list_saved, post=services.save_message)),
    path("saved/<int:message_id>/", action_view(delete=services.unsave_message)),
    path("channels/<str:channel>/pins/", action_view(get=selectors.list_pins)),
    path("channels/<str:channel>/join/", action_view(post=services.join_channel)),
    path("channels/<str:channel>/leave/", action_view(post=services.leave_channel)),
    path(
        "channels/<str:channel>/members/",
        action_view(get=selectors.list_channel_members, post=services.invite_to_channel),
    ),
    path("channels/<str:channel>/remove/", action_view(post=services.remove_from_channel)),
    path("channels/<str:channel>/notify/", action_view(post=services.set_notify)),
    path("channels/<str:channel>/read/", action_view(post=services.mark_read)),
    path("files/", FilesView.as_view()),
    path("files/search/", action_view(get=selectors.search_files)),
    path("files/usage/", action_view(get=selectors.show_file_usage)),
    path("files/move/", action_view(post=services.move_file)),
    path(
        "files/<int:file_id>/",
        action_view(get=selectors.show_file, delete=services.delete_file),
    ),
    path("files/<int:file_id>/content/", ContentView.as_view()),
    path("files/<int:file_id>/text/", action_view(get=selectors.read_file)),
    path("files/<int:file_id>/base64/", action_view(get=selectors.download_file)),
    path("folders/", action_view(created=True, post=services.create_folder)),
    path("folders/delete/", action_view(post=services.delete_folder)),
]
