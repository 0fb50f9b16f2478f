"""What of this app a reader of events begins with."""

from approvals.selectors import list_approvals
from audit.snapshots import snapshot_part

snapshot_part("approvals", list_approvals)
