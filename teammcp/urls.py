"""Every address of the server but `/mcp` and `/live/`, which teammcp/serving.py serves."""

from __future__ import annotations

from django.contrib import admin
from django.urls import include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

from teammcp.views import healthz

urlpatterns = [
    path("healthz", healthz),
    path("favicon.ico", RedirectView.as_view(url="/static/icon.svg", permanent=True)),
    path("api/", include("orgchart.api.urls")),
    path("api/", include("messaging.api.urls")),
    path("api/", include("approvals.api.urls")),
    path("api/", include("tasks.api.urls")),
    path("api/", include("audit.api.urls")),
    path("api/schema/", SpectacularAPIView.as_view(), name="schema"),
    path("api/docs/", SpectacularSwaggerSplitView.as_view(url_name="schema"), name="docs"),
    path("admin/", admin.site.urls),
    path("", include("orgchart.urls")),
    path("", include("messaging.urls")),
    path("", include("approvals.urls")),
    path("", include("tasks.urls")),
]
handler400 = "teammcp.views.bad_request"
handler404 = "teammcp.views.not_found"
handler500 = "teammcp.views.failed"
