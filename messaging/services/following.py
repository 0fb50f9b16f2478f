"""Following threads: whose replies come into one's inbox."""

from __future__ import annotations

from django.utils import timezone

from audit.ledger import record
from messaging import events, hot
from messaging.access import Place, access_message, place_name, place_of
from messaging.models import Follow
from messaging.responses import Following
from messaging.selectors.messages import RowId
from messaging.selectors.threads import follows
from orgchart.models import Member
from teammcp.core.actions import action
from teammcp.core.errors import Conflict


@action(scope="inbox:read")
def follow_thread(*, actor: Member, thread: RowId) -> Following:
    """Hear the replies of a thread in your inbox. `thread` is the id of any message in it.

    Who writes in a thread, or is named in it, follows it anyway.
    """
    place, root = _thread(actor, thread)
    if place.membership is None:
        raise Conflict(f"You are not in {place.label}.", next=f"Call join_channel {place.label}.")
    if not follows(actor, root):
        hot.follow(root, [actor.pk], returning=actor.pk)
        _record(actor, place, root, events.THREAD_FOLLOWED)
    return Following(thread=root, following=True)


@action(scope="inbox:read")
def unfollow_thread(*, actor: Member, thread: RowId) -> Following:
    """Hear no more of a thread, unless it names you. Writing in it again follows it again."""
    place, root = _thread(actor, thread)
    rows = Follow.objects.filter(thread=root, member=actor, left_at=None)
    if rows.update(left_at=timezone.now()):
        _record(actor, place, root, events.THREAD_UNFOLLOWED)
    return Following(thread=root, following=False)


def _thread(actor: Member, message_id: int) -> tuple[Place, int]:
    message = access_message(actor=actor, message_id=message_id)
    return place_of(actor, message), message.thread_id or message.pk


def _record(actor: Member, place: Place, root: int, event: str) -> None:
    record(
        event,
        actor=actor,
        target=f"message:{root}",
        topics=[f"member-{actor.pk}"],
        data={"thread": root, "where": place_name(place.channel)},
    )
