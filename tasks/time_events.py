"""The event kinds of calendars, recurring work and promises. Those of blueprints and promises carry
how the row stands after them."""

from audit.kinds import kind

CALENDAR_SET = kind("calendar.set", "{actor} set the working calendar of {whose}")

BLUEPRINT_CREATED = kind("blueprint.created", "{actor} made blueprint {blueprint}: {when}")
BLUEPRINT_CHANGED = kind("blueprint.changed", "{actor} changed blueprint {blueprint}: {what}")
BLUEPRINT_RAN = kind("blueprint.ran", "Blueprint {blueprint} made {name}, by {trigger}")
BLUEPRINT_MISSED = kind("blueprint.missed", "Blueprint {blueprint} made nothing: {reason}")
BLUEPRINT_ENDED = kind("blueprint.ended", "{actor} ended blueprint {blueprint}")
BLUEPRINT_PAUSED = kind("blueprint.paused", "Blueprint {blueprint} paused itself: {reason}")
BLUEPRINT_HOOKED = kind(
    "blueprint.hook_made", "{actor} made a webhook address for blueprint {blueprint}"
)
BLUEPRINT_UNHOOKED = kind(
    "blueprint.hook_removed", "{actor} removed the webhook address of blueprint {blueprint}"
)
BLUEPRINT_PASSED = kind(
    "blueprint.handed_over", "{actor} handed blueprint {blueprint} from @{former} over to @{to}"
)

PROMISED = kind("promise.made", "{actor} promised to {whom}, by {due}")
PROMISE_REMINDED = kind(
    "promise.reminded", "Promise {promise} of @{owed_by} is {what}: @{to} was reminded"
)
PROMISE_KEPT = kind("promise.kept", "{actor} kept promise {promise}")
PROMISE_BROKEN = kind("promise.broken", "{actor} said that promise {promise} was not kept")
PROMISE_RELEASED = kind("promise.released", "{actor} released promise {promise}")
PROMISE_PASSED = kind(
    "promise.handed_over", "{actor} handed promise {promise} from @{former} over to @{to}"
)
