"""What of this app a reader of events begins with."""

from audit.snapshots import snapshot_part
from messaging.selectors import count_inbox, list_channels

snapshot_part("waiting", count_inbox)
snapshot_part("channels", list_channels)
