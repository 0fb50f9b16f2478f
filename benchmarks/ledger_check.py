"""Proves from the ledger alone that nothing ran without the consent that it took.

    python -m benchmarks.ledger_check DATA_DIR [--effect member.registered] [--effect KIND:TOPIC]

It imports nothing of the product and reads one table, `audit_event`, of a SQLite file: whoever
does not trust the server can read the rules here. The hash chain holds. Each act that ran had one
request; the stages were those of the policies; each stage reached its quorum, in its order, after
the last revision and before the run, by different members of whom none asked for it, stood behind
who did, or vetoed it. It ran once, and not after an end. Standing approvals were used within their
count and time. Where somebody broke the glass there is a reason, and a review by somebody else.
`--effect` names a kind of event that agents cause only with consent: each must bear the name of a
request that ran, or be in one call with a use of a standing approval. Ends with 1 for any fault.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from benchmarks.ledger.reading import Ledger, broken_chain
from benchmarks.ledger.requests import ENDS, faulty_request
from benchmarks.ledger.standing import faulty_standing, unasked


def faults_in(ledger: Ledger, effects: Iterable[str] = ()) -> list[str]:
    """Everything that speaks against it, in words; nothing for a sound ledger."""
    faults = list(broken_chain(ledger.events))
    for number, events in ledger.requests.items():
        faults += faulty_request(ledger, number, events)
    for number, events in ledger.standing.items():
        faults += faulty_standing(ledger, number, events)
    for effect in effects:
        faults += unasked(ledger, effect)
    return faults


def summary(ledger: Ledger) -> dict[str, int]:
    """How many there were of what."""
    kinds = Counter(event.kind for event in ledger.events)
    ends = {kind[9:]: kinds[kind] for kind in sorted(ENDS)}
    return {
        "events": len(ledger.events), "requests": len(ledger.requests), **ends,
        "decisions": kinds["approval.decided"], "standing_uses": kinds["standing.used"],
        "glass_broken": kinds["approval.glass_broken"],
    }  # fmt: skip


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("ledger", type=Path, help="a data directory, or a database file")
    parser.add_argument("--effect", action="append", default=[], metavar="KIND[:TOPIC]")
    asked = parser.parse_args()
    ledger = Ledger.read(asked.ledger)
    for name, count in summary(ledger).items():
        print(f"{name.replace('_', ' '):16} {count}")
    faults = faults_in(ledger, asked.effect)
    print("\n".join(faults) or "sound: nothing ran without the consent that it took")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
