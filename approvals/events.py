"""The event kinds of approvals.

Requests are read by those whom they concern: the requester, and whoever may decide or has been
asked. So their events carry `member-` topics, and `approvals` and `approval-12` as labels. With
questions to people it is the same; their label is `ask-7`.
"""

from audit.kinds import kind
from audit.topics import label

label("approval")
label("ask")

POLICY_CREATED = kind(
    "policy.created", "{actor} made the policy “{policy}” over {pattern}", changes_access=True
)
POLICY_CHANGED = kind(
    "policy.changed", "{actor} changed the policy “{policy}”", changes_access=True
)
POLICY_STUCK = kind(
    "policy.stuck", "The policy “{policy}” can no longer be fulfilled: stage {number} lacks people"
)
HELD = kind("approval.held", "{name} of {actor} waits: {action}, by the policy “{policy}”")
STAGE_OPENED = kind("approval.stage_opened", "{name} waits for stage {number} of {count}")
SHOWN = kind("approval.shown", "{actor} was shown {name}")
COMMENTED = kind("approval.commented", "{actor} commented on {name}")
DECIDED = kind("approval.decided", "{actor} decided on {name}: {verdict}{standing_in}")
REVISED = kind("approval.revised", "{actor} changed what {name} asks for, and asks again")
APPROVED = kind("approval.approved", "{name} is approved: {action} runs as @{requester}")
DECLINED = kind("approval.declined", "{name} was declined: {reason}")
CHANGES_REQUESTED = kind("approval.changes_requested", "{actor} asked for changes to {name}")
WITHDRAWN = kind("approval.withdrawn", "{actor} withdrew {name}")
REMINDED = kind("approval.reminded", "@{handle} was reminded that {name} waits")
ESCALATED = kind("approval.escalated", "{name} waits for those above as well: {to}")
REQUEST_STUCK = kind(
    "approval.stuck", "{name} can no longer be approved: stage {number} lacks people"
)
EXPIRED = kind("approval.expired", "{name} expired undecided, so nothing was done")
NEVER_SEEN = kind("approval.never_seen", "{name} ended unseen: nobody was ever shown it")
SUPERSEDED = kind("approval.superseded", "{name} was overtaken: {reason}")
EXECUTED = kind("approval.executed", "{name} ran: {action} as @{requester}")
FAILED = kind("approval.failed", "{name} was approved but could not run: {reason}")
GLASS_BROKEN = kind("approval.glass_broken", "{actor} lets {name} run at once: {reason}")
GLASS_REVIEWED = kind("approval.glass_reviewed", "{actor} closed the review of {name}: {verdict}")
STAND_IN_SET = kind("stand_in.set", "@{member} decides for @{absent} until {until}")
STAND_IN_ENDED = kind("stand_in.ended", "@{member} decides for @{absent} no longer")
STANDING_GRANTED = kind(
    "standing.granted", "{actor} approved {pattern} of @{requester} beforehand, {count} times"
)
STANDING_USED = kind("standing.used", "@{requester} used standing approval {standing}: {action}")
STANDING_ENDED = kind("standing.ended", "{actor} ended standing approval {standing}")
PERMITTED = kind("permission.granted", "{actor} may use {tool} once")
PERMIT_USED = kind("permission.used", "{actor} was let use {tool}{by}")
PERMIT_REFUSED = kind("permission.refused", "{actor} was not let use {tool}: {reason}")
ASK_OPENED = kind("ask.opened", "{actor} asks {asked} by {until}: {name}")
ASK_SHOWN = kind("ask.shown", "{actor} was shown {name}")
ASK_REMINDED = kind("ask.reminded", "@{handle} was reminded that {name} waits")
ASK_ANSWERED = kind("ask.answered", "{actor} answered {name}{standing_in}: {answer}")
ASK_DEFAULTED = kind("ask.defaulted", "Nobody answered {name} in time; by default it is: {answer}")
ASK_UNANSWERED = kind("ask.unanswered", "{name} ended without an answer: {reason}")
ASK_WITHDRAWN = kind("ask.withdrawn", "{actor} withdrew {name}")
MAIL_GIVEN_UP = kind("mail.given_up", "No mail about {name} reached @{handle}: {reason}")
