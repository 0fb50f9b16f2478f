from django.urls import path

from audit import selectors
from audit.api.views import StreamView
from teammcp.core.api import action_view

urlpatterns = [
    path("events/", action_view(get=selectors.list_events)),
    path("events/stream/", StreamView.as_view()),
]
