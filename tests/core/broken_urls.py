"""An address whose action has a fault, beside all real addresses."""

from __future__ import annotations

from django.urls import include, path

from orgchart.models import Member
from teammcp.core.actions import Action
from teammcp.core.api import action_view
from teammcp.core.schemas import Out

handler404 = "teammcp.views.not_found"
handler500 = "teammcp.views.failed"


def stumble(*, actor: Member) -> Out:
    """Stumble."""
    raise ZeroDivisionError("a secret detail")


urlpatterns = [
    path("api/stumble/", action_view(get=Action(stumble, scope="org:read", writes=False))),
    path("", include("teammcp.urls")),
]
