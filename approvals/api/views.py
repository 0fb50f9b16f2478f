"""How a request stands, over REST: a read that can wait."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from approvals.selectors import wait_for_approval
from audit.live import hub
from audit.topics import inbox_topic
from teammcp.core.api import answered, api_call, caller_of, documented, payload_of
from teammcp.core.context import WAITED


class ProgressView(APIView):
    """Answers at once when the request is decided; else the handler pauses, off any thread, and
    asks again when something about it happens or the time is over."""

    @documented(wait_for_approval, "get")
    def get(self, request: Request) -> HttpResponseBase:
        with api_call(request):
            payload = payload_of(request, {})
            member = caller_of(request)
            progress = wait_for_approval.call(member, payload)
            response = answered(progress)
            seconds = wait_for_approval.validate(payload)["wait_seconds"]
        if seconds and progress.open and not getattr(request._request, "scope", {}).get(WAITED):
            topic = inbox_topic(member.pk)
            response.pause = lambda: hub.wait(topic, progress.head, seconds)  # type: ignore[attr-defined]
        return response
