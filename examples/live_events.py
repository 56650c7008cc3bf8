"""Follows what happens in a rack, as it happens, until nothing is left to be done.

python examples/live_events.py                         # a simulated rack; one drive is pulled in mid-test
python examples/live_events.py https://bench-7:8443    # a service; the token in ORCHESTRATOR_TOKEN; until Ctrl-C
"""

import os
import sys
from collections.abc import Iterable
from contextlib import suppress

from orchestrator import AsyncJobStatus, Event, EventKind, Rack


def tell(events: Iterable[Event], until_idle: bool) -> None:
    """A line for each change. A slow reader is told by a GAP that it missed some: then read the tables again."""
    open_jobs = set[int]()
    for event in events:
        if event.kind is EventKind.GAP:
            print("... some were missed")
        elif event.job is not None:
            job = event.job
            what = f"{job.progress:3d} %" if job.status is AsyncJobStatus.RUNNING else job.status.name
            verdict = f", {job.verdict.status}" if job.verdict else f", {job.error.text}" if job.error else ""
            print(f"job {job.id} in slot {job.slot_id}: {job.name} {what}{verdict}")
            (open_jobs.discard if job.has_ended else open_jobs.add)(job.id)
        elif event.slot is not None:
            print(f"slot {event.slot.id}: {event.slot.state}")
        if until_idle and not open_jobs and event.job is not None:
            return


def pull_one() -> None:
    with Rack.simulated(slots=3, speed=2000) as rack:
        events = rack.events(after=0)
        for slot_id in (1, 2, 3):
            rack.run_smart_test(client_ref=1, slot_id=slot_id)
        rack.simulation.pull(2)
        tell(events, until_idle=True)


def main(arguments: list[str]) -> None:
    if not arguments:
        return pull_one()
    with Rack.connect(arguments[0], token=os.environ.get("ORCHESTRATOR_TOKEN")) as rack, suppress(KeyboardInterrupt):
        print(f"{len(rack.slots())} slots; Ctrl-C ends it", flush=True)
        return tell(rack.events(), until_idle=False)


if __name__ == "__main__":
    main(sys.argv[1:])
