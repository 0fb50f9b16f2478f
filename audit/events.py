"""The event kinds of the ledger itself."""

from audit.kinds import kind

CHECKPOINT = kind("ledger.checkpoint", "The ledger was signed at event {seq}")
