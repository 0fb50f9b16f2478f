"""Dashboard addresses of tasks."""

from __future__ import annotations

from django.urls import path

from tasks.views import (
    board,
    discussion,
    elsewhere,  # noqa: F401 - it registers itself
    forms,
    moves,
    task,
)
from teammcp.core.web import by_method

TASK = "tasks/<int:number>/"
urlpatterns = [
    path("tasks/", by_method(get=board.browse, post=forms.create)),
    path("tasks/new/", forms.new),
    path(TASK, task.show),
    path(f"{TASK}edit/", forms.edit),
    path(f"{TASK}move/", moves.move),
    path(f"{TASK}history/", task.history),
    path(f"{TASK}said/", discussion.said),
    path(f"{TASK}say/", moves.say),
    path(f"{TASK}follow/", moves.follow),
    path(f"{TASK}unfollow/", moves.unfollow),
    path(f"{TASK}needs/", moves.need),
    path(f"{TASK}needs/remove/", moves.need_no_more),
    path(f"{TASK}parent/", moves.set_parent),
    *[path(f"{TASK}{name}/", view) for name, view in moves.move_forms.items()],
]
