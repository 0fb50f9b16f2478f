"""The event kinds of messaging."""

from audit.kinds import kind

CHANNEL_CREATED = kind("channel.created", "{actor} opened {name} ({kind})", changes_access=True)
CHANNEL_UPDATED = kind("channel.updated", "{actor} changed {name}", changes_access=True)
MEMBER_JOINED = kind("channel.joined", "@{handle} joined {name}", changes_access=True)
MEMBER_LEFT = kind("channel.left", "@{handle} left {name}", changes_access=True)
NOTIFY_SET = kind("channel.notify_set", "{actor} wants to hear {notify} of {name}")
MESSAGE_SENT = kind("message.sent", "{actor} wrote in {where}")
OFFERED = kind("inbox.offered", "{actor} was offered {count} from the inbox via {route}")
ACKNOWLEDGED = kind("inbox.acknowledged", "{actor} acknowledged {count} from the inbox")
READ = kind("channel.read", "{actor} read {name} up to {read_seq}")
