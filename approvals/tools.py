"""What agents get of approvals: what they asked for, and how it stands; deciding on demand."""

from approvals import selectors, services
from audit.topics import inbox_topic
from teammcp.core.tools import FULL, Tool
from teammcp.core.waiting import Waiter

WAIT_FOR_DECISION = Waiter(
    topic=lambda member: inbox_topic(member.pk), empty=lambda progress: progress.open
)

TOOLS = [
    Tool(selectors.list_approvals),
    Tool(selectors.wait_for_approval, wait=WAIT_FOR_DECISION),
    Tool(selectors.check_action, profiles=FULL),
    Tool(selectors.who_may, profiles=FULL),
    Tool(services.show_request, profiles=FULL),
    Tool(services.decide, profiles=FULL),
    Tool(services.comment_request, profiles=FULL),
    Tool(services.withdraw_request, profiles=FULL, destructive=True, idempotent=True),
    Tool(services.revise_request, profiles=FULL),
    Tool(services.break_glass, profiles=FULL, destructive=True),
    Tool(services.review_break_glass, profiles=FULL),
    Tool(selectors.list_broken_glass, profiles=FULL),
    Tool(selectors.list_policies, profiles=FULL),
    Tool(selectors.show_policy, profiles=FULL),
    Tool(services.create_policy, profiles=FULL),
    Tool(services.update_policy, profiles=FULL, idempotent=True),
    Tool(selectors.list_stand_ins, profiles=FULL),
    Tool(services.set_stand_in, profiles=FULL),
    Tool(services.end_stand_in, profiles=FULL, idempotent=True),
    Tool(selectors.list_standing, profiles=FULL),
    Tool(selectors.show_standing, profiles=FULL),
    Tool(services.grant_standing, profiles=FULL),
    Tool(services.end_standing, profiles=FULL, idempotent=True),
]
