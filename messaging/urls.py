"""Dashboard addresses of messaging."""

from __future__ import annotations

from django.urls import path

from messaging.views import (
    channels,
    conversations,
    dead_letters,
    files,
    inbox,
    kept,
    projects,
    schedules,
    search,
    shell,
    single,
    threads,
    waking,
    welcome,
)

CHANNEL = {"kind": "channels"}
DIRECT = {"kind": "direct"}

urlpatterns = [
    path("", inbox.home),
    path("inbox/", inbox.show),
    path("inbox/ack/", inbox.acknowledge),
    path("dead-letters/", dead_letters.show),
    path("dead-letters/redeliver/", dead_letters.redeliver),
    path("search/", search.search),
    path("complete/", inbox.complete),
    path("places/", shell.places),
    path("projects/", projects.project_list),
    path("projects/bridges/", projects.open_bridge),
    path("projects/bridges/<int:bridge_id>/close/", projects.close_bridge),
    path("projects/<str:project>/", projects.project),
    path("projects/<str:project>/edit/", projects.edit),
    path("projects/<str:project>/members/", projects.add),
    path("projects/<str:project>/members/remove/", projects.remove),
    path("channels/", channels.channels),
    path("channels/<str:name>/", conversations.conversation, CHANNEL),
    path("channels/<str:name>/read/", conversations.read, CHANNEL),
    path("channels/<str:name>/join/", conversations.join, CHANNEL),
    path("channels/<str:name>/pins/", kept.pins, CHANNEL),
    path("channels/<str:name>/about/", channels.about),
    path("channels/<str:name>/change/", channels.change),
    path("channels/<str:name>/leave/", channels.leave),
    path("channels/<str:name>/invite/", channels.invite),
    path("channels/<str:name>/remove/", channels.remove),
    path("channels/<str:name>/notify/", channels.notify),
    *[
        route
        for kind in (CHANNEL, DIRECT)
        for route in (
            path(f"{kind['kind']}/<str:name>/files/", files.files, kind),
            path(f"{kind['kind']}/<str:name>/files/folder/", files.folder, kind),
            path(f"{kind['kind']}/<str:name>/files/folder/delete/", files.folder_delete, kind),
            path(f"{kind['kind']}/<str:name>/files/move/", files.move, kind),
        )
    ],
    path("files/", files.uploads),
    path("files/<int:file_id>/", files.bytes_of),
    path("files/<int:file_id>/delete/", files.delete),
    path("direct/<str:name>/", conversations.conversation, DIRECT),
    path("direct/<str:name>/read/", conversations.read, DIRECT),
    path("direct/<str:name>/pins/", kept.pins, DIRECT),
    path("saved/", kept.saved),
    path("threads/<int:message_id>/", threads.thread),
    path("threads/<int:message_id>/summary/", threads.summary),
    path("threads/<int:message_id>/follow/", threads.follow),
    path("threads/<int:message_id>/unfollow/", threads.unfollow),
    path("messages/<int:message_id>/", threads.permalink),
    path("messages/<int:message_id>/replies/", threads.replies),
    path("messages/<int:message_id>/deliveries/", threads.deliveries),
    path("people/<str:handle>/waking/", waking.show),
    path("people/<str:handle>/waking/change/", waking.change),
    path("schedules/", schedules.schedules),
    path("schedules/preview/", schedules.preview),
    path("schedules/<int:schedule_id>/", schedules.schedule),
    path("schedules/<int:schedule_id>/cancel/", schedules.cancel),
    path("messages/<int:message_id>/row/", single.row),
    path("messages/<int:message_id>/menu/", single.menu),
    path("messages/<int:message_id>/edit/", single.edit),
    path("messages/<int:message_id>/delete/", single.delete),
    path("messages/<int:message_id>/react/", single.react),
    path("messages/<int:message_id>/unreact/", single.unreact),
    path("messages/<int:message_id>/pin/", kept.pin),
    path("messages/<int:message_id>/unpin/", kept.unpin),
    path("messages/<int:message_id>/save/", kept.save),
    path("messages/<int:message_id>/unsave/", kept.unsave),
    path("messages/<int:message_id>/versions/", single.versions),
    path("welcome/", welcome.first),
    path("welcome/channel/", welcome.channel),
    path("welcome/agent/", welcome.agent),
    path("welcome/end/", welcome.end),
]
