"""What of this app a reader of events begins with."""

from audit.snapshots import snapshot_part
from tasks.selectors import list_blueprints, list_goals, list_leases, list_promises, show_work

snapshot_part("work", show_work)
snapshot_part("leases", list_leases)
snapshot_part("promises", list_promises)
snapshot_part("blueprints", list_blueprints)
snapshot_part("goals", list_goals)
