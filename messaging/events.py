"""The event kinds of messaging."""

from audit.kinds import kind

CHANNEL_CREATED = kind("channel.created", "{actor} opened {name} ({kind})", changes_access=True)
CHANNEL_UPDATED = kind("channel.updated", "{actor} changed {name}", changes_access=True)
CHANNEL_MOVED = kind(
    "channel.moved", "{actor} moved {name} to another side of a wall", changes_access=True
)
MEMBER_JOINED = kind("channel.joined", "@{handle} joined {name}", changes_access=True)
MEMBER_LEFT = kind("channel.left", "@{handle} left {name}", changes_access=True)
NOTIFY_SET = kind("channel.notify_set", "{actor} wants to hear {notify} of {name}")
MESSAGE_SENT = kind("message.sent", "{actor} wrote in {where}")
MESSAGE_EDITED = kind("message.edited", "{actor} edited a message in {where}")
MESSAGE_DELETED = kind("message.deleted", "{actor} deleted a message of @{author} in {where}")
MESSAGE_ERASED = kind("message.erased", "{actor} erased a message of @{author} in {where}")
REACTED = kind("message.reacted", "{actor} reacted with {emoji} in {where}")
UNREACTED = kind("message.unreacted", "{actor} took {emoji} back in {where}")
PINNED = kind("message.pinned", "{actor} pinned a message in {where}")
UNPINNED = kind("message.unpinned", "{actor} unpinned a message in {where}")
SAVED = kind("message.saved", "{actor} saved a message for later")
UNSAVED = kind("message.unsaved", "{actor} no longer keeps a saved message")
REMINDED = kind("message.reminded", "@{handle} was reminded of a saved message")
THREAD_FOLLOWED = kind("thread.followed", "{actor} follows a thread in {where}")
THREAD_UNFOLLOWED = kind("thread.unfollowed", "{actor} follows a thread in {where} no longer")
OFFERED = kind("inbox.offered", "{actor} was offered {count} from the inbox via {route}")
ACKNOWLEDGED = kind("inbox.acknowledged", "{actor} acknowledged {count} from the inbox")
DEAD_LETTER = kind(
    "inbox.dead_letter", "{target} to @{handle} was never acknowledged and waits as a dead letter"
)
REDELIVERED = kind("inbox.redelivered", "{actor} sent {target} to @{handle} once more")
WAKE_TRIED = kind("wake.tried", "@{handle} was woken by {route} for {count} in the inbox")
ROUTE_FAILING = kind("wake.failing", "Waking @{handle} by {route} keeps failing")
ROUTE_SET = kind("wake.route_set", "{actor} changed how @{handle} is woken: {route} {change}")
PARKED = kind("conversation.parked", "{where} was parked after {turns} turns among agents")
RELEASED = kind("conversation.released", "{actor} released {where}")
ANSWERED = kind("question.answered", "{actor} answered question {question} in {where}")
CLIMBED = kind("question.climbed", "Question {question} is unanswered; @{handle} was told")
HANDED_OVER = kind(
    "question.handed_over", "Question {question} passed from @{handle}, who retired, to {to}"
)
PARKED_TO = kind(
    "conversation.parked_to", "{count} parked conversations of @{before} wait for @{handle} now"
)
READ = kind("channel.read", "{actor} read {name} up to {read_seq}")
SCHEDULE_CREATED = kind("schedule.created", "{actor} made schedule {schedule} to {to}: {when}")
SCHEDULE_CHANGED = kind("schedule.changed", "{actor} changed schedule {schedule}: {what}")
SCHEDULE_CANCELLED = kind("schedule.cancelled", "{actor} cancelled schedule {schedule}")
SCHEDULE_RAN = kind("schedule.ran", "{actor} sent message {message} on schedule {schedule}")
SCHEDULE_MISSED = kind("schedule.missed", "Schedule {schedule} of @{author} sent nothing: {reason}")
SCHEDULE_ENDED = kind("schedule.ended", "Schedule {schedule} of @{author} is {state}: {reason}")
MESSAGE_EXPIRED = kind("message.expired", "Message {message} was dropped unread by {dropped}")
FILE_UPLOADED = kind("file.uploaded", "{actor} uploaded a file of {size} bytes")
FILES_ATTACHED = kind("file.attached", "{actor} posted {count} files in {where}")
FILE_MOVED = kind("file.moved", "{actor} moved or renamed a file in {where}")
FILE_DELETED = kind("file.deleted", "{actor} deleted a file")
FOLDER_CREATED = kind("folder.created", "{actor} made a folder in {where}")
FOLDER_MOVED = kind("folder.moved", "{actor} moved or renamed a folder in {where}")
FOLDER_DELETED = kind("folder.deleted", "{actor} deleted an empty folder in {where}")
BRIDGE_OPENED = kind(
    "bridge.opened",
    "{actor} opened {name} to another project until {until}: {reason}",
    changes_access=True,
)
BRIDGE_ENDED = kind(
    "bridge.ended", "The bridge to another project into {name} ended ({how})", changes_access=True
)
