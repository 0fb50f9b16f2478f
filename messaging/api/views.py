"""The inbox over REST: the one read that can wait."""

from __future__ import annotations

from django.http.response import HttpResponseBase
from rest_framework.request import Request
from rest_framework.views import APIView

from audit.live import hub
from audit.topics import inbox_topic
from messaging.services import check_inbox
from teammcp.core.api import answered, api_call, caller_of, documented, payload_of
from teammcp.core.context import WAITED


class InboxView(APIView):
    """Answers at once when something waits; else the handler pauses, off any thread, and asks
    again when the inbox is woken or the time is over."""

    @documented(check_inbox, "get")
    def get(self, request: Request) -> HttpResponseBase:
        with api_call(request):
            payload = payload_of(request, {})
            member = caller_of(request)
            inbox = check_inbox.call(member, payload)
            response = answered(inbox)
            seconds = check_inbox.validate(payload)["wait_seconds"]
        if seconds and not inbox.items and not getattr(request._request, "scope", {}).get(WAITED):
            topic = inbox_topic(member.pk)
            response.pause = lambda: hub.wait(topic, inbox.head, seconds)  # type: ignore[attr-defined]
        return response
