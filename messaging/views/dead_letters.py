"""Dead letters: what nobody acknowledged, with the reason, and one click to send it again."""

from __future__ import annotations

from django.http import HttpResponse

from messaging import selectors, services
from messaging.schemas import DeadLetter
from teammcp.core.web import (
    Refused,
    WebRequest,
    action_form,
    by_method,
    changed,
    page_or_part,
    signed_in,
)


@signed_in
def show(request: WebRequest, *, refused: Refused | None = None) -> HttpResponse:
    """Those to and from the member; for admins all that they can see."""
    before = request.GET.get("before", "")
    wanted = {"before": before} if before else {}
    letters = selectors.list_dead_letters.call(request.user, wanted)
    context = {
        "letters": letters,
        "topics": f"member-{request.user.pk}",
        "refused": refused,
    }
    return page_or_part(request, "messaging/dead_letters.html", context)


def _again(request: WebRequest, answer: DeadLetter) -> HttpResponse:
    return changed(request, "/dead-letters/", f"member-{request.user.pk}")


redeliver = by_method(post=action_form(services.redeliver, done=_again, again=show))
