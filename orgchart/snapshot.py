"""What of this app a reader of events begins with."""

from audit.snapshots import snapshot_part
from orgchart.directory import find_people
from orgchart.selectors import show_member

snapshot_part("you", show_member)
snapshot_part("people", find_people)
